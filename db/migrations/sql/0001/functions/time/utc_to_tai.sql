CREATE OR REPLACE FUNCTION butler.utc_to_tai(p_utc timestamptz)
RETURNS timestamp
LANGUAGE sql
STABLE
STRICT
PARALLEL SAFE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT (p_utc AT TIME ZONE 'UTC') + make_interval(secs => l.tai_minus_utc)
    FROM butler_common.leap_second AS l
    WHERE l.since_utc <= (p_utc AT TIME ZONE 'UTC')
    ORDER BY l.since_utc DESC
    LIMIT 1;
END;

COMMENT ON FUNCTION butler.utc_to_tai(timestamptz) IS 'TAI of a time in UTC.';

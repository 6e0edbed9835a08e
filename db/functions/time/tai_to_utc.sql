CREATE OR REPLACE FUNCTION butler.tai_to_utc(p_tai timestamp)
RETURNS timestamptz
LANGUAGE sql
STABLE
STRICT
PARALLEL SAFE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT (p_tai - make_interval(secs => l.tai_minus_utc)) AT TIME ZONE 'UTC'
    FROM butler_common.leap_second AS l
    WHERE l.since_tai <= p_tai
    ORDER BY l.since_tai DESC
    LIMIT 1;
END;

COMMENT ON FUNCTION butler.tai_to_utc(timestamp) IS 'UTC of a time in TAI.';

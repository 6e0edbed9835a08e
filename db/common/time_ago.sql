CREATE OR REPLACE FUNCTION butler_common.time_ago(
    p_age interval, p_now timestamptz DEFAULT clock_timestamp()
)
RETURNS timestamptz
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN p_now - p_age;
EXCEPTION WHEN data_exception THEN
    PERFORM butler_common.raise_error(
        'UB301', format('no time lies %s back', p_age), 'Give a time such as ''365 days''.'
    );
END;
$$;

COMMENT ON FUNCTION butler_common.time_ago(interval, timestamptz) IS
'The time that lies so far back, by the server''s clock unless another is given. Raises UB301 where time doesn''t reach so far.';

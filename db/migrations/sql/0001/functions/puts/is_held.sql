CREATE OR REPLACE FUNCTION butler_internal.is_held(p_run_id integer, p_now timestamptz)
RETURNS boolean
LANGUAGE sql
STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT count(*) > 0 FROM butler_internal.run_hold AS h WHERE h.run_id = p_run_id AND h.until > p_now;
END;

COMMENT ON FUNCTION butler_internal.is_held(integer, timestamptz) IS 'Whether somebody holds a run at this time.';

-- Before the files of the first put: what would refuse the run is told before a byte is written.
CREATE OR REPLACE FUNCTION butler.open_run(p_run text)
RETURNS boolean
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (SELECT r.environment IS NOT NULL FROM butler_internal.run_to_put_into(p_run) AS r);
END;
$$;

COMMENT ON FUNCTION butler.open_run(text) IS
'Make sure that a run can be put into: it is made, if there is no collection of that name. Returns whether its
environment is described. Raises UB103, UB202 or UB401.';

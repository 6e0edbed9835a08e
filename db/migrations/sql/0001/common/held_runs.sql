CREATE OR REPLACE FUNCTION butler_common.held_runs(p_now timestamptz)
RETURNS TABLE (registry text, run text, held_by text, until timestamptz)
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_registry text;
BEGIN
    FOR v_registry IN SELECT r.registry FROM butler_common.registry AS r ORDER BY r.depth, r.registry LOOP
        RETURN QUERY EXECUTE format(
            'SELECT $2, r.run, h.held_by, h.until'
            ' FROM %1$I.run_hold AS h INNER JOIN %1$I.run AS r ON r.run_id = h.run_id'
            ' WHERE h.until > $1 ORDER BY r.run, h.held_by',
            v_registry || '_internal'
        ) USING p_now, v_registry;
    END LOOP;
END;
$$;

COMMENT ON FUNCTION butler_common.held_runs(timestamptz) IS
'The runs that are held at this time, in any registry of the database: by whom, and until when.';

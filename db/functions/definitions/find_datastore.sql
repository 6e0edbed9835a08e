CREATE OR REPLACE FUNCTION butler_internal.find_datastore(p_datastore text)
RETURNS integer
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_datastore constant integer := (
        SELECT s.datastore_id FROM butler_internal.all_datastore AS s WHERE s.datastore = p_datastore
    );
BEGIN
    IF v_datastore IS NULL THEN
        PERFORM butler_common.raise_error(
            'UB301', format('no datastore %L', p_datastore),
            'Look at the view datastore; register it by the command datastore add, or by register_datastore.',
            jsonb_build_object('datastore', p_datastore)
        );
    END IF;
    RETURN v_datastore;
END;
$$;

COMMENT ON FUNCTION butler_internal.find_datastore(text) IS
'Look a datastore up by its name. Raises UB301 if there is none.';

-- The root is a row, and every uri is made of it when it is read: moving a datastore is one UPDATE,
-- whichever registry of the database has registered it.
CREATE OR REPLACE FUNCTION butler_common.relocate_datastore(p_datastore text, p_root text)
RETURNS text
LANGUAGE plpgsql
AS $$
DECLARE
    v_registry record;
    v_id bigint;
    v_root text;
    v_owner text;
BEGIN
    PERFORM butler_common.require_read_committed('datastores can be moved');
    -- Until the end, so that whoever changes a repository's configuration with it is alone.
    PERFORM butler_common.refuse_shared_root(p_datastore, p_root);
    FOR v_registry IN
        SELECT format('%I', r.registry || '_internal') AS tables
        FROM butler_common.registry AS r ORDER BY r.depth, r.registry
    LOOP
        EXECUTE format(
            'SELECT s.datastore_id, s.root FROM %s.datastore AS s WHERE s.datastore = $1 FOR UPDATE',
            v_registry.tables
        ) INTO v_id, v_root USING p_datastore;
        IF v_id IS NOT NULL THEN
            v_owner := v_registry.tables;
            EXIT;
        END IF;
    END LOOP;
    IF v_owner IS NULL THEN
        PERFORM butler_common.raise_error(
            'UB301', format('no datastore %L', p_datastore), 'Look at the view datastore.',
            jsonb_build_object('datastore', p_datastore)
        );
    END IF;
    EXECUTE format('UPDATE %s.datastore SET root = $1 WHERE datastore_id = $2', v_owner) USING p_root, v_id;
    EXECUTE format('SELECT %s.record(''relocate_datastore'', 1, p_subject => $1)', v_owner)
    USING jsonb_build_object('datastore', p_datastore, 'root', p_root, 'root_before', v_root);
    RETURN v_root;
END;
$$;

COMMENT ON FUNCTION butler_common.relocate_datastore(text, text) IS
'Say where a datastore''s root is now; returns where it was. A put whose files were written under the old root is refused
from now on. Raises UB301.';

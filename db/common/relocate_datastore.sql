-- The root is a row, and every uri is made of it when it is read: moving a datastore is one UPDATE,
-- whichever registry of the database has registered it.
CREATE OR REPLACE FUNCTION butler_common.relocate_datastore(
    p_datastore text,
    p_root text,
    p_in_flight boolean DEFAULT false
)
RETURNS text
LANGUAGE plpgsql
AS $$
DECLARE
    v_registry record;
    v_id bigint;
    v_root text;
    v_owner text;
    v_puts bigint := 0;
    v_more bigint;
BEGIN
    PERFORM butler_common.require_read_committed('datastores can be moved');
    -- Until the end, so that whoever changes a repository's configuration with it is alone.
    PERFORM butler_common.refuse_shared_root(p_datastore, p_root);
    FOR v_registry IN
        SELECT format('%I', r.registry || '_internal') AS tables
        FROM butler_common.registry AS r ORDER BY r.depth, r.registry
    LOOP
        -- A put that begins meanwhile waits; the next attempt counts it.
        EXECUTE format('LOCK TABLE %s.put_intent IN SHARE MODE', v_registry.tables);
        IF v_owner IS NULL THEN
            EXECUTE format(
                'SELECT s.datastore_id, s.root FROM %s.datastore AS s WHERE s.datastore = $1 FOR UPDATE',
                v_registry.tables
            ) INTO v_id, v_root USING p_datastore;
            IF v_id IS NOT NULL THEN
                v_owner := v_registry.tables;
            END IF;
        END IF;
        EXECUTE format(
            'SELECT count(*) FROM %s.put_intent AS i WHERE i.datastore_id = $1 AND i.given_up IS NULL',
            v_registry.tables
        ) INTO v_more USING v_id;
        v_puts := v_puts + v_more;
    END LOOP;
    IF v_owner IS NULL THEN
        PERFORM butler_common.raise_error(
            'UB301', format('no datastore %L', p_datastore), 'Look at the view datastore.',
            jsonb_build_object('datastore', p_datastore)
        );
    END IF;
    IF v_puts > 0 AND NOT p_in_flight THEN
        PERFORM butler_common.raise_error(
            'UB202', format('%s puts into datastore %s have begun and not ended', v_puts, p_datastore),
            'End the writers; ''butler verify'' names the puts.',
            jsonb_build_object('datastore', p_datastore, 'puts', v_puts)
        );
    END IF;
    EXECUTE format('UPDATE %s.datastore SET root = $1 WHERE datastore_id = $2', v_owner) USING p_root, v_id;
    EXECUTE format('SELECT %s.record(''relocate_datastore'', 1, p_subject => $1)', v_owner)
    USING jsonb_build_object('datastore', p_datastore, 'root', p_root, 'root_before', v_root);
    RETURN v_root;
END;
$$;

COMMENT ON FUNCTION butler_common.relocate_datastore(text, text, boolean) IS
'Say where a datastore''s root is now; returns where it was. A put in flight may still write to the old place:
it is an obstacle, unless the last argument is true. Raises UB202, UB301.';

CREATE OR REPLACE FUNCTION butler.register_datastore(p_datastore text, p_root text)
RETURNS boolean
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_root text;
BEGIN
    PERFORM butler_common.require_read_committed('datastores can be registered');
    PERFORM set_config('synchronous_commit', 'on', true);
    PERFORM butler_common.require_name('datastore', p_datastore);
    IF p_root IS NULL OR butler_common.breaks_rule('butler_internal.datastore'::regclass, 'root', p_root) THEN
        PERFORM butler_common.raise_error(
            'UB305', format('%L can''t be the root of datastore %s', left(p_root, 1000), p_datastore),
            'Give a URI that ends in a slash, such as file:///data/.', jsonb_build_object('datastore', p_datastore)
        );
    END IF;
    SELECT s.root INTO v_root FROM butler_internal.all_datastore AS s WHERE s.datastore = p_datastore;
    IF NOT FOUND THEN
        PERFORM butler_common.refuse_shared_root(p_datastore, p_root);
        INSERT INTO butler_internal.datastore (datastore, root) VALUES (p_datastore, p_root)
        ON CONFLICT ON CONSTRAINT uq_datastore_datastore DO NOTHING;
        IF FOUND THEN
            PERFORM butler_internal.record(
                'register_datastore', 1, p_subject => jsonb_build_object('datastore', p_datastore, 'root', left(p_root, 1000))
            );
            RETURN true;
        END IF;
        SELECT s.root INTO v_root FROM butler_internal.datastore AS s WHERE s.datastore = p_datastore;
    END IF;
    IF v_root <> p_root THEN
        PERFORM butler_common.raise_error(
            'UB202', format('datastore %s is registered at %s, not %s', p_datastore, v_root, p_root),
            'Open it where it is, or move it by the owner''s command.',
            jsonb_build_object('datastore', p_datastore, 'root', v_root)
        );
    END IF;
    RETURN false;
END;
$$;

COMMENT ON FUNCTION butler.register_datastore(text, text) IS
'Register a datastore by name and root URI. Raises UB202 if it is registered elsewhere, or shares files with
another, UB305 for a bad name or root.';

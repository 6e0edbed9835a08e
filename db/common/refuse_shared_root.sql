-- What two datastores have, each would take for the other's orphans. Only spellings are compared here: whoever opens
-- folders compares where they really are.
CREATE OR REPLACE FUNCTION butler_common.refuse_shared_root(p_datastore text, p_root text)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_registry text;
    v_other record;
BEGIN
    PERFORM pg_advisory_xact_lock(butler_common.lock_class('datastores'), 0);
    FOR v_registry IN SELECT r.registry FROM butler_common.registry AS r LOOP
        EXECUTE format(
            'SELECT s.datastore, s.root FROM %I.datastore AS s'
            ' WHERE s.datastore <> $1 AND (starts_with(s.root, $2) OR starts_with($2, s.root)) LIMIT 1',
            v_registry || '_internal'
        ) INTO v_other USING p_datastore, p_root;
        IF v_other.datastore IS NOT NULL THEN
            PERFORM butler_common.raise_error(
                'UB202', format('datastore %s shares files with datastore %s: %s and %s',
                    p_datastore, v_other.datastore, p_root, v_other.root),
                'Give each a root of its own.',
                jsonb_build_object('datastore', p_datastore, 'root', p_root, 'other', v_other.datastore)
            );
        END IF;
    END LOOP;
END;
$$;

COMMENT ON FUNCTION butler_common.refuse_shared_root(text, text) IS
'Raise UB202 if another datastore, of whichever registry, has this root, or the one lies inside the other.';

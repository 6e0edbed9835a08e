CREATE OR REPLACE FUNCTION butler.set_verified(p_datastore text, p_dataset_id uuid, p_component text)
RETURNS void
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_datastore bigint;
BEGIN
    PERFORM butler_common.require_read_committed('a verification can be recorded');
    PERFORM set_config('synchronous_commit', 'on', true);
    v_datastore := butler_internal.find_datastore(p_datastore);
    INSERT INTO butler_internal.verify_position AS v (datastore_id, dataset_id, component, moved, completed)
    VALUES (
        v_datastore, p_dataset_id, coalesce(p_component, ''), clock_timestamp(),
        CASE WHEN p_dataset_id IS NULL THEN clock_timestamp() END
    )
    ON CONFLICT (datastore_id) DO UPDATE
    SET
        dataset_id = excluded.dataset_id, component = excluded.component, moved = excluded.moved,
        completed = coalesce(excluded.completed, v.completed);
END;
$$;

COMMENT ON FUNCTION butler.set_verified(text, uuid, text) IS
'Record how far verify has come in a datastore; a null dataset means that it came to the end and begins anew.';

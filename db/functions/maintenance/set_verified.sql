-- A bookmark, set each few hundred files: on record are the end of a pass, and that another role goes on with it.
CREATE OR REPLACE FUNCTION butler.set_verified(p_datastore text, p_dataset_id uuid, p_component text)
RETURNS void
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_datastore bigint;
    v_before text;
BEGIN
    PERFORM butler_common.require_read_committed('a verification can be recorded');
    PERFORM set_config('synchronous_commit', 'on', true);
    v_datastore := butler_internal.find_datastore(p_datastore);
    SELECT v.moved_by INTO v_before FROM butler_internal.verify_position AS v WHERE v.datastore_id = v_datastore FOR UPDATE;
    INSERT INTO butler_internal.verify_position AS v (
        datastore_id, dataset_id, component, moved, moved_by, completed
    )
    VALUES (
        v_datastore, p_dataset_id, coalesce(p_component, ''), clock_timestamp(), butler_common.actor(),
        CASE WHEN p_dataset_id IS NULL THEN clock_timestamp() END
    )
    ON CONFLICT (datastore_id) DO UPDATE
    SET
        dataset_id = excluded.dataset_id, component = excluded.component, moved = excluded.moved,
        moved_by = excluded.moved_by, completed = coalesce(excluded.completed, v.completed);
    PERFORM butler_internal.record(
        'set_verified', (p_dataset_id IS NULL OR v_before IS DISTINCT FROM butler_common.actor())::integer,
        p_subject => jsonb_build_object(
            'datastore', p_datastore, 'dataset_id', p_dataset_id, 'component', coalesce(p_component, '')
        )
    );
END;
$$;

COMMENT ON FUNCTION butler.set_verified(text, uuid, text) IS
'Record how far verify has come in a datastore; a null dataset means that it came to the end and begins anew.';

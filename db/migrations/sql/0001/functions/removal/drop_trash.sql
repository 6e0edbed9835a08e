-- Waits for a session that holds one of these datasets, as it may be about to delete the bytes.
CREATE OR REPLACE FUNCTION butler.drop_trash(p_datastore text, p_dataset_ids uuid[])
RETURNS integer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_count integer;
BEGIN
    PERFORM butler_common.require_read_committed('the trash can be emptied');
    PERFORM set_config('synchronous_commit', 'on', true);
    PERFORM FROM butler_internal.dataset AS d
    WHERE d.dataset_id = ANY (p_dataset_ids)
    ORDER BY d.dataset_id
    FOR NO KEY UPDATE;
    DELETE FROM butler_internal.artifact AS a
    USING butler_internal.all_datastore AS s
    WHERE
        s.datastore = p_datastore AND a.datastore_id = s.datastore_id
        AND a.dataset_id = ANY (p_dataset_ids) AND a.state = 'deleting';
    GET DIAGNOSTICS v_count = ROW_COUNT;
    PERFORM butler_internal.record(
        'drop_trash', v_count, butler_internal.runs_of(p_dataset_ids), jsonb_build_object('datastore', p_datastore)
    );
    RETURN v_count;
END;
$$;

COMMENT ON FUNCTION butler.drop_trash(text, uuid[]) IS
'Record that the bytes of the datasets that hold_trash holds are deleted; returns how many artifacts.';

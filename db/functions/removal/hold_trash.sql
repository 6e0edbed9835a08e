-- The caller deletes the bytes of claimed datasets in the transaction that holds them: no other session can
-- record meanwhile that they are deleted, and so no dataset is registered for a file that a slow process is
-- still about to delete. They are looked up again after the locks: another session may have dropped them.
CREATE OR REPLACE FUNCTION butler.hold_trash(p_datastore text, p_dataset_ids uuid[])
RETURNS TABLE (dataset_id uuid)
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_locked uuid[];
BEGIN
    PERFORM butler_common.require_read_committed('the trash can be emptied');
    PERFORM set_config('synchronous_commit', 'on', true);
    WITH locked AS (
        SELECT d.dataset_id
        FROM butler_internal.dataset AS d
        WHERE d.dataset_id = ANY (p_dataset_ids)
        ORDER BY d.dataset_id
        FOR NO KEY UPDATE SKIP LOCKED
    )
    SELECT array_agg(l.dataset_id) INTO v_locked FROM locked AS l;
    RETURN QUERY
    SELECT DISTINCT a.dataset_id
    FROM butler_internal.artifact AS a
    INNER JOIN butler_internal.all_datastore AS s ON s.datastore_id = a.datastore_id
    WHERE s.datastore = p_datastore AND a.dataset_id = ANY (v_locked) AND a.state = 'deleting';
END;
$$;

COMMENT ON FUNCTION butler.hold_trash(text, uuid[]) IS
'Keep all others from datasets that claim_trash returned until the end of the transaction, in which the caller deletes
their bytes and calls drop_trash; returns those that no other session holds or has dropped. Raises UB601.';

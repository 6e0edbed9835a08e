-- What differs in one snapshot is one more change: whatever others write meanwhile comes with its own. Two that count at
-- once would both correct, so the second waits, and looks after that.
CREATE OR REPLACE FUNCTION butler.recompute_storage_use()
RETURNS integer
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_wrong integer;
BEGIN
    PERFORM butler_common.require_read_committed('datasets can be counted');
    PERFORM set_config('synchronous_commit', 'on', true);
    PERFORM pg_advisory_xact_lock(butler_common.lock_class('counts'), 0);
    INSERT INTO butler_internal.storage_change (
        run_id, dataset_type_id, datastore_id, state, in_place, datasets, artifacts, bytes, created
    )
    SELECT m.run_id, m.dataset_type_id, m.datastore_id, m.state, m.in_place, m.datasets, m.artifacts, m.bytes, m.created
    FROM butler_internal.miscounted() AS m;
    GET DIAGNOSTICS v_wrong = ROW_COUNT;
    PERFORM butler_internal.record('recompute_storage_use', v_wrong);
    RETURN v_wrong;
END;
$$;

COMMENT ON FUNCTION butler.recompute_storage_use() IS
'Count this registry''s datasets and artifacts anew, while others go on; returns how many counts were wrong.';

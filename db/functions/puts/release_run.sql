-- A reaper at work may have seen nothing yet of a put that the hold has let in: it is waited for, and the next waits for the put.
CREATE OR REPLACE FUNCTION butler.release_run(p_run text)
RETURNS boolean
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_collection bigint;
    v_count bigint;
BEGIN
    PERFORM butler_common.require_read_committed('runs can be released');
    PERFORM butler_common.refuse_in_put('a run can''t be released');
    -- One that was frozen meanwhile, too.
    v_collection := (
        SELECT c.collection_id FROM butler_internal.collection AS c WHERE c.collection = p_run AND c.removed IS NULL
    );
    IF v_collection IS NULL THEN
        PERFORM butler_internal.own_collection(p_run, 'run');
    END IF;
    PERFORM set_config('synchronous_commit', 'on', true);
    PERFORM pg_advisory_xact_lock(butler_common.lock_class('loose files'), 0);
    DELETE FROM butler_internal.run_hold AS h
    USING butler_internal.run AS r
    WHERE r.collection_id = v_collection AND h.run_id = r.run_id AND h.held_by = butler_common.actor();
    GET DIAGNOSTICS v_count = ROW_COUNT;
    PERFORM butler_internal.record('release_run', v_count, ARRAY[p_run]);
    RETURN v_count > 0;
END;
$$;

COMMENT ON FUNCTION butler.release_run(text) IS
'End one''s own hold of a run before its time; whether there was one. Raises UB103, UB202 or UB401.';

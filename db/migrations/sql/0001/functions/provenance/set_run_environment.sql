CREATE OR REPLACE FUNCTION butler.set_run_environment(p_run text, p_dataset_id uuid)
RETURNS boolean
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_count bigint;
BEGIN
    PERFORM butler_common.require_read_committed('runs can be described');
    PERFORM set_config('synchronous_commit', 'on', true);
    UPDATE butler_internal.run AS r
    SET environment = p_dataset_id
    WHERE
        r.collection_id = butler_internal.own_collection(p_run, 'run')
        AND r.environment IS NULL;
    GET DIAGNOSTICS v_count = ROW_COUNT;
    PERFORM butler_internal.record(
        'set_run_environment', v_count, ARRAY[p_run], jsonb_build_object('dataset_id', p_dataset_id)
    );
    RETURN v_count > 0;
END;
$$;

COMMENT ON FUNCTION butler.set_run_environment(text, uuid) IS
'Say which dataset describes the environment of a run. The first to say so wins; returns whether it was this one.';

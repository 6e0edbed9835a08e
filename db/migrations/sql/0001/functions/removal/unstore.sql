CREATE OR REPLACE FUNCTION butler.unstore(
    p_dataset_ids uuid[],
    p_reason text DEFAULT '',
    p_force boolean DEFAULT false,
    p_dry_run boolean DEFAULT false
)
RETURNS SETOF butler.removal_outcome
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_group butler.removal_outcome;
    v_gone uuid[] := '{}';
BEGIN
    PERFORM set_config('synchronous_commit', 'on', true);
    FOR v_group IN
        SELECT r.*
        FROM butler_internal.remove_datasets(p_dataset_ids, 'unstored', p_reason, p_force, p_dry_run, '{}') AS r
    LOOP
        IF v_group.outcome = 'unstored' AND p_dry_run IS NOT TRUE THEN
            v_gone := v_group.dataset_ids;
        END IF;
        RETURN NEXT v_group;
    END LOOP;
    PERFORM butler_internal.record(
        'unstore', cardinality(v_gone), butler_internal.runs_of(v_gone), jsonb_build_object('force', p_force), p_reason
    );
END;
$$;

COMMENT ON FUNCTION butler.unstore(uuid[], text, boolean, boolean) IS
'Give up the bytes of datasets: data IDs, collections and provenance stay, the files go to the trash. What a
tag holds, a calibration collection certifies or once did, or a frozen run has, is kept; with force only what was ever
certified or is frozen, or in another registry''s collection. One row for each outcome (unstored, kept, done before) and reason, with
number of datasets, files and bytes, and the ids; a dry run only says so. Raises UB101 for an unknown id.';

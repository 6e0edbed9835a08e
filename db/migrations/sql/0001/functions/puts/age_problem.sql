CREATE OR REPLACE FUNCTION butler_internal.age_problem(p_dataset_id uuid, p_now timestamptz)
RETURNS jsonb
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_made constant timestamptz := butler_common.uuid7_time(p_dataset_id);
    v_grace constant interval := butler.grace_period();
BEGIN
    RETURN CASE
        WHEN v_made IS NULL THEN jsonb_build_object(
            'code', 'UB301',
            'message', format('dataset id %s is not of version 7, which says when it was made', p_dataset_id),
            'hint', 'Make one of version 7; or hold the run by hold_run before its files are written.'
        )
        WHEN v_made < p_now - v_grace THEN jsonb_build_object(
            'code', 'UB402',
            'message', format(
                'the files of dataset %s may be gone: its id is from %s, and the grace period is %s',
                p_dataset_id, to_jsonb(v_made) #>> '{}', v_grace
            ),
            'hint', 'Put it again under a new id; or hold the run by hold_run before its files are written.'
        )
        WHEN v_made > p_now + interval '1 hour' THEN jsonb_build_object(
            'code', 'UB301',
            'message', format(
                'dataset id %s is from %s, and now is %s', p_dataset_id, to_jsonb(v_made) #>> '{}', to_jsonb(p_now) #>> '{}'
            ),
            'hint', 'Set the clock of the computer that made it, and put it again under a new id.'
        )
    END;
END;
$$;

COMMENT ON FUNCTION butler_internal.age_problem(uuid, timestamptz) IS
'Why an id of this age can''t be put at this time into a run that nobody holds; null if it can.';

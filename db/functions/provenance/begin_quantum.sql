CREATE OR REPLACE FUNCTION butler.begin_quantum(
    p_run text,
    p_task text,
    p_data_id jsonb DEFAULT '{}',
    p_inputs uuid[] DEFAULT '{}',
    p_host text DEFAULT NULL
)
RETURNS bigint
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_run integer;
    v_owner text;
    v_quantum bigint;
BEGIN
    PERFORM butler_common.require_read_committed('quanta can begin');
    PERFORM set_config('synchronous_commit', 'on', true);
    PERFORM butler_common.require_name('task', p_task);
    SELECT r.run_id, c.owner INTO v_run, v_owner
    FROM butler_internal.run AS r
    INNER JOIN butler_internal.collection AS c ON c.collection_id = r.collection_id
    WHERE r.collection_id = butler_internal.own_collection(p_run, 'run');
    -- Two sessions that begin the same make two attempts.
    PERFORM pg_advisory_xact_lock(butler_common.lock_class('quanta'), hashtext(
        format('%s %s %s', v_run, p_task, coalesce(p_data_id, '{}'))
    ));
    INSERT INTO butler_internal.execution (host, started) VALUES (coalesce(p_host, butler_common.client_host()), clock_timestamp())
    RETURNING execution_id INTO v_quantum;
    INSERT INTO butler_internal.quantum (quantum_id, run_id, task, data_id, begun_by, attempt)
    SELECT
        v_quantum, v_run, p_task, coalesce(p_data_id, '{}'), butler_common.actor(),
        1 + count(*)
    FROM butler_internal.quantum AS q
    WHERE q.run_id = v_run AND q.task = p_task AND q.data_id = coalesce(p_data_id, '{}');
    PERFORM butler.predict_inputs(v_quantum, p_inputs);
    IF NOT butler_common.is_own(v_owner) THEN
        PERFORM butler_internal.record(
            'begin_quantum', 1, ARRAY[p_run], jsonb_build_object('quantum_id', v_quantum, 'task', p_task)
        );
    END IF;
    RETURN v_quantum;
END;
$$;

COMMENT ON FUNCTION butler.begin_quantum(text, text, jsonb, uuid[], text) IS
'Record that a task begins to work on a data ID in a run, with the inputs that it will read. Returns the quantum''s id.
Raises UB101 for an unknown input, UB103, UB202 or UB401 for the run, UB305 for the task.';

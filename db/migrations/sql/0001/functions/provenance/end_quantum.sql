CREATE OR REPLACE FUNCTION butler.end_quantum(
    p_quantum_id bigint,
    p_status text,
    p_inputs_read uuid[] DEFAULT '{}',
    p_message text DEFAULT NULL
)
RETURNS void
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_unpredicted uuid;
    v_quantum record;
BEGIN
    PERFORM butler_common.require_read_committed('quanta can end');
    PERFORM set_config('synchronous_commit', 'on', true);
    IF p_status IS NULL OR p_status NOT IN ('done', 'failed') THEN
        PERFORM butler_common.raise_error(
            'UB301', format('a quantum can''t end as %L', p_status), 'It ends as done or failed.',
            jsonb_build_object('quantum_id', p_quantum_id, 'status', p_status)
        );
    END IF;
    UPDATE butler_internal.quantum AS q
    SET status = p_status, message = p_message
    WHERE q.quantum_id = p_quantum_id AND q.status = 'running'
    RETURNING q.run_id, q.task, q.begun_by INTO v_quantum;
    IF NOT FOUND THEN
        PERFORM butler_common.raise_error(
            'UB301', format('no quantum %s is running here', p_quantum_id), 'Begin one by begin_quantum.',
            jsonb_build_object('quantum_id', p_quantum_id)
        );
    END IF;
    -- The clock may have stepped back since.
    UPDATE butler_internal.execution AS e SET ended = greatest(clock_timestamp(), e.started)
    WHERE e.execution_id = p_quantum_id;
    UPDATE butler_internal.dataset_consumer AS c
    SET actual = true
    WHERE c.quantum_id = p_quantum_id AND c.dataset_id = ANY (p_inputs_read);
    SELECT g INTO v_unpredicted
    FROM unnest(p_inputs_read) AS g
    WHERE NOT EXISTS (
        SELECT FROM butler_internal.dataset_consumer AS c
        WHERE c.quantum_id = p_quantum_id AND c.dataset_id = g
    );
    IF FOUND THEN
        PERFORM butler_common.raise_error(
            'UB301', format('quantum %s read dataset %s, which it had not predicted', p_quantum_id, v_unpredicted),
            'Predict it first, by predict_inputs.',
            jsonb_build_object('quantum_id', p_quantum_id, 'dataset_id', v_unpredicted)
        );
    END IF;
    IF NOT butler_common.is_own(v_quantum.begun_by) THEN
        PERFORM butler_internal.record('end_quantum', 1, ARRAY[r.run], jsonb_build_object(
            'quantum_id', p_quantum_id, 'task', v_quantum.task, 'status', p_status, 'begun_by', v_quantum.begun_by
        ))
        FROM butler_internal.run AS r WHERE r.run_id = v_quantum.run_id;
    END IF;
END;
$$;

COMMENT ON FUNCTION butler.end_quantum(bigint, text, uuid[], text) IS
'Record that a quantum is done or has failed, and which of its inputs it really read.
Raises UB301 for an input that was not predicted, or another status.';

-- Outputs, status and inputs are one transaction. The run's lock comes before the quantum's row, as in a put.
CREATE OR REPLACE FUNCTION butler.end_quantum(
    p_quantum_id uuid,
    p_status text,
    p_inputs_read uuid[] DEFAULT '{}',
    p_message text DEFAULT NULL,
    p_outputs jsonb DEFAULT '[]'
)
RETURNS integer
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_unpredicted uuid;
    v_quantum record;
    v_new integer := 0;
BEGIN
    PERFORM butler_common.require_read_committed('quanta can end');
    PERFORM set_config('synchronous_commit', 'on', true);
    IF p_status IS NULL OR p_status NOT IN ('done', 'failed') THEN
        PERFORM butler_common.raise_error(
            'UB301', format('a quantum can''t end as %L', p_status), 'It ends as done or failed.',
            jsonb_build_object('quantum_id', p_quantum_id, 'status', p_status)
        );
    END IF;
    IF jsonb_typeof(p_outputs) IS DISTINCT FROM 'array' THEN
        PERFORM butler_common.raise_error(
            'UB301', 'outputs are not given as a JSON array', 'Give them as put takes datasets; [] if there are none.',
            jsonb_build_object('quantum_id', p_quantum_id)
        );
    END IF;
    SELECT q.execution_id, q.run_id, r.run, q.task, q.begun_by, q.status INTO v_quantum
    FROM butler_internal.quantum AS q
    INNER JOIN butler_internal.run AS r ON r.run_id = q.run_id
    WHERE q.quantum_id = p_quantum_id;
    -- The answer to the same end may have been lost.
    IF
        v_quantum.status = p_status AND butler_internal.has_outputs(p_quantum_id, p_outputs)
        AND ARRAY(SELECT DISTINCT i FROM unnest(p_inputs_read) AS i ORDER BY i) = ARRAY(
            SELECT c.dataset_id FROM butler_internal.dataset_consumer AS c
            WHERE c.quantum_id = p_quantum_id AND c.actual ORDER BY c.dataset_id
        )
    THEN
        RETURN 0;
    END IF;
    IF p_outputs <> '[]' AND v_quantum.status IN ('running', 'died') THEN
        v_new := butler.put(v_quantum.run, p_outputs, p_quantum_id);
    END IF;
    -- One that was taken for dead, and isn't, ends all the same.
    UPDATE butler_internal.quantum AS q
    SET status = p_status, message = p_message
    WHERE q.quantum_id = p_quantum_id AND q.status IN ('running', 'died');
    IF NOT FOUND THEN
        PERFORM butler_common.raise_error(
            'UB301', format('no quantum %s is running here', p_quantum_id), 'Begin another: Butler.quantum in Python, begin_quantum in SQL.',
            jsonb_build_object('quantum_id', p_quantum_id)
        );
    END IF;
    -- The clock may have stepped back since.
    UPDATE butler_internal.execution AS e SET ended = greatest(clock_timestamp(), e.started)
    WHERE e.execution_id = v_quantum.execution_id;
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
        PERFORM butler_internal.record('end_quantum', 1, ARRAY[v_quantum.run], jsonb_build_object(
            'quantum_id', p_quantum_id, 'task', v_quantum.task, 'status', p_status, 'begun_by', v_quantum.begun_by
        ));
    END IF;
    RETURN v_new;
END;
$$;

COMMENT ON FUNCTION butler.end_quantum(uuid, text, uuid[], text, jsonb) IS
'Record that a quantum is done or has failed, which of its inputs it really read, and what it made: outputs as put takes
datasets, all or none with the rest. Returns how many outputs are new; the same again is no error. Raises UB301 for an input
that was not predicted, another status, or a quantum that isn''t running, and what put raises.';

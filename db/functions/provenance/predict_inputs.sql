CREATE OR REPLACE FUNCTION butler.predict_inputs(p_quantum_id uuid, p_inputs uuid[])
RETURNS integer
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_count integer;
    v_problems jsonb;
    v_quantum record;
BEGIN
    PERFORM butler_common.require_read_committed('inputs can be predicted');
    PERFORM set_config('synchronous_commit', 'on', true);
    -- It doesn't end meanwhile.
    SELECT q.run_id, q.task, q.begun_by INTO v_quantum
    FROM butler_internal.quantum AS q WHERE q.quantum_id = p_quantum_id AND q.status IN ('running', 'died') FOR SHARE;
    IF NOT FOUND THEN
        PERFORM butler_common.raise_error(
            'UB301', format('no quantum %s is running here', p_quantum_id), 'Begin another: Butler.quantum in Python, begin_quantum in SQL.',
            jsonb_build_object('quantum_id', p_quantum_id)
        );
    END IF;
    SELECT jsonb_agg(jsonb_build_object(
        'row', g.n, 'code', 'UB101', 'message', format('no dataset %s', coalesce(g.id::text, 'null')),
        'hint', 'Inputs are datasets that are registered.', 'dataset_id', g.id
    )) INTO v_problems
    FROM unnest(p_inputs) WITH ORDINALITY AS g (id, n)
    WHERE NOT EXISTS (SELECT FROM butler_internal.all_dataset AS d WHERE d.dataset_id = g.id);
    PERFORM butler_common.raise_rows(v_problems);
    INSERT INTO butler_internal.dataset_consumer (quantum_id, dataset_id)
    SELECT DISTINCT p_quantum_id, g FROM unnest(p_inputs) AS g
    ON CONFLICT ON CONSTRAINT pk_dataset_consumer DO NOTHING;
    GET DIAGNOSTICS v_count = ROW_COUNT;
    IF NOT butler_common.is_own(v_quantum.begun_by) THEN
        PERFORM butler_internal.record('predict_inputs', v_count, ARRAY[r.run], jsonb_build_object(
            'quantum_id', p_quantum_id, 'task', v_quantum.task, 'begun_by', v_quantum.begun_by
        ))
        FROM butler_internal.run AS r WHERE r.run_id = v_quantum.run_id;
    END IF;
    RETURN v_count;
END;
$$;

COMMENT ON FUNCTION butler.predict_inputs(uuid, uuid[]) IS
'Say which datasets a running quantum will read; returns how many were new.';

-- Whoever sees that a process is gone tells so; the server can't.
CREATE OR REPLACE FUNCTION butler.end_dead_quanta(p_quantum_ids uuid[], p_message text DEFAULT NULL)
RETURNS integer
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_ended uuid[];
    v_runs text[];
BEGIN
    PERFORM butler_common.require_read_committed('quanta can end');
    PERFORM set_config('synchronous_commit', 'on', true);
    WITH locked AS (
        SELECT q.quantum_id FROM butler_internal.quantum AS q
        WHERE q.quantum_id = ANY (p_quantum_ids) AND q.status = 'running'
        ORDER BY q.quantum_id
        FOR UPDATE
    ),
    died AS (
        UPDATE butler_internal.quantum AS q
        SET status = 'died', message = p_message
        FROM locked WHERE q.quantum_id = locked.quantum_id
        RETURNING q.quantum_id, q.execution_id, q.run_id
    ),
    ended AS (
        UPDATE butler_internal.execution AS e SET ended = greatest(clock_timestamp(), e.started)
        FROM died WHERE e.execution_id = died.execution_id
    )
    SELECT coalesce(array_agg(d.quantum_id), '{}'), array_agg(DISTINCT r.run) INTO v_ended, v_runs
    FROM died AS d
    INNER JOIN butler_internal.run AS r ON r.run_id = d.run_id;
    PERFORM butler_internal.record('end_dead_quanta', cardinality(v_ended), v_runs, jsonb_build_object('quanta', v_ended[:10]), p_message);
    RETURN cardinality(v_ended);
END;
$$;

COMMENT ON FUNCTION butler.end_dead_quanta(uuid[], text) IS
'Record that the processes of these quanta are gone: those that are running still have died, and why it is thought so. One
that ends all the same corrects that. Returns how many were running.';

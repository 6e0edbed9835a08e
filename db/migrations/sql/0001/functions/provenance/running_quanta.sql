CREATE OR REPLACE FUNCTION butler.running_quanta()
RETURNS TABLE (quantum_id uuid, run text, task text, started timestamptz, host text, process_mark text)
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT q.quantum_id, r.run, q.task, e.started, e.host, e.process_mark
    FROM butler_internal.quantum AS q
    INNER JOIN butler_internal.run AS r ON r.run_id = q.run_id
    INNER JOIN butler_internal.execution AS e ON e.execution_id = q.execution_id
    WHERE q.status = 'running'
    ORDER BY e.started, q.quantum_id;
END;

COMMENT ON FUNCTION butler.running_quanta() IS
'This registry''s own quanta that haven''t ended, the oldest first, each with what tells its process from all others.';

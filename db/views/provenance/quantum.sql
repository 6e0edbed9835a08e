CREATE VIEW butler.quantum AS
SELECT
    q.quantum_id, r.run, q.task, q.data_id, q.status, q.attempt, q.message, q.begun_by,
    e.host, e.pid, e.started, e.ended
FROM butler_internal.all_quantum AS q
INNER JOIN butler_internal.all_run AS r ON r.run_id = q.run_id
INNER JOIN butler_internal.all_execution AS e ON e.execution_id = q.execution_id;

COMMENT ON VIEW butler.quantum IS 'Discrete units of work: one task on one data ID. One that died is one whose process is gone.';

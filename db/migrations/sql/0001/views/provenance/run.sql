CREATE VIEW butler.run AS
SELECT r.run, r.run_id, e.host, e.started, e.ended, r.environment, r.pipeline, r.execution_id
FROM butler_internal.all_run AS r
INNER JOIN butler_internal.all_execution AS e ON e.execution_id = r.execution_id;

COMMENT ON VIEW butler.run IS 'Actions that made datasets; every dataset has one.';

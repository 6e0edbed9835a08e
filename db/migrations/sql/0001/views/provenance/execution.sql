CREATE VIEW butler.execution AS
SELECT e.execution_id, e.host, e.pid, e.process_started, e.process_mark, e.started, e.ended
FROM butler_internal.all_execution AS e;

COMMENT ON VIEW butler.execution IS 'Where and when runs and quanta ran.';

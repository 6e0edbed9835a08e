CREATE VIEW butler.run_hold AS
SELECT r.run, h.held_by, h.since, h.until, h.reason
FROM butler_internal.all_run_hold AS h
INNER JOIN butler_internal.all_run AS r ON r.run_id = h.run_id
WHERE h.until > clock_timestamp();

COMMENT ON VIEW butler.run_hold IS
'Runs that take datasets with old ids, or ids of other versions than 7: who holds them, and until when.';

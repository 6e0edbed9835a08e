CREATE VIEW butler.datastore AS
SELECT s.datastore, s.root
FROM butler_internal.all_datastore AS s;

COMMENT ON VIEW butler.datastore IS 'Places that hold artifacts.';

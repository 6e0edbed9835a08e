CREATE VIEW butler.datastore AS
SELECT s.datastore, s.root, s.mark, s.marked
FROM butler_internal.all_datastore AS s;

COMMENT ON VIEW butler.datastore IS 'Places that hold artifacts, each with the mark that its root bears.';

CREATE VIEW butler.label AS
SELECT l.label, l.doc
FROM butler_internal.all_label AS l;

COMMENT ON VIEW butler.label IS 'Free words, as a unit.';

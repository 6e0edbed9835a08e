CREATE VIEW butler.abstract_filter AS
SELECT f.abstract_filter, f.doc
FROM butler_internal.all_abstract_filter AS f;

COMMENT ON VIEW butler.abstract_filter IS 'Pass bands in general; also called bands.';

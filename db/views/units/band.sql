CREATE VIEW butler.band AS
SELECT f.abstract_filter AS band, f.abstract_filter, f.doc
FROM butler.abstract_filter AS f;

COMMENT ON VIEW butler.band IS 'The view abstract_filter by the name band.';
COMMENT ON COLUMN butler.band.band IS 'Name of the pass band.';

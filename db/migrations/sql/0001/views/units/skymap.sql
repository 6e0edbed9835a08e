CREATE VIEW butler.skymap AS
SELECT s.skymap, s.doc, s.definition, s.definition_hash
FROM butler_internal.all_skymap AS s;

COMMENT ON VIEW butler.skymap IS 'Ways to divide the sky into tracts and patches.';

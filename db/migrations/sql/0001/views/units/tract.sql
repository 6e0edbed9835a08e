CREATE VIEW butler.tract AS
SELECT
    r.skymap, r.tract,
    r.ra,
    r.dec,
    r.region,
    butler.sky_s_region(r.region) AS s_region
FROM butler_internal.all_tract AS r;

COMMENT ON VIEW butler.tract IS 'Large tiles of a sky map, each with its own projection.';
COMMENT ON COLUMN butler.tract.s_region IS 'The region as text, as in IVOA''s ObsCore. UCD: pos.outline';

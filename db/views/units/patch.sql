CREATE VIEW butler.patch AS
SELECT
    r.skymap, r.tract, r.patch, r.cell_x, r.cell_y,
    r.ra,
    r.dec,
    r.region,
    butler.sky_s_region(r.region) AS s_region
FROM butler_internal.all_patch AS r;

COMMENT ON VIEW butler.patch IS 'Parts of a tract, the size of one image.';
COMMENT ON COLUMN butler.patch.s_region IS 'The region as text, as in IVOA''s ObsCore. UCD: pos.outline';

CREATE VIEW butler.sky_pixel AS
SELECT
    r.sky_pixel,
    r.ra,
    r.dec,
    r.region,
    butler.sky_s_region(r.region) AS s_region
FROM butler_internal.all_sky_pixel AS r;

COMMENT ON VIEW butler.sky_pixel IS 'HEALPix pixels, as a unit.';
COMMENT ON COLUMN butler.sky_pixel.s_region IS 'The region as text, as in IVOA''s ObsCore. UCD: pos.outline';

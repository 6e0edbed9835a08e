CREATE VIEW butler.sky_pixel AS
SELECT
    r.sky_pixel,
    public.st_x(butler.sky_center(r.region))
    + CASE WHEN public.st_x(butler.sky_center(r.region)) < 0 THEN 360 ELSE 0 END AS ra,
    public.st_y(butler.sky_center(r.region)) AS dec,
    r.region,
    butler.sky_s_region(r.region) AS s_region
FROM butler_internal.all_sky_pixel AS r;

COMMENT ON VIEW butler.sky_pixel IS 'HEALPix pixels, as a unit.';
COMMENT ON COLUMN butler.sky_pixel.ra IS 'Right ascension of its centre, ICRS, 0 to 360. Unit: deg. UCD: pos.eq.ra';
COMMENT ON COLUMN butler.sky_pixel.dec IS 'Declination of its centre, ICRS. Unit: deg. UCD: pos.eq.dec';
COMMENT ON COLUMN butler.sky_pixel.s_region IS 'The region as text, as in IVOA''s ObsCore. UCD: pos.outline';

CREATE OR REPLACE FUNCTION butler.sky_center(p_region public.geography)
RETURNS public.geometry
LANGUAGE sql
IMMUTABLE
STRICT
PARALLEL SAFE
BEGIN ATOMIC
    SELECT public.st_centroid(p_region, false)::public.geometry;
END;

COMMENT ON FUNCTION butler.sky_center(public.geography) IS
'Centre of a region; st_x and st_y give right ascension (-180 to 180) and declination, degrees.';

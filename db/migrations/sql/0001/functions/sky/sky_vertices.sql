CREATE OR REPLACE FUNCTION butler.sky_vertices(p_region public.geography)
RETURNS double precision[]
LANGUAGE sql
IMMUTABLE
STRICT
PARALLEL SAFE
BEGIN ATOMIC
    SELECT array_agg(ARRAY[
        public.st_x(p.geom) + CASE WHEN public.st_x(p.geom) < 0 THEN 360 ELSE 0 END,
        public.st_y(p.geom)
    ] ORDER BY p.path)
    FROM public.st_dumppoints(p_region::public.geometry) AS p
    WHERE p.path[2] < public.st_npoints(p_region::public.geometry);
END;

COMMENT ON FUNCTION butler.sky_vertices(public.geography) IS
'Vertices of a region as {{ra,dec},…}, ICRS, degrees, right ascension from 0 to 360.';

CREATE OR REPLACE FUNCTION butler.sky_separation(p_one public.geography, p_other public.geography)
RETURNS double precision
LANGUAGE sql
IMMUTABLE
STRICT
PARALLEL SAFE
BEGIN ATOMIC
    SELECT public.st_distance(p_one, p_other) / 111195.0797343;
END;

COMMENT ON FUNCTION butler.sky_separation(public.geography, public.geography) IS
'Shortest distance between two points or regions on the sky, degrees.';

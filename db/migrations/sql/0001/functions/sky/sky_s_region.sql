CREATE OR REPLACE FUNCTION butler.sky_s_region(p_region public.geography)
RETURNS text
LANGUAGE sql
IMMUTABLE
STRICT
PARALLEL SAFE
BEGIN ATOMIC
    SELECT 'POLYGON ICRS ' || array_to_string(butler.sky_vertices(p_region), ' ');
END;

COMMENT ON FUNCTION butler.sky_s_region(public.geography) IS
'A region in the text form of IVOA''s ObsCore s_region (STC-S).';

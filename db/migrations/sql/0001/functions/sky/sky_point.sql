-- PostGIS's input folds Dec 95 to 85 and takes NaN: coordinates from outside go through this function.
CREATE OR REPLACE FUNCTION butler.sky_point(p_ra double precision, p_dec double precision)
RETURNS public.geography
LANGUAGE plpgsql
IMMUTABLE
STRICT
PARALLEL SAFE
SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
    -- NaN is greater than every number here.
    IF NOT (p_ra >= -360 AND p_ra <= 360) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'UB304',
            MESSAGE = format('right ascension %s is not between -360 and 360 degrees', p_ra),
            DETAIL = jsonb_build_object('ra', p_ra::text, 'dec', p_dec::text)::text,
            HINT = 'Give ICRS coordinates in degrees, right ascension first.';
    END IF;
    IF NOT (p_dec >= -90 AND p_dec <= 90) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'UB304',
            MESSAGE = format('declination %s is not between -90 and 90 degrees', p_dec),
            DETAIL = jsonb_build_object('ra', p_ra::text, 'dec', p_dec::text)::text,
            HINT = 'Give ICRS coordinates in degrees, right ascension first.';
    END IF;
    RETURN st_setsrid(
        st_makepoint(p_ra - 360 * floor((p_ra + 180) / 360), p_dec), 104047
    )::geography;
END;
$$;

COMMENT ON FUNCTION butler.sky_point(double precision, double precision) IS
'Point on the sky from right ascension and declination, ICRS, degrees.
Raises UB304 where it is off the sphere.';

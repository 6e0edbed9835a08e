-- The sides along a parallel are cut into pieces of at most a quarter degree, as an edge of a
-- polygon is a great circle.
CREATE OR REPLACE FUNCTION butler.sky_box(
    p_ra_min double precision,
    p_ra_max double precision,
    p_dec_min double precision,
    p_dec_max double precision
)
RETURNS public.geography
LANGUAGE plpgsql
IMMUTABLE
STRICT
PARALLEL SAFE
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    v_width double precision;
    v_pieces integer;
    v_vertices double precision[];
BEGIN
    PERFORM butler.sky_point(p_ra_min, p_dec_min), butler.sky_point(p_ra_max, p_dec_max);
    v_width := p_ra_max - p_ra_min - 360 * floor((p_ra_max - p_ra_min) / 360);
    IF v_width <= 0 OR v_width >= 180 OR p_dec_max <= p_dec_min THEN
        RAISE EXCEPTION USING
            ERRCODE = 'UB304',
            MESSAGE = format(
                'no box from right ascension %s to %s and declination %s to %s',
                p_ra_min, p_ra_max, p_dec_min, p_dec_max
            ),
            DETAIL = jsonb_build_object('ra', jsonb_build_array(p_ra_min, p_ra_max))::text,
            HINT = 'Give the western side, the eastern side (less than 180 degrees on), the lower and the upper declination.';
    END IF;
    v_pieces := ceil(v_width * 4);
    SELECT array_agg(v.value ORDER BY corner.n, v.n) INTO v_vertices
    FROM (
        SELECT i AS n, p_ra_min + v_width * i / v_pieces AS ra, p_dec_min AS dec
        FROM generate_series(0, CASE WHEN p_dec_min = -90 THEN 0 ELSE v_pieces END) AS i
        UNION ALL
        SELECT 2 * v_pieces + 1 - i, p_ra_min + v_width * i / v_pieces, p_dec_max
        FROM generate_series(0, CASE WHEN p_dec_max = 90 THEN 0 ELSE v_pieces END) AS i
    ) AS corner
    CROSS JOIN LATERAL (VALUES (1, corner.ra - 360 * floor(corner.ra / 360)), (2, corner.dec)) AS v (n, value);
    RETURN butler.sky_polygon(v_vertices);
END;
$$;

COMMENT ON FUNCTION butler.sky_box(double precision, double precision, double precision, double precision) IS
'Box on the sky between two meridians (west, east) and two parallels (lower, upper), ICRS, degrees.
A western side greater than the eastern one goes through RA 0.';

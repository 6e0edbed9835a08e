-- object: function butler.sky_circle(double precision, double precision, double precision)
-- requires: functions/sky/sky_polygon.sql
CREATE OR REPLACE FUNCTION butler.sky_circle(
    p_ra double precision,
    p_dec double precision,
    p_radius double precision
)
RETURNS public.geography
LANGUAGE plpgsql
IMMUTABLE
STRICT
PARALLEL SAFE
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    v_sides constant integer := 96;
    v_reach double precision;
    v_vertices double precision[];
BEGIN
    IF NOT (p_radius > 0 AND p_radius <= 39.9) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'UB304',
            MESSAGE = format('radius %s is not more than 0 and at most 39.9 degrees', p_radius),
            DETAIL = jsonb_build_object('radius', p_radius::text)::text,
            HINT = 'Split a larger circle, or use sky_separation.';
    END IF;
    PERFORM butler.sky_point(p_ra, p_dec);
    -- The circle lies inside the polygon and touches its sides.
    v_reach := atand(tand(p_radius) / cosd(180.0 / v_sides));
    SELECT array_agg(v.value ORDER BY k.k, v.n) INTO v_vertices
    FROM generate_series(0, v_sides - 1) AS k (k)
    CROSS JOIN LATERAL (
        SELECT asind(greatest(-1, least(1,
            sind(p_dec) * cosd(v_reach) + cosd(p_dec) * sind(v_reach) * cosd(k.k * 360.0 / v_sides)
        ))) AS dec
    ) AS d
    CROSS JOIN LATERAL (
        SELECT p_ra + atan2d(
            sind(k.k * 360.0 / v_sides) * sind(v_reach) * cosd(p_dec),
            cosd(v_reach) - sind(p_dec) * sind(d.dec)
        ) AS ra
    ) AS r
    CROSS JOIN LATERAL (VALUES (1, r.ra - 360 * floor(r.ra / 360)), (2, d.dec)) AS v (n, value);
    RETURN butler.sky_polygon(v_vertices);
END;
$$;

COMMENT ON FUNCTION butler.sky_circle(double precision, double precision, double precision) IS
'Circle on the sky from its centre and radius, ICRS, degrees, as a polygon of 96 sides around it
(at most 0.054 % too wide). For an exact cone search use sky_within.';

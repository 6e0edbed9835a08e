-- Straight lines of the gnomonic projection are great circles, so the plane's convex hull of the
-- projected vertices is the sphere's.
CREATE OR REPLACE FUNCTION butler.sky_hull(p_regions public.geography[])
RETURNS public.geography
LANGUAGE plpgsql
IMMUTABLE
STRICT
PARALLEL SAFE
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    v_cx double precision;
    v_cy double precision;
    v_cz double precision;
    v_e double precision;
    v_east double precision[];
    v_north double precision[];
    v_norm double precision;
    v_least double precision;
    v_hull geometry;
    v_vertices double precision[];
BEGIN
    IF cardinality(p_regions) = 1 THEN
        RETURN p_regions[1];
    END IF;
    SELECT sum(cosd(st_y(p.geom)) * cosd(st_x(p.geom))), sum(cosd(st_y(p.geom)) * sind(st_x(p.geom))), sum(sind(st_y(p.geom)))
    INTO v_cx, v_cy, v_cz
    FROM unnest(p_regions) AS r (region)
    CROSS JOIN LATERAL st_dumppoints(r.region::geometry) AS p;
    v_norm := sqrt(v_cx * v_cx + v_cy * v_cy + v_cz * v_cz);
    IF v_norm IS NULL OR v_norm < 1e-6 THEN
        RETURN NULL;
    END IF;
    v_cx := v_cx / v_norm;
    v_cy := v_cy / v_norm;
    v_cz := v_cz / v_norm;
    v_e := sqrt(v_cx * v_cx + v_cy * v_cy);
    -- East, and the centre crossed with it; at a pole any direction is east.
    IF v_e < 1e-9 THEN
        v_east := ARRAY[0, 1, 0];
        v_north := ARRAY[-v_cz, 0, 0];
    ELSE
        v_east := ARRAY[-v_cy / v_e, v_cx / v_e, 0];
        v_north := ARRAY[-v_cz * v_cx / v_e, -v_cz * v_cy / v_e, v_e];
    END IF;
    SELECT
        min(u.cos),
        st_convexhull(st_collect(st_makepoint(
            (u.x * v_east[1] + u.y * v_east[2]) / nullif(u.cos, 0),
            (u.x * v_north[1] + u.y * v_north[2] + u.z * v_north[3]) / nullif(u.cos, 0)
        )))
    INTO v_least, v_hull
    FROM unnest(p_regions) AS r (region)
    CROSS JOIN LATERAL st_dumppoints(r.region::geometry) AS p
    CROSS JOIN LATERAL (
        SELECT
            cosd(st_y(p.geom)) * cosd(st_x(p.geom)) AS x,
            cosd(st_y(p.geom)) * sind(st_x(p.geom)) AS y,
            sind(st_y(p.geom)) AS z
    ) AS v
    CROSS JOIN LATERAL (SELECT v.*, v.x * v_cx + v.y * v_cy + v.z * v_cz AS cos) AS u;
    IF v_least < 0.819152044 OR st_geometrytype(v_hull) <> 'ST_Polygon' THEN
        RETURN NULL;
    END IF;
    SELECT array_agg(c.value ORDER BY p.path, c.n) INTO v_vertices
    FROM st_dumppoints(v_hull) AS p
    CROSS JOIN LATERAL (
        SELECT
            v_cx + st_x(p.geom) * v_east[1] + st_y(p.geom) * v_north[1] AS x,
            v_cy + st_x(p.geom) * v_east[2] + st_y(p.geom) * v_north[2] AS y,
            v_cz + st_y(p.geom) * v_north[3] AS z
    ) AS s
    CROSS JOIN LATERAL (VALUES
        (1, atan2d(s.y, s.x)),
        (2, atan2d(s.z, sqrt(s.x * s.x + s.y * s.y)))
    ) AS c (n, value);
    RETURN butler.sky_polygon(v_vertices);
END;
$$;

COMMENT ON FUNCTION butler.sky_hull(public.geography[]) IS
'Smallest convex region around regions; null where they reach more than 35 degrees from their centre.';

-- Great circles are straight lines in the gnomonic projection, so the plane's test for rings that
-- cross themselves is exact there, at the poles and at RA 0 too.
CREATE OR REPLACE FUNCTION butler.sky_polygon(p_vertices double precision[])
RETURNS public.geography
LANGUAGE plpgsql
IMMUTABLE
STRICT
PARALLEL SAFE
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    v_flat double precision[];
    v_count integer := cardinality(p_vertices) / 2;
    v_x double precision[];
    v_y double precision[];
    v_z double precision[];
    v_cx double precision := 0;
    v_cy double precision := 0;
    v_cz double precision := 0;
    v_norm double precision;
    v_cos double precision;
    v_ring text := '';
    v_plane text := '';
    v_first_ring text;
    v_first_plane text;
    v_ra double precision;
    v_dec double precision;
    v_e double precision;
    v_problem text;
BEGIN
    SELECT array_agg(v ORDER BY n) INTO v_flat FROM unnest(p_vertices) WITH ORDINALITY AS u (v, n);
    IF cardinality(p_vertices) % 2 = 1 THEN
        v_problem := 'has a right ascension without a declination';
    ELSE
        -- A ring may be given closed.
        IF v_count > 1 AND v_flat[1] = v_flat[2 * v_count - 1] AND v_flat[2] = v_flat[2 * v_count] THEN
            v_count := v_count - 1;
        END IF;
        IF v_count < 3 THEN
            v_problem := 'has fewer than three vertices';
        END IF;
    END IF;
    IF v_problem IS NULL THEN
        FOR i IN 1 .. v_count LOOP
            v_ra := v_flat[2 * i - 1];
            v_dec := v_flat[2 * i];
            IF v_ra IS NULL OR v_dec IS NULL OR NOT (v_ra >= -360 AND v_ra <= 360 AND v_dec >= -90 AND v_dec <= 90) THEN
                v_problem := format('has vertex %s (%s, %s), which is not on the sphere', i, v_ra, v_dec);
                EXIT;
            END IF;
            v_x[i] := cosd(v_dec) * cosd(v_ra);
            v_y[i] := cosd(v_dec) * sind(v_ra);
            v_z[i] := sind(v_dec);
            v_cx := v_cx + v_x[i];
            v_cy := v_cy + v_y[i];
            v_cz := v_cz + v_z[i];
        END LOOP;
    END IF;
    IF v_problem IS NULL THEN
        v_norm := sqrt(v_cx * v_cx + v_cy * v_cy + v_cz * v_cz);
        IF v_norm < 1e-6 THEN
            v_problem := 'reaches around the sphere';
        END IF;
    END IF;
    IF v_problem IS NULL THEN
        v_cx := v_cx / v_norm;
        v_cy := v_cy / v_norm;
        v_cz := v_cz / v_norm;
        v_e := sqrt(v_cx * v_cx + v_cy * v_cy);
        FOR i IN 1 .. v_count LOOP
            v_cos := v_x[i] * v_cx + v_y[i] * v_cy + v_z[i] * v_cz;
            -- cos(35 degrees). PostGIS looks from a point outside the region's box in space, and for
            -- larger ones that point may lie inside: of circles of 36 degrees 0.1 % lack their centre.
            IF v_cos < 0.819152044 THEN
                v_problem := 'reaches more than 35 degrees from its centre';
                EXIT;
            END IF;
            v_ra := v_flat[2 * i - 1];
            v_ra := v_ra - 360 * floor((v_ra + 180) / 360);
            v_dec := v_flat[2 * i];
            IF i > 1 THEN
                v_ring := v_ring || ',';
                v_plane := v_plane || ',';
            END IF;
            v_ring := v_ring || v_ra || ' ' || v_dec;
            IF v_e < 1e-9 THEN
                v_plane := v_plane || (v_x[i] / v_cos) || ' ' || (v_y[i] / v_cos);
            ELSE
                v_plane := v_plane
                    || ((v_y[i] * v_cx - v_x[i] * v_cy) / (v_e * v_cos)) || ' '
                    || ((v_z[i] * v_e - v_cz * (v_x[i] * v_cx + v_y[i] * v_cy) / v_e) / v_cos);
            END IF;
            IF i = 1 THEN
                v_first_ring := v_ring;
                v_first_plane := v_plane;
            END IF;
        END LOOP;
    END IF;
    IF v_problem IS NULL THEN
        v_ring := v_ring || ',' || v_first_ring;
        v_plane := 'POLYGON((' || v_plane || ',' || v_first_plane || '))';
        IF NOT st_isvalid(v_plane::geometry) OR st_area(v_plane::geometry) < 1e-18 THEN
            v_problem := 'crosses or folds onto itself';
        END IF;
    END IF;
    IF v_problem IS NOT NULL THEN
        RAISE EXCEPTION USING
            ERRCODE = 'UB304',
            MESSAGE = 'a polygon on the sky ' || v_problem,
            DETAIL = jsonb_build_object('vertices', left(p_vertices::text, 500))::text,
            HINT = 'Give three or more vertices in turn as ra, dec in ICRS degrees, within 35 degrees of their centre.';
    END IF;
    RETURN ('SRID=104047;POLYGON((' || v_ring || '))')::geography;
END;
$$;

COMMENT ON FUNCTION butler.sky_polygon(double precision[]) IS
'Polygon on the sky with great circles for edges, from vertices ra, dec, ra, dec … or {{ra,dec},…}.
ICRS, degrees. Raises UB304 where a vertex is off the sphere, the ring crosses itself or is larger
than 35 degrees in radius.';

-- The foreign keys of dataset refuse an unknown unit; this function says which one it is and what is near.
-- In PL/pgSQL, whose small queries keep their plans from call to call. A condition with a query in it is a
-- statement to set up, so it is nested in one that passes over units that aren't given.
CREATE OR REPLACE FUNCTION butler_internal.unknown_unit(p_data_id butler_internal.data_id)
RETURNS jsonb
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
SET random_page_cost = 0.1
AS $$
DECLARE
    v_unit text;
    v_value text;
    v_message text;
    v_hint text;
BEGIN
    -- By the units' own foreign keys, a sensor that was read in a visit has a known camera, visit and sensor.
    IF p_data_id.visit IS NOT NULL AND p_data_id.sensor IS NOT NULL AND num_nonnulls(
        p_data_id.abstract_filter, p_data_id.physical_filter, p_data_id.snap, p_data_id.visit_range, p_data_id.skymap,
        p_data_id.tract, p_data_id.patch, p_data_id.sky_pixel, p_data_id.label
    ) = 0 THEN
        IF EXISTS (
            SELECT FROM butler_internal.all_observed_sensor AS o
            WHERE o.camera = p_data_id.camera AND o.visit = p_data_id.visit AND o.sensor = p_data_id.sensor
        ) THEN
            RETURN NULL;
        END IF;
    END IF;
    IF v_unit IS NULL AND p_data_id.camera IS NOT NULL THEN
        IF NOT EXISTS (
            SELECT FROM butler_internal.all_camera AS c WHERE c.camera = p_data_id.camera
        ) THEN
            v_unit := 'camera';
            v_value := p_data_id.camera;
            v_message := format('no camera %L', p_data_id.camera);
            v_hint := butler_common.did_you_mean(p_data_id.camera, ARRAY(
                SELECT c.camera FROM butler_internal.all_camera AS c ORDER BY 1
            ));
        END IF;
    END IF;
    IF v_unit IS NULL AND p_data_id.abstract_filter IS NOT NULL THEN
        IF NOT EXISTS (
            SELECT FROM butler_internal.all_abstract_filter AS f WHERE f.abstract_filter = p_data_id.abstract_filter
        ) THEN
            v_unit := 'abstract_filter';
            v_value := p_data_id.abstract_filter;
            v_message := format('no abstract filter %L', p_data_id.abstract_filter);
            v_hint := butler_common.did_you_mean(p_data_id.abstract_filter, ARRAY(
                SELECT f.abstract_filter FROM butler_internal.all_abstract_filter AS f ORDER BY 1
            ));
        END IF;
    END IF;
    IF v_unit IS NULL AND p_data_id.physical_filter IS NOT NULL THEN
        IF NOT EXISTS (
            SELECT FROM butler_internal.all_physical_filter AS f
            WHERE f.camera = p_data_id.camera AND f.physical_filter = p_data_id.physical_filter
        ) THEN
            v_unit := 'physical_filter';
            v_value := p_data_id.physical_filter;
            v_message := format('camera %s has no filter %L', p_data_id.camera, p_data_id.physical_filter);
            v_hint := butler_common.did_you_mean(p_data_id.physical_filter, ARRAY(
                SELECT f.physical_filter FROM butler_internal.all_physical_filter AS f
                WHERE f.camera = p_data_id.camera ORDER BY 1
            ));
        END IF;
    END IF;
    IF v_unit IS NULL AND p_data_id.sensor IS NOT NULL THEN
        IF NOT EXISTS (
            SELECT FROM butler_internal.all_physical_sensor AS s WHERE s.camera = p_data_id.camera AND s.sensor = p_data_id.sensor
        ) THEN
            v_unit := 'sensor';
            v_value := p_data_id.sensor::text;
            v_message := format('camera %s has no sensor %s', p_data_id.camera, p_data_id.sensor);
            v_hint := (
                SELECT 'It has ' || count(*) || ' sensors, from ' || min(s.sensor) || ' to ' || max(s.sensor) || '.'
                FROM butler_internal.all_physical_sensor AS s WHERE s.camera = p_data_id.camera
            );
        END IF;
    END IF;
    IF v_unit IS NULL AND p_data_id.visit IS NOT NULL THEN
        IF NOT EXISTS (
            SELECT FROM butler_internal.all_visit AS v WHERE v.camera = p_data_id.camera AND v.visit = p_data_id.visit
        ) THEN
            v_unit := 'visit';
            v_value := p_data_id.visit::text;
            v_message := format('camera %s has no visit %s', p_data_id.camera, p_data_id.visit);
            v_hint := coalesce((
                SELECT 'The nearest are ' || string_agg(v.visit::text, ', ' ORDER BY v.visit) || '.'
                FROM (
                    (
                        SELECT b.visit FROM butler_internal.all_visit AS b
                        WHERE b.camera = p_data_id.camera AND b.visit < p_data_id.visit ORDER BY b.visit DESC LIMIT 2
                    )
                    UNION ALL
                    (
                        SELECT a.visit FROM butler_internal.all_visit AS a
                        WHERE a.camera = p_data_id.camera AND a.visit > p_data_id.visit ORDER BY a.visit LIMIT 2
                    )
                ) AS v
            ), 'It has no visits yet: register them, or ingest its files.');
        END IF;
    END IF;
    IF v_unit IS NULL AND p_data_id.sensor IS NOT NULL AND p_data_id.visit IS NOT NULL THEN
        IF NOT EXISTS (
            SELECT FROM butler_internal.all_observed_sensor AS o
            WHERE o.camera = p_data_id.camera AND o.visit = p_data_id.visit AND o.sensor = p_data_id.sensor
        ) THEN
            v_unit := 'sensor';
            v_value := p_data_id.sensor::text;
            v_message := format('sensor %s of camera %s was not read in visit %s', p_data_id.sensor, p_data_id.camera, p_data_id.visit);
            v_hint := coalesce((
                SELECT 'Sensors of that visit: ' || string_agg(o.sensor::text, ', ' ORDER BY o.sensor) || '.'
                FROM (
                    SELECT s.sensor FROM butler_internal.all_observed_sensor AS s
                    WHERE s.camera = p_data_id.camera AND s.visit = p_data_id.visit ORDER BY 1 LIMIT 20
                ) AS o
            ), 'No sensor of that visit is registered: register observed_sensor rows.');
        END IF;
    END IF;
    IF v_unit IS NULL AND p_data_id.snap IS NOT NULL THEN
        IF NOT EXISTS (
            SELECT FROM butler_internal.all_snap AS s
            WHERE s.camera = p_data_id.camera AND s.visit = p_data_id.visit AND s.snap = p_data_id.snap
        ) THEN
            v_unit := 'snap';
            v_value := p_data_id.snap::text;
            v_message := format('visit %s of camera %s has no snap %s', p_data_id.visit, p_data_id.camera, p_data_id.snap);
            v_hint := 'Register it.';
        END IF;
    END IF;
    IF v_unit IS NULL AND p_data_id.visit_range IS NOT NULL THEN
        IF NOT EXISTS (
            SELECT FROM butler_internal.all_visit_range AS r
            WHERE r.camera = p_data_id.camera AND r.visit_range = p_data_id.visit_range
        ) THEN
            v_unit := 'visit_range';
            v_value := p_data_id.visit_range::text;
            v_message := format('camera %s has no visit range %s', p_data_id.camera, p_data_id.visit_range);
            v_hint := 'Register it.';
        END IF;
    END IF;
    IF v_unit IS NULL AND p_data_id.skymap IS NOT NULL THEN
        IF NOT EXISTS (
            SELECT FROM butler_internal.all_skymap AS s WHERE s.skymap = p_data_id.skymap
        ) THEN
            v_unit := 'skymap';
            v_value := p_data_id.skymap;
            v_message := format('no sky map %L', p_data_id.skymap);
            v_hint := butler_common.did_you_mean(p_data_id.skymap, ARRAY(
                SELECT s.skymap FROM butler_internal.all_skymap AS s ORDER BY 1
            ));
        END IF;
    END IF;
    IF v_unit IS NULL AND p_data_id.tract IS NOT NULL THEN
        IF NOT EXISTS (
            SELECT FROM butler_internal.all_tract AS t WHERE t.skymap = p_data_id.skymap AND t.tract = p_data_id.tract
        ) THEN
            v_unit := 'tract';
            v_value := p_data_id.tract::text;
            v_message := format('sky map %s has no tract %s', p_data_id.skymap, p_data_id.tract);
            v_hint := (
                SELECT 'It has ' || count(*) || ' tracts, from ' || min(t.tract) || ' to ' || max(t.tract) || '.'
                FROM butler_internal.all_tract AS t WHERE t.skymap = p_data_id.skymap
            );
        END IF;
    END IF;
    IF v_unit IS NULL AND p_data_id.patch IS NOT NULL THEN
        IF NOT EXISTS (
            SELECT FROM butler_internal.all_patch AS p
            WHERE p.skymap = p_data_id.skymap AND p.tract = p_data_id.tract AND p.patch = p_data_id.patch
        ) THEN
            v_unit := 'patch';
            v_value := p_data_id.patch::text;
            v_message := format('tract %s of sky map %s has no patch %s', p_data_id.tract, p_data_id.skymap, p_data_id.patch);
            v_hint := (
                SELECT 'It has ' || count(*) || ' patches, from ' || min(p.patch) || ' to ' || max(p.patch) || '.'
                FROM butler_internal.all_patch AS p WHERE p.skymap = p_data_id.skymap AND p.tract = p_data_id.tract
            );
        END IF;
    END IF;
    IF v_unit IS NULL AND p_data_id.sky_pixel IS NOT NULL THEN
        IF NOT EXISTS (
            SELECT FROM butler_internal.all_sky_pixel AS x WHERE x.sky_pixel = p_data_id.sky_pixel
        ) THEN
            v_unit := 'sky_pixel';
            v_value := p_data_id.sky_pixel::text;
            v_message := format('no sky pixel %s', p_data_id.sky_pixel);
            v_hint := 'Register it.';
        END IF;
    END IF;
    IF v_unit IS NULL AND p_data_id.label IS NOT NULL THEN
        IF NOT EXISTS (
            SELECT FROM butler_internal.all_label AS l WHERE l.label = p_data_id.label
        ) THEN
            v_unit := 'label';
            v_value := p_data_id.label;
            v_message := format('no label %L', p_data_id.label);
            v_hint := butler_common.did_you_mean(p_data_id.label, ARRAY(
                SELECT l.label FROM butler_internal.all_label AS l ORDER BY 1 LIMIT 1000
            ));
        END IF;
    END IF;
    IF v_unit IS NULL THEN
        RETURN NULL;
    END IF;
    RETURN jsonb_build_object(
        'code', 'UB104', 'unit', v_unit, 'value', v_value, 'message', v_message, 'hint', v_hint
    );
END;
$$;

COMMENT ON FUNCTION butler_internal.unknown_unit(butler_internal.data_id) IS
'The first unit of a data ID that isn''t registered, with what is near; null if all are.';

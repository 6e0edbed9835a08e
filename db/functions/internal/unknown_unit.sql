-- object: function butler_internal.unknown_unit(text, text, text, integer, bigint, integer, int8range, text, integer, integer, bigint, text)
-- requires: shared/did_you_mean.sql
--
-- The foreign keys of dataset refuse an unknown unit; this says which one it is and what is near,
-- and is called only for rows of which something is known to be wrong, or before bytes are written.
CREATE OR REPLACE FUNCTION butler_internal.unknown_unit(
    p_camera text,
    p_abstract_filter text,
    p_physical_filter text,
    p_sensor integer,
    p_visit bigint,
    p_snap integer,
    p_visit_range int8range,
    p_skymap text,
    p_tract integer,
    p_patch integer,
    p_sky_pixel bigint,
    p_label text
)
RETURNS jsonb
LANGUAGE sql
STABLE
BEGIN ATOMIC
    SELECT jsonb_build_object('code', 'UB104', 'unit', u.unit, 'value', u.value, 'message', u.message, 'hint', u.hint)
    FROM (
        SELECT 1 AS n, 'camera' AS unit, p_camera AS value, format('no camera %L', p_camera) AS message,
            butler_shared.did_you_mean(p_camera, ARRAY(
                SELECT c.camera FROM butler_internal.all_camera AS c ORDER BY 1
            )) AS hint
        WHERE p_camera IS NOT NULL AND NOT EXISTS (
            SELECT FROM butler_internal.all_camera AS c WHERE c.camera = p_camera
        )
        UNION ALL
        SELECT 2, 'abstract_filter', p_abstract_filter, format('no abstract filter %L', p_abstract_filter),
            butler_shared.did_you_mean(p_abstract_filter, ARRAY(
                SELECT f.abstract_filter FROM butler_internal.all_abstract_filter AS f ORDER BY 1
            ))
        WHERE p_abstract_filter IS NOT NULL AND NOT EXISTS (
            SELECT FROM butler_internal.all_abstract_filter AS f WHERE f.abstract_filter = p_abstract_filter
        )
        UNION ALL
        SELECT 3, 'physical_filter', p_physical_filter,
            format('camera %s has no filter %L', p_camera, p_physical_filter),
            butler_shared.did_you_mean(p_physical_filter, ARRAY(
                SELECT f.physical_filter FROM butler_internal.all_physical_filter AS f
                WHERE f.camera = p_camera ORDER BY 1
            ))
        WHERE p_physical_filter IS NOT NULL AND NOT EXISTS (
            SELECT FROM butler_internal.all_physical_filter AS f
            WHERE f.camera = p_camera AND f.physical_filter = p_physical_filter
        )
        UNION ALL
        SELECT 4, 'sensor', p_sensor::text, format('camera %s has no sensor %s', p_camera, p_sensor),
            (
                SELECT 'It has ' || count(*) || ' sensors, from ' || min(s.sensor) || ' to ' || max(s.sensor) || '.'
                FROM butler_internal.all_physical_sensor AS s WHERE s.camera = p_camera
            )
        WHERE p_sensor IS NOT NULL AND NOT EXISTS (
            SELECT FROM butler_internal.all_physical_sensor AS s WHERE s.camera = p_camera AND s.sensor = p_sensor
        )
        UNION ALL
        SELECT 5, 'visit', p_visit::text, format('camera %s has no visit %s', p_camera, p_visit),
            coalesce((
                SELECT 'The nearest are ' || string_agg(v.visit::text, ', ' ORDER BY v.visit) || '.'
                FROM (
                    (
                        SELECT b.visit FROM butler_internal.all_visit AS b
                        WHERE b.camera = p_camera AND b.visit < p_visit ORDER BY b.visit DESC LIMIT 2
                    )
                    UNION ALL
                    (
                        SELECT a.visit FROM butler_internal.all_visit AS a
                        WHERE a.camera = p_camera AND a.visit > p_visit ORDER BY a.visit LIMIT 2
                    )
                ) AS v
            ), 'It has no visits yet: register them, or ingest its files.')
        WHERE p_visit IS NOT NULL AND NOT EXISTS (
            SELECT FROM butler_internal.all_visit AS v WHERE v.camera = p_camera AND v.visit = p_visit
        )
        UNION ALL
        SELECT 6, 'sensor', p_sensor::text,
            format('sensor %s of camera %s was not read in visit %s', p_sensor, p_camera, p_visit),
            coalesce((
                SELECT 'Sensors of that visit: ' || string_agg(o.sensor::text, ', ' ORDER BY o.sensor) || '.'
                FROM (
                    SELECT s.sensor FROM butler_internal.all_observed_sensor AS s
                    WHERE s.camera = p_camera AND s.visit = p_visit ORDER BY 1 LIMIT 20
                ) AS o
            ), 'No sensor of that visit is registered: register observed_sensor rows.')
        WHERE p_sensor IS NOT NULL AND p_visit IS NOT NULL AND NOT EXISTS (
            SELECT FROM butler_internal.all_observed_sensor AS o
            WHERE o.camera = p_camera AND o.visit = p_visit AND o.sensor = p_sensor
        )
        UNION ALL
        SELECT 7, 'snap', p_snap::text, format('visit %s of camera %s has no snap %s', p_visit, p_camera, p_snap),
            'Register it.'
        WHERE p_snap IS NOT NULL AND NOT EXISTS (
            SELECT FROM butler_internal.all_snap AS s
            WHERE s.camera = p_camera AND s.visit = p_visit AND s.snap = p_snap
        )
        UNION ALL
        SELECT 8, 'visit_range', p_visit_range::text,
            format('camera %s has no visit range %s', p_camera, p_visit_range), 'Register it.'
        WHERE p_visit_range IS NOT NULL AND NOT EXISTS (
            SELECT FROM butler_internal.all_visit_range AS r
            WHERE r.camera = p_camera AND r.visit_range = p_visit_range
        )
        UNION ALL
        SELECT 9, 'skymap', p_skymap, format('no sky map %L', p_skymap),
            butler_shared.did_you_mean(p_skymap, ARRAY(
                SELECT s.skymap FROM butler_internal.all_skymap AS s ORDER BY 1
            ))
        WHERE p_skymap IS NOT NULL AND NOT EXISTS (
            SELECT FROM butler_internal.all_skymap AS s WHERE s.skymap = p_skymap
        )
        UNION ALL
        SELECT 10, 'tract', p_tract::text, format('sky map %s has no tract %s', p_skymap, p_tract),
            (
                SELECT 'It has ' || count(*) || ' tracts, from ' || min(t.tract) || ' to ' || max(t.tract) || '.'
                FROM butler_internal.all_tract AS t WHERE t.skymap = p_skymap
            )
        WHERE p_tract IS NOT NULL AND NOT EXISTS (
            SELECT FROM butler_internal.all_tract AS t WHERE t.skymap = p_skymap AND t.tract = p_tract
        )
        UNION ALL
        SELECT 11, 'patch', p_patch::text,
            format('tract %s of sky map %s has no patch %s', p_tract, p_skymap, p_patch),
            (
                SELECT 'It has ' || count(*) || ' patches, from ' || min(p.patch) || ' to ' || max(p.patch) || '.'
                FROM butler_internal.all_patch AS p WHERE p.skymap = p_skymap AND p.tract = p_tract
            )
        WHERE p_patch IS NOT NULL AND NOT EXISTS (
            SELECT FROM butler_internal.all_patch AS p
            WHERE p.skymap = p_skymap AND p.tract = p_tract AND p.patch = p_patch
        )
        UNION ALL
        SELECT 12, 'sky_pixel', p_sky_pixel::text, format('no sky pixel %s', p_sky_pixel), 'Register it.'
        WHERE p_sky_pixel IS NOT NULL AND NOT EXISTS (
            SELECT FROM butler_internal.all_sky_pixel AS x WHERE x.sky_pixel = p_sky_pixel
        )
        UNION ALL
        SELECT 13, 'label', p_label, format('no label %L', p_label),
            butler_shared.did_you_mean(p_label, ARRAY(
                SELECT l.label FROM butler_internal.all_label AS l ORDER BY 1 LIMIT 1000
            ))
        WHERE p_label IS NOT NULL AND NOT EXISTS (
            SELECT FROM butler_internal.all_label AS l WHERE l.label = p_label
        )
        ORDER BY 1
        LIMIT 1
    ) AS u;
END;

COMMENT ON FUNCTION butler_internal.unknown_unit(
    text, text, text, integer, bigint, integer, int8range, text, integer, integer, bigint, text
) IS
'The first unit of a data ID that isn''t registered, with what is near; null if all are.';

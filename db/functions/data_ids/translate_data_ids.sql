-- The one place where data IDs as people write them become those that programs send: other words for units are
-- translated, numbers in texts read, names of sensors and visits looked up, a camera or sky map that the rest
-- determines is filled in. What is wrong comes back as a problem of its row, in the user's own word, so that a
-- bulk call can name all rows that are wrong.
CREATE OR REPLACE FUNCTION butler_internal.translate_data_ids(p_unit_mask integer, p_data_ids jsonb)
RETURNS TABLE (row_number integer, data_id jsonb, problem jsonb)
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH given AS (
        SELECT
            d.n::integer AS n,
            e.key AS word,
            u.unit,
            u.position,
            u.value_type,
            e.value #>> '{}' AS value,
            e.value AS json,
            coalesce((p_unit_mask >> u.position) & 1, 0) = 1 AS wanted
        FROM jsonb_array_elements(p_data_ids) WITH ORDINALITY AS d (data_id, n)
        CROSS JOIN LATERAL jsonb_each(
            CASE jsonb_typeof(d.data_id) WHEN 'object' THEN d.data_id ELSE '{"": null}' END
        ) AS e
        LEFT JOIN butler_common.unit_word AS w ON w.word = e.key
        LEFT JOIN butler_common.unit AS u ON u.unit = w.unit
    ),
    read AS (
        SELECT
            g.*,
            CASE
                WHEN g.value_type = 'integer' AND jsonb_typeof(g.json) IN ('number', 'string')
                    AND g.value ~ '^[+-]?[0-9]{1,18}$'
                    THEN g.value::bigint
            END AS number,
            g.value_type = 'integer' AND jsonb_typeof(g.json) = 'string' AND g.value !~ '^[+-]?[0-9]+$' AS named
        FROM given AS g
    ),
    checked AS (
        SELECT
            r.*,
            CASE
                WHEN r.unit IS NULL THEN jsonb_build_object(
                    'code', 'UB301', 'message', format('%s is not a unit', coalesce(nullif(quote_ident(r.word), '""'), 'a data ID that is not an object')),
                    'hint', butler_common.did_you_mean(
                        r.word, ARRAY(SELECT w.word FROM butler_common.unit_word AS w ORDER BY 1)
                    ),
                    'unit', r.word
                )
                WHEN NOT r.wanted THEN jsonb_build_object(
                    'code', 'UB301', 'message', format('unit %s is not one of the dataset type''s', r.word),
                    'hint', 'It has ' || coalesce(butler_internal.unit_list(p_unit_mask), 'no units') || '.',
                    'unit', r.word
                )
                WHEN r.value_type = 'text' AND jsonb_typeof(r.json) NOT IN ('string', 'number') THEN jsonb_build_object(
                    'code', 'UB301', 'message', format('%s = %s is not a text', r.word, left(r.json::text, 80)),
                    'hint', 'Give the name.', 'unit', r.word, 'value', left(r.json::text, 80)
                )
                WHEN r.value_type = 'integer' AND NOT r.named AND (
                    r.number IS NULL
                    OR (r.unit NOT IN ('visit', 'sky_pixel') AND r.number NOT BETWEEN -2147483648 AND 2147483647)
                ) THEN jsonb_build_object(
                    'code', 'UB301',
                    'message', format('%s = %s is not a whole number in range', r.word, left(r.json::text, 80)),
                    'hint', 'Give a number, or the name of a sensor or visit.',
                    'unit', r.word, 'value', left(r.json::text, 80)
                )
                WHEN r.named AND r.unit NOT IN ('sensor', 'visit') THEN jsonb_build_object(
                    'code', 'UB301', 'message', format('%s = %s is not a whole number', r.word, left(r.json::text, 80)),
                    'hint', 'Give a number.', 'unit', r.word, 'value', left(r.json::text, 80)
                )
                WHEN r.value_type = 'range' AND NOT coalesce(r.value ~ '^[0-9]{1,18}[.][.]([0-9]{1,18})?$', false)
                    THEN jsonb_build_object(
                        'code', 'UB301', 'message', format('%s = %s is not a range', r.word, left(r.json::text, 80)),
                        'hint', 'Write 100..200 for 100 up to, not with, 200; or 100.. without end.',
                        'unit', r.word, 'value', left(r.json::text, 80)
                    )
                WHEN r.value_type = 'range'
                    AND split_part(r.value, '..', 1)::bigint >= nullif(split_part(r.value, '..', 2), '')::bigint
                    THEN jsonb_build_object(
                        'code', 'UB301', 'message', format('%s = %s holds nothing', r.word, r.value),
                        'hint', 'The first number must be less than the second, which is not part of the range.',
                        'unit', r.word, 'value', r.value
                    )
            END AS wrong
        FROM read AS r
    ),
    flat AS (
        SELECT
            c.n,
            jsonb_object_agg(c.unit, CASE c.value_type
                WHEN 'integer' THEN to_jsonb(c.number)
                WHEN 'range' THEN to_jsonb('[' || replace(c.value, '..', ',') || ')')
                ELSE to_jsonb(c.value)
            END) FILTER (WHERE c.wrong IS NULL AND NOT c.named) AS plain,
            max(c.value) FILTER (WHERE c.unit = 'sensor' AND c.named) AS sensor_name,
            max(c.value) FILTER (WHERE c.unit = 'visit' AND c.named) AS visit_name,
            bit_or(1 << c.position) AS mask,
            coalesce(
                (array_agg(c.wrong) FILTER (WHERE c.wrong IS NOT NULL))[1],
                CASE WHEN count(c.unit) > count(DISTINCT c.unit) THEN jsonb_build_object(
                    'code', 'UB301', 'message', 'two words of the data ID mean the same unit',
                    'hint', 'Give each unit once.'
                ) END
            ) AS wrong
        FROM checked AS c
        GROUP BY c.n
    ),
    rooted AS (
        SELECT
            d.n::integer AS n,
            coalesce(f.plain, '{}') AS plain,
            f.sensor_name,
            f.visit_name,
            coalesce(f.mask, 0) AS mask,
            f.wrong,
            CASE WHEN p_unit_mask & 1 = 1 AND coalesce(f.mask, 0) & 1 = 0 AND f.wrong IS NULL THEN
                CASE
                    WHEN f.plain ? 'visit' THEN ARRAY(
                        SELECT v.camera FROM butler_internal.all_visit AS v
                        WHERE v.visit = (f.plain ->> 'visit')::bigint ORDER BY 1 LIMIT 6
                    )
                    WHEN f.visit_name IS NOT NULL THEN ARRAY(
                        SELECT v.camera FROM butler_internal.all_visit AS v
                        WHERE v.visit_name = f.visit_name ORDER BY 1 LIMIT 6
                    )
                    ELSE ARRAY(SELECT c.camera FROM butler_internal.all_camera AS c ORDER BY 1 LIMIT 6)
                END
            END AS cameras,
            CASE WHEN p_unit_mask & 128 = 128 AND coalesce(f.mask, 0) & 128 = 0 AND f.wrong IS NULL THEN
                ARRAY(SELECT s.skymap FROM butler_internal.all_skymap AS s ORDER BY 1 LIMIT 6)
            END AS skymaps
        FROM jsonb_array_elements(p_data_ids) WITH ORDINALITY AS d (data_id, n)
        LEFT JOIN flat AS f ON f.n = d.n
    ),
    -- OFFSET 0, or the planner would compute again what is computed here wherever it is used below.
    resolved AS (
        SELECT
            r.n, r.sensor_name, r.visit_name, r.cameras, r.skymaps, r.wrong,
            r.plain || jsonb_strip_nulls(jsonb_build_object(
                'camera', CASE WHEN cardinality(r.cameras) = 1 THEN r.cameras[1] END,
                'skymap', CASE WHEN cardinality(r.skymaps) = 1 THEN r.skymaps[1] END
            )) AS plain,
            p_unit_mask & ~r.mask
            & ~(CASE WHEN cardinality(r.cameras) = 1 THEN 1 ELSE 0 END)
            & ~(CASE WHEN cardinality(r.skymaps) = 1 THEN 128 ELSE 0 END) AS lacking
        FROM rooted AS r
        OFFSET 0
    ),
    looked_up AS (
        SELECT
            r.*,
            r.plain ->> 'camera' AS camera,
            CASE WHEN r.visit_name IS NOT NULL THEN (
                SELECT v.visit FROM butler_internal.all_visit AS v
                WHERE v.camera = r.plain ->> 'camera' AND v.visit_name = r.visit_name
            ) END AS visit,
            CASE WHEN r.sensor_name IS NOT NULL THEN (
                SELECT s.sensor FROM butler_internal.all_physical_sensor AS s
                WHERE s.camera = r.plain ->> 'camera' AND s.sensor_name = r.sensor_name
            ) END AS sensor
        FROM resolved AS r
        OFFSET 0
    )
    SELECT
        l.n,
        l.plain || jsonb_strip_nulls(jsonb_build_object('visit', l.visit, 'sensor', l.sensor)),
        CASE
            WHEN l.wrong IS NOT NULL THEN l.wrong || jsonb_build_object('row', l.n)
            WHEN cardinality(l.cameras) > 1 THEN jsonb_build_object(
                'row', l.n, 'code', 'UB302', 'unit', 'camera', 'candidates', to_jsonb(l.cameras),
                'message', format('the data ID fits several cameras: %s', array_to_string(l.cameras, ', ')),
                'hint', 'Add camera=…'
            )
            WHEN cardinality(l.skymaps) > 1 THEN jsonb_build_object(
                'row', l.n, 'code', 'UB302', 'unit', 'skymap', 'candidates', to_jsonb(l.skymaps),
                'message', format('the data ID fits several sky maps: %s', array_to_string(l.skymaps, ', ')),
                'hint', 'Add skymap=…'
            )
            WHEN cardinality(l.cameras) = 0 AND (l.plain ? 'visit' OR l.visit_name IS NOT NULL)
                THEN jsonb_build_object(
                    'row', l.n, 'code', 'UB104', 'unit', 'visit',
                    'message', format('no camera has visit %s', coalesce(l.plain ->> 'visit', l.visit_name)),
                    'hint', 'Register the visit, or look for it in the visit view.'
                )
            WHEN l.lacking <> 0 THEN jsonb_build_object(
                'row', l.n, 'code', 'UB301', 'unit', butler_internal.unit_list(l.lacking),
                'message', format('the data ID lacks %s', butler_internal.unit_list(l.lacking)),
                'hint', 'It takes ' || butler_internal.unit_list(p_unit_mask) || '.'
            )
            WHEN (l.visit_name IS NOT NULL OR l.sensor_name IS NOT NULL) AND NOT EXISTS (
                SELECT FROM butler_internal.all_camera AS c WHERE c.camera = l.camera
            ) THEN jsonb_build_object(
                'row', l.n, 'code', 'UB104', 'unit', 'camera', 'value', l.camera,
                'message', format('no camera %L', l.camera),
                'hint', butler_common.did_you_mean(l.camera, ARRAY(
                    SELECT c.camera FROM butler_internal.all_camera AS c ORDER BY 1
                ))
            )
            WHEN l.visit_name IS NOT NULL AND l.visit IS NULL THEN jsonb_build_object(
                'row', l.n, 'code', 'UB104', 'unit', 'visit', 'value', l.visit_name,
                'message', format('camera %s has no visit named %L', l.camera, l.visit_name),
                'hint', 'Give the visit''s number or its visit_name, as in the visit view.'
            )
            WHEN l.sensor_name IS NOT NULL AND l.sensor IS NULL THEN jsonb_build_object(
                'row', l.n, 'code', 'UB104', 'unit', 'sensor', 'value', l.sensor_name,
                'message', format('camera %s has no sensor named %L', l.camera, l.sensor_name),
                'hint', butler_common.did_you_mean(l.sensor_name, ARRAY(
                    SELECT s.sensor_name FROM butler_internal.all_physical_sensor AS s
                    WHERE s.camera = l.camera ORDER BY s.sensor
                ))
            )
        END
    FROM looked_up AS l
    ORDER BY l.n;
END;
$$;

COMMENT ON FUNCTION butler_internal.translate_data_ids(integer, jsonb) IS
'Data IDs as people write them, a JSON array of objects, for a dataset type with these units: each as an object
of its units, visits and sensors by number, ranges as PostgreSQL writes them; and what is wrong with it, null if nothing.';

CREATE OR REPLACE FUNCTION butler_internal.staged_problems(
    p_dataset_type_id integer,
    p_unit_mask integer,
    p_collection_id bigint,
    p_run_id integer,
    p_run text,
    p_skip_existing boolean
)
RETURNS jsonb
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
SET client_min_messages = warning
AS $$
DECLARE
    v_now constant timestamptz := clock_timestamp();
    v_held constant boolean := butler_internal.is_held(p_run_id, v_now);
    v_paths integer[];
    v_components integer[];
    v_formatters integer[];
    v_problems jsonb;
BEGIN
    ALTER TABLE pg_temp.butler_stage_dataset ADD COLUMN IF NOT EXISTS digest uuid GENERATED ALWAYS AS (butler_common.data_id_digest(
        camera, abstract_filter, physical_filter, sensor, visit, snap, visit_range,
        skymap, tract, patch, sky_pixel, label
    )) STORED;
    ANALYZE pg_temp.butler_stage_dataset;
    EXECUTE format(
        'SELECT'
        ' ARRAY(SELECT s.row_number FROM pg_temp.butler_stage_dataset AS s WHERE (%s) IS FALSE),'
        ' ARRAY(SELECT s.row_number FROM pg_temp.butler_stage_dataset AS s WHERE (%s) IS FALSE),'
        ' ARRAY(SELECT s.row_number FROM pg_temp.butler_stage_dataset AS s WHERE (%s) IS FALSE)',
        butler_common.rules_of('butler_internal.artifact'::regclass, 'path'),
        butler_common.rules_of('butler_internal.artifact'::regclass, 'component'),
        butler_common.rules_of('butler_internal.artifact'::regclass, 'formatter')
    ) INTO v_paths, v_components, v_formatters;
    WITH existing AS (
        SELECT s.row_number AS n, d.dataset_id
        FROM pg_temp.butler_stage_dataset AS s
        INNER JOIN butler_internal.dataset AS d
            ON
                d.run_id = p_run_id AND d.dataset_type_id = p_dataset_type_id
                AND d.digest = s.digest AND d.state <> 'removed'
        WHERE NOT p_skip_existing
    ),
    problem AS (
        SELECT
            s.row_number AS n,
            'UB201' AS code,
            format('run %s has dataset %s of this data ID as an input', p_run, t.dataset_id) AS message,
            'Put into another run: a run''s outputs and its inputs have different data IDs.' AS hint
        FROM pg_temp.butler_stage_dataset AS s
        INNER JOIN butler_internal.dataset_tag AS t
            ON
                t.collection_id = p_collection_id AND t.dataset_type_id = p_dataset_type_id
                AND t.digest = s.digest AND upper_inf(t.known)
        UNION ALL
        SELECT
            s.row_number AS n,
            'UB301' AS code,
            'row_number, dataset_id, path, formatter, size or sha256 is missing' AS message,
            'Each row needs all of them.' AS hint
        FROM pg_temp.butler_stage_dataset AS s
        WHERE num_nulls(s.row_number, s.dataset_id, s.path, s.formatter, s.size, s.sha256) > 0
        UNION ALL
        SELECT
            s.row_number, 'UB305', format('%L is no path of an artifact', left(s.path, 1000)),
            'Give one relative to the root, or a whole URI, of at most 4096 bytes; percent-encoded, without . or .. between slashes; after a #'
            ' the part of the file, of at most 255 bytes.'
        FROM pg_temp.butler_stage_dataset AS s
        WHERE s.row_number = ANY (v_paths)
        UNION ALL
        SELECT
            s.row_number, 'UB305', format('%L is no name of a component', left(s.component, 1000)),
            'Use at most 255 bytes without control characters; leave it out for the whole.'
        FROM pg_temp.butler_stage_dataset AS s
        WHERE s.row_number = ANY (v_components)
        UNION ALL
        SELECT
            s.row_number, 'UB305', format('%L is no name of a formatter', left(s.formatter, 100)),
            'Use 1 to 255 bytes without control characters.'
        FROM pg_temp.butler_stage_dataset AS s
        WHERE s.row_number = ANY (v_formatters)
        UNION ALL
        SELECT
            s.row_number, 'UB301', format('size = %s, sha256 = %L', s.size, left(s.sha256::text, 80)),
            'Give the size in bytes, and the SHA-256, which has 32 of them.'
        FROM pg_temp.butler_stage_dataset AS s
        WHERE s.size < 0 OR octet_length(s.sha256) <> 32
        UNION ALL
        SELECT
            s.row_number, 'UB301',
            format('the data ID has %s', coalesce(butler_internal.unit_list(s.unit_mask), 'no units')),
            'It takes ' || coalesce(butler_internal.unit_list(p_unit_mask), 'no units') || '.'
        FROM (
            SELECT s.row_number, (
                SELECT coalesce(bit_or(1 << u.position), 0) FROM butler_common.unit AS u WHERE to_jsonb(s) ->> u.unit IS NOT NULL
            ) AS unit_mask
            FROM pg_temp.butler_stage_dataset AS s
        ) AS s
        WHERE s.unit_mask <> p_unit_mask
        UNION ALL
        SELECT s.n, 'UB301', 'its dataset id is given with two data IDs', 'Rows of one dataset have the same data ID.'
        FROM (
            SELECT min(s.row_number) AS n
            FROM pg_temp.butler_stage_dataset AS s
            GROUP BY s.dataset_id
            HAVING min(s.digest::text) <> max(s.digest::text)
        ) AS s
        UNION ALL
        SELECT s.row_number, 'UB201', format('dataset id %s is taken', s.dataset_id), 'Make a new id for each dataset.'
        FROM pg_temp.butler_stage_dataset AS s
        INNER JOIN butler_common.registered_datasets(
            ARRAY(SELECT DISTINCT g.dataset_id FROM pg_temp.butler_stage_dataset AS g)
        ) AS r (dataset_id) ON r.dataset_id = s.dataset_id
        WHERE NOT p_skip_existing OR NOT EXISTS (
            SELECT FROM butler_internal.dataset AS d
            WHERE
                d.dataset_id = s.dataset_id AND d.run_id = p_run_id AND d.digest = s.digest AND d.state <> 'removed'
        )
        UNION ALL
        SELECT s.row_number, a.problem ->> 'code', a.problem ->> 'message', a.problem ->> 'hint'
        FROM pg_temp.butler_stage_dataset AS s
        LEFT JOIN butler_internal.dataset AS d ON d.dataset_id = s.dataset_id
        CROSS JOIN LATERAL (SELECT butler_internal.age_problem(s.dataset_id, v_now) AS problem) AS a
        WHERE s.dataset_id IS NOT NULL AND d.dataset_id IS NULL AND NOT v_held AND a.problem IS NOT NULL
        UNION ALL
        SELECT
            s.row_number, 'UB402', format('the file %s may be gone: it bears the id of no dataset, %s', s.path, u.id),
            'Ingest the file anew; or hold the run by hold_run before it is written.'
        FROM pg_temp.butler_stage_dataset AS s
        INNER JOIN butler_internal.unnamed_files(ARRAY(
            SELECT butler_common.id_in_path(g.path) FROM pg_temp.butler_stage_dataset AS g
        ), v_now) AS u (id) ON u.id = butler_common.id_in_path(s.path)
        WHERE
            NOT v_held AND strpos(s.path, ':') = 0
            AND u.id NOT IN (SELECT g.dataset_id FROM pg_temp.butler_stage_dataset AS g WHERE g.dataset_id IS NOT NULL)
        UNION ALL
        SELECT t.n, 'UB201', 'the data ID is given twice', 'A run holds one dataset of a type and data ID.'
        FROM (
            SELECT
                min(s.row_number) AS n,
                lag(s.digest) OVER (PARTITION BY s.digest ORDER BY min(s.row_number)) IS NOT NULL AS again
            FROM pg_temp.butler_stage_dataset AS s
            GROUP BY s.digest, s.dataset_id
        ) AS t
        WHERE t.again
        UNION ALL
        SELECT
            e.n, 'UB201', format('run %s has it already: dataset %s', p_run, e.dataset_id),
            'Skip what exists, or load into another run.'
        FROM existing AS e
        UNION ALL
        SELECT s.row_number, u.problem ->> 'code', u.problem ->> 'message', u.problem ->> 'hint'
        FROM pg_temp.butler_stage_dataset AS s
        LEFT JOIN butler_internal.all_camera AS c ON c.camera = s.camera
        LEFT JOIN butler_internal.all_abstract_filter AS b ON b.abstract_filter = s.abstract_filter
        LEFT JOIN butler_internal.all_physical_filter AS f
            ON f.camera = s.camera AND f.physical_filter = s.physical_filter
        LEFT JOIN butler_internal.all_physical_sensor AS p ON p.camera = s.camera AND p.sensor = s.sensor
        LEFT JOIN butler_internal.all_visit AS v ON v.camera = s.camera AND v.visit = s.visit
        LEFT JOIN butler_internal.all_observed_sensor AS o
            ON o.camera = s.camera AND o.visit = s.visit AND o.sensor = s.sensor
        LEFT JOIN butler_internal.all_snap AS n
            ON n.camera = s.camera AND n.visit = s.visit AND n.snap = s.snap
        LEFT JOIN butler_internal.all_visit_range AS r
            ON r.camera = s.camera AND r.visit_range = s.visit_range
        LEFT JOIN butler_internal.all_skymap AS m ON m.skymap = s.skymap
        LEFT JOIN butler_internal.all_tract AS t ON t.skymap = s.skymap AND t.tract = s.tract
        LEFT JOIN butler_internal.all_patch AS a
            ON a.skymap = s.skymap AND a.tract = s.tract AND a.patch = s.patch
        LEFT JOIN butler_internal.all_sky_pixel AS x ON x.sky_pixel = s.sky_pixel
        LEFT JOIN butler_internal.all_label AS l ON l.label = s.label
        CROSS JOIN LATERAL (
            SELECT butler_internal.unknown_unit(
                jsonb_populate_record(NULL::butler_internal.data_id, to_jsonb(s))
            ) AS problem
        ) AS u
        WHERE
            (s.camera IS NOT NULL AND c.camera IS NULL)
            OR (s.abstract_filter IS NOT NULL AND b.abstract_filter IS NULL)
            OR (s.physical_filter IS NOT NULL AND f.camera IS NULL)
            OR (s.sensor IS NOT NULL AND p.camera IS NULL)
            OR (s.visit IS NOT NULL AND v.camera IS NULL)
            OR (s.sensor IS NOT NULL AND s.visit IS NOT NULL AND o.camera IS NULL)
            OR (s.snap IS NOT NULL AND n.camera IS NULL)
            OR (s.visit_range IS NOT NULL AND r.camera IS NULL)
            OR (s.skymap IS NOT NULL AND m.skymap IS NULL)
            OR (s.tract IS NOT NULL AND t.skymap IS NULL)
            OR (s.patch IS NOT NULL AND a.skymap IS NULL)
            OR (s.sky_pixel IS NOT NULL AND x.sky_pixel IS NULL)
            OR (s.label IS NOT NULL AND l.label IS NULL)
    ),
    worst AS (
        SELECT DISTINCT ON (p.n) p.* FROM problem AS p ORDER BY p.n, p.code DESC
    )
    SELECT jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
        'row', w.n, 'code', w.code, 'message', w.message, 'hint', w.hint, 'existing', e.dataset_id
    )) ORDER BY w.n) INTO v_problems
    FROM worst AS w
    LEFT JOIN existing AS e ON e.n = w.n;
    RETURN v_problems;
END;
$$;

COMMENT ON FUNCTION butler_internal.staged_problems(integer, integer, bigint, integer, text, boolean) IS
'What is wrong with the rows of the staging table: the worst of each bad row, as raise_rows takes it; null if nothing is.';

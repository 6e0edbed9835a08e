-- Called after constraints or counts have refused a put, and what it wrote is rolled back. A dataset that is registered
-- exactly as it is given has no problem, whatever its age: the answer to the first call was lost. It isn't planned as put is, for
-- which an index costs so little that to read one whole looks cheap.
CREATE OR REPLACE FUNCTION butler_internal.put_problems(
    p_run_id integer, p_collection_id bigint, p_run text, p_datasets jsonb, p_now timestamptz
)
RETURNS jsonb
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
SET random_page_cost = 1.1
AS $$
DECLARE
    v_held constant boolean := butler_internal.is_held(p_run_id, p_now);
BEGIN
    RETURN (
        WITH given AS (
            SELECT
                d.n::integer AS n, d.row, d.row ->> 'dataset_type' AS dataset_type, d.row -> 'data_id' AS data_id,
                CASE jsonb_typeof(d.row -> 'artifacts') WHEN 'array' THEN d.row -> 'artifacts' ELSE '[]' END AS artifacts,
                CASE
                    WHEN d.row ->> 'dataset_id' ~* '^[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}$'
                        THEN (d.row ->> 'dataset_id')::uuid
                END AS dataset_id
            FROM jsonb_array_elements(p_datasets) WITH ORDINALITY AS d (row, n)
        ),
        read AS (
            SELECT
                g.*, t.dataset_type_id, r.data_id AS units, r.digest, r.problem,
                d.state = 'present' AND d.run_id = p_run_id AND d.dataset_type_id = t.dataset_type_id
                AND d.digest = r.digest AND butler_internal.has_artifacts(d.dataset_id, g.artifacts) AS same
            FROM given AS g
            LEFT JOIN butler_internal.all_dataset_type AS t ON t.dataset_type = g.dataset_type
            LEFT JOIN LATERAL butler_internal.read_data_ids(
                coalesce(t.unit_mask, 0), jsonb_build_array(g.data_id)
            ) AS r ON t.dataset_type_id IS NOT NULL
            LEFT JOIN butler_internal.dataset AS d ON d.dataset_id = g.dataset_id
        ),
        existing AS (
            SELECT r.n, d.dataset_id
            FROM read AS r
            INNER JOIN butler_internal.dataset AS d
                ON
                    d.run_id = p_run_id AND d.dataset_type_id = r.dataset_type_id AND d.digest = r.digest
                    AND d.state <> 'removed'
        ),
        problem AS (
            SELECT
                r.n, 'UB301' AS code,
                format('%s is no dataset id', coalesce(r.row -> 'dataset_id', r.row)) AS message,
                'Give an object with dataset_id, dataset_type, data_id and artifacts; a new version 7 UUID for each.' AS hint
            FROM read AS r
            WHERE r.dataset_id IS NULL
            UNION ALL
            SELECT
                r.n, 'UB102', format('no dataset type %L', r.dataset_type), butler_common.did_you_mean(
                    r.dataset_type, ARRAY(SELECT t.dataset_type FROM butler_internal.all_dataset_type AS t ORDER BY 1)
                )
            FROM read AS r
            WHERE r.dataset_type_id IS NULL
            UNION ALL
            SELECT r.n, u.problem ->> 'code', u.problem ->> 'message', u.problem ->> 'hint'
            FROM read AS r
            CROSS JOIN LATERAL (SELECT coalesce(r.problem, butler_internal.unknown_unit(r.units)) AS problem) AS u
            WHERE r.dataset_type_id IS NOT NULL AND u.problem IS NOT NULL
            UNION ALL
            SELECT
                r.n, 'UB402', format('dataset %s has no artifact to be registered with', r.dataset_id),
                'Give at least one: where its bytes lie.'
            FROM read AS r
            WHERE r.dataset_id IS NOT NULL AND r.artifacts = '[]'
            UNION ALL
            SELECT r.n, a.problem ->> 'code', a.problem ->> 'message', a.problem ->> 'hint'
            FROM read AS r
            CROSS JOIN LATERAL jsonb_array_elements(r.artifacts) AS e
            CROSS JOIN LATERAL (SELECT butler_internal.artifact_problem(e) AS problem) AS a
            WHERE r.same IS NOT TRUE AND a.problem IS NOT NULL
            UNION ALL
            SELECT r.n, 'UB201', format('dataset id %s is taken', r.dataset_id), 'Make a new id for each dataset.'
            FROM read AS r
            WHERE
                r.same IS NOT TRUE
                AND EXISTS (SELECT FROM butler_common.registered_datasets(ARRAY[r.dataset_id]))
            UNION ALL
            SELECT
                r.n, 'UB201', format('run %s has %s of this data ID already: dataset %s', p_run, r.dataset_type, e.dataset_id),
                'Datasets never change: put into another run, or remove the one that is there.'
            FROM read AS r
            INNER JOIN existing AS e ON e.n = r.n
            WHERE r.same IS NOT TRUE
            UNION ALL
            SELECT
                r.n, 'UB201', format('run %s has %s of this data ID as an input: dataset %s', p_run, r.dataset_type, t.dataset_id),
                'Put into another run: a run''s outputs and its inputs have different data IDs.'
            FROM read AS r
            INNER JOIN butler_internal.dataset_tag AS t
                ON
                    t.collection_id = p_collection_id AND t.dataset_type_id = r.dataset_type_id
                    AND t.digest = r.digest AND upper_inf(t.known)
            WHERE r.same IS NOT TRUE
            UNION ALL
            SELECT t.n, 'UB201', 'the data ID is given twice', 'A run holds one dataset of a type and data ID.'
            FROM (
                SELECT r.n, count(*) OVER (PARTITION BY r.dataset_type_id, r.digest) AS times
                FROM read AS r
                WHERE r.digest IS NOT NULL
            ) AS t
            WHERE t.times > 1
            UNION ALL
            SELECT t.n, 'UB201', format('dataset id %s is given twice', t.dataset_id), 'Make a new id for each dataset.'
            FROM (
                SELECT r.n, r.dataset_id, count(*) OVER (PARTITION BY r.dataset_id) AS times FROM read AS r
            ) AS t
            WHERE t.dataset_id IS NOT NULL AND t.times > 1
            UNION ALL
            SELECT r.n, a.problem ->> 'code', a.problem ->> 'message', a.problem ->> 'hint'
            FROM read AS r
            CROSS JOIN LATERAL (SELECT butler_internal.age_problem(r.dataset_id, p_now) AS problem) AS a
            WHERE r.dataset_id IS NOT NULL AND r.same IS NOT TRUE AND NOT v_held AND a.problem IS NOT NULL
            UNION ALL
            SELECT
                r.n, 'UB402', format('the file %s may be gone: it bears the id of no dataset, %s', f.path, f.id),
                'Ingest the file anew; or hold the run by hold_run before it is written.'
            FROM read AS r
            CROSS JOIN LATERAL jsonb_array_elements(r.artifacts) AS e
            CROSS JOIN LATERAL (SELECT e ->> 'path' AS path, butler_common.id_in_path(e ->> 'path') AS id) AS f
            WHERE
                r.same IS NOT TRUE AND NOT v_held AND strpos(f.path, ':') = 0
                AND f.id NOT IN (SELECT o.dataset_id FROM read AS o WHERE o.dataset_id IS NOT NULL)
                AND EXISTS (SELECT FROM butler_internal.unnamed_files(ARRAY[f.id], p_now))
        ),
        worst AS (
            SELECT DISTINCT ON (p.n) p.* FROM problem AS p ORDER BY p.n, p.code DESC, p.message
        )
        SELECT jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
            'row', w.n, 'code', w.code, 'message', w.message, 'hint', w.hint,
            'dataset_type', r.dataset_type, 'data_id', r.data_id, 'existing', e.dataset_id
        )) ORDER BY w.n)
        FROM worst AS w
        INNER JOIN read AS r ON r.n = w.n
        LEFT JOIN existing AS e ON e.n = w.n
    );
END;
$$;

COMMENT ON FUNCTION butler_internal.put_problems(integer, bigint, text, jsonb, timestamptz) IS
'What is wrong with the datasets of a put: the worst of each bad one, as raise_rows takes it; null if nothing is.';

-- object: function butler.merge_datasets(text, text, text, boolean, bigint)
-- requires: functions/bulk/stage_datasets.sql functions/collections/register_collection.sql functions/internal/own_collection.sql functions/internal/find_dataset_type.sql functions/internal/unknown_unit.sql functions/internal/check_quantum.sql shared/raise_rows.sql shared/registered_datasets.sql shared/require_read_committed.sql shared/stored_path.sql
--
-- The checks are there to name all bad rows; the constraints of dataset and artifact are what
-- refuses them, so a row that slips between the two still can't come in.
CREATE OR REPLACE FUNCTION butler.merge_datasets(
    p_run text,
    p_dataset_type text,
    p_datastore text,
    p_skip_existing boolean DEFAULT false,
    p_quantum_id bigint DEFAULT NULL
)
RETURNS TABLE (row_number integer, existing uuid, same_bytes boolean)
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_type record;
    v_collection bigint;
    v_run integer;
    v_datastore integer;
    v_problems jsonb;
    v_now timestamptz;
    v_filed uuid[];
BEGIN
    PERFORM butler_shared.require_read_committed('datasets can be filed');
    PERFORM set_config('synchronous_commit', 'on', true);
    IF NOT EXISTS (
        SELECT FROM pg_class AS c
        INNER JOIN pg_roles AS r ON r.oid = c.relowner
        WHERE
            c.oid = to_regclass('pg_temp.butler_stage_dataset')
            AND c.relkind = 'r' AND r.rolname = current_user
    ) THEN
        PERFORM butler_shared.raise_error(
            'UB301', 'no staging table was made in this transaction',
            'Call stage_datasets() first, and COPY into it.'
        );
    END IF;
    SELECT * INTO v_type FROM butler_internal.find_dataset_type(p_dataset_type);
    -- In this transaction, so that a load which is refused leaves no run either.
    IF NOT EXISTS (
        SELECT FROM butler_internal.all_collection AS c WHERE c.collection = p_run AND c.removed IS NULL
    ) THEN
        PERFORM butler.register_collection(p_run, 'run');
    END IF;
    v_collection := butler_internal.own_collection(p_run, 'run');
    SELECT r.run_id INTO v_run FROM butler_internal.run AS r WHERE r.collection_id = v_collection;
    SELECT d.datastore_id INTO v_datastore
    FROM butler_internal.all_datastore AS d WHERE d.datastore = p_datastore;
    IF NOT FOUND THEN
        PERFORM butler_shared.raise_error(
            'UB301', format('no datastore %L', p_datastore), 'Register it by register_datastore.',
            jsonb_build_object('datastore', p_datastore)
        );
    END IF;
    PERFORM butler_internal.check_quantum(p_quantum_id, v_run, p_run);
    PERFORM pg_advisory_xact_lock_shared(7310001, v_collection::integer);
    -- It may have been frozen while this waited.
    PERFORM butler_internal.own_collection(p_run, 'run');
    v_now := clock_timestamp();
    -- Not when the table is made: the caller may not run the function.
    ALTER TABLE pg_temp.butler_stage_dataset
    ADD COLUMN digest uuid GENERATED ALWAYS AS (butler_shared.data_id_digest(
        camera, abstract_filter, physical_filter, sensor, visit, snap, visit_range,
        skymap, tract, patch, sky_pixel, label
    )) STORED,
    ADD COLUMN unit_mask smallint GENERATED ALWAYS AS (butler_shared.unit_mask(
        camera, abstract_filter, physical_filter, sensor, visit, snap, visit_range,
        skymap, tract, patch, sky_pixel, label
    )) STORED;
    ANALYZE pg_temp.butler_stage_dataset;

    -- Whoever gives one of these puts up meanwhile waits, and then finds the dataset.
    PERFORM FROM butler_internal.put_intent AS i
    WHERE i.dataset_id IN (SELECT s.dataset_id FROM pg_temp.butler_stage_dataset AS s)
    ORDER BY i.dataset_id
    FOR UPDATE;

    WITH existing AS (
        SELECT s.row_number AS n, d.dataset_id
        FROM pg_temp.butler_stage_dataset AS s
        INNER JOIN butler_internal.dataset AS d
            ON
                d.run_id = v_run AND d.dataset_type_id = v_type.dataset_type_id
                AND d.digest = s.digest AND d.state <> 'removed'
        WHERE NOT p_skip_existing
    ),
    problem AS (
        SELECT
            s.row_number AS n,
            'UB201' AS code,
            format('run %s has dataset %s of this data ID as an input', p_run, t.dataset_id) AS message,
            'Put into another run: what a run makes and what it reads don''t meet.' AS hint
        FROM pg_temp.butler_stage_dataset AS s
        INNER JOIN butler_internal.dataset_tag AS t
            ON
                t.collection_id = v_collection AND t.dataset_type_id = v_type.dataset_type_id
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
            s.row_number, 'UB301',
            format('the data ID has %s', coalesce(butler_internal.unit_list(s.unit_mask), 'no units')),
            'It takes ' || coalesce(butler_internal.unit_list(v_type.unit_mask), 'no units') || '.'
        FROM pg_temp.butler_stage_dataset AS s
        WHERE s.unit_mask <> v_type.unit_mask
        UNION ALL
        SELECT s.n, 'UB301', 'its dataset id is given with two data IDs', 'Rows of one dataset share its data ID.'
        FROM (
            SELECT min(s.row_number) AS n
            FROM pg_temp.butler_stage_dataset AS s
            GROUP BY s.dataset_id
            HAVING min(s.digest::text) <> max(s.digest::text)
        ) AS s
        UNION ALL
        SELECT s.row_number, 'UB201', format('dataset id %s is taken', s.dataset_id), 'Make a new id for each dataset.'
        FROM pg_temp.butler_stage_dataset AS s
        INNER JOIN butler_shared.registered_datasets(
            ARRAY(SELECT DISTINCT g.dataset_id FROM pg_temp.butler_stage_dataset AS g)
        ) AS r (dataset_id) ON r.dataset_id = s.dataset_id
        WHERE NOT p_skip_existing OR NOT EXISTS (
            SELECT FROM butler_internal.dataset AS d
            WHERE
                d.dataset_id = s.dataset_id AND d.run_id = v_run AND d.digest = s.digest AND d.state <> 'removed'
        )
        UNION ALL
        SELECT
            s.row_number, 'UB101', format('the put of dataset %s was given up', s.dataset_id),
            'Begin it again; the bytes written for it belong to nothing.'
        FROM pg_temp.butler_stage_dataset AS s
        INNER JOIN butler_internal.put_intent AS i ON i.dataset_id = s.dataset_id
        WHERE i.given_up IS NOT NULL
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
                s.camera, s.abstract_filter, s.physical_filter, s.sensor, s.visit, s.snap, s.visit_range,
                s.skymap, s.tract, s.patch, s.sky_pixel, s.label
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
    PERFORM butler_shared.raise_rows(v_problems);

    WITH filed AS (
        INSERT INTO butler_internal.dataset (
            dataset_id, run_id, dataset_type_id, quantum_id,
            camera, abstract_filter, physical_filter, sensor, visit, snap, visit_range,
            skymap, tract, patch, sky_pixel, label, created
        )
        SELECT
            s.dataset_id, v_run, v_type.dataset_type_id, p_quantum_id,
            s.camera, s.abstract_filter, s.physical_filter, s.sensor, s.visit, s.snap, s.visit_range,
            s.skymap, s.tract, s.patch, s.sky_pixel, s.label, v_now
        FROM (
            -- Two sessions that file the same data IDs meet them in the same order.
            SELECT DISTINCT ON (g.visit, g.sensor, g.digest) g.*
            FROM pg_temp.butler_stage_dataset AS g
            ORDER BY g.visit, g.sensor, g.digest
        ) AS s
        ON CONFLICT (run_id, dataset_type_id, digest) WHERE state <> 'removed' DO NOTHING
        RETURNING dataset_id
    ),
    stored AS (
        INSERT INTO butler_internal.artifact (dataset_id, datastore_id, component, path, formatter, size, sha256)
        SELECT
            s.dataset_id, v_datastore, coalesce(s.component, ''), butler_shared.stored_path(s.path, s.dataset_id),
            s.formatter, s.size, s.sha256
        FROM pg_temp.butler_stage_dataset AS s
        INNER JOIN filed AS f ON f.dataset_id = s.dataset_id
    ),
    ended AS (
        DELETE FROM butler_internal.put_intent AS i
        USING filed AS f
        WHERE i.dataset_id = f.dataset_id
    )
    SELECT array_agg(f.dataset_id) INTO v_filed
    FROM filed AS f;
    IF cardinality(v_filed) IS DISTINCT FROM (
        SELECT nullif(count(DISTINCT s.dataset_id), 0) FROM pg_temp.butler_stage_dataset AS s
    ) THEN
        IF NOT p_skip_existing THEN
            PERFORM butler_shared.raise_error(
                'UB201', 'another process put a dataset of the same type and data ID into the run meanwhile',
                'Load again, and skip what exists.'
            );
        END IF;
        RETURN QUERY
        SELECT s.row_number, d.dataset_id, EXISTS (
            SELECT FROM butler_internal.artifact AS a
            WHERE a.dataset_id = d.dataset_id AND a.size = s.size AND a.sha256 = s.sha256
        )
        FROM pg_temp.butler_stage_dataset AS s
        INNER JOIN butler_internal.dataset AS d
            ON
                d.run_id = v_run AND d.dataset_type_id = v_type.dataset_type_id
                AND d.digest = s.digest AND d.state <> 'removed'
        WHERE s.dataset_id <> ALL (coalesce(v_filed, '{}'))
        ORDER BY s.row_number;
    END IF;
    -- So that a transaction may load datasets of several types.
    DROP TABLE pg_temp.butler_stage_dataset;
END;
$$;

COMMENT ON FUNCTION butler.merge_datasets(text, text, text, boolean, bigint) IS
'File what was copied into the staging table as datasets of one type in a run, made if need be. A row is one artifact; rows of
one dataset share its id. All or none: one error names every bad row. Datasets of a data ID that the run has
are an error, or passed over if asked. Returns the rows passed over, each with the dataset that the run has
and whether that has an artifact of the same bytes.';

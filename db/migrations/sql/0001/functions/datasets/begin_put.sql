-- object: function butler.begin_put(text, text, jsonb, text, text, bigint, boolean)
-- requires: functions/internal/read_data_ids.sql functions/internal/unknown_unit.sql functions/internal/find_dataset_type.sql functions/internal/own_collection.sql functions/internal/fill_template.sql functions/internal/data_id_json.sql functions/collections/register_collection.sql functions/internal/check_quantum.sql functions/internal/unit_array.sql
--
-- Everything that can be refused is refused here, before a byte is written. The intent says what is
-- about to be; it is committed asynchronously, as losing it in a crash of the server leaves at worst
-- an orphan file that verify names.
CREATE OR REPLACE FUNCTION butler.begin_put(
    p_run text,
    p_dataset_type text,
    p_data_ids jsonb,
    p_template text,
    p_datastore text,
    p_quantum_id bigint DEFAULT NULL,
    p_skip_existing boolean DEFAULT false
)
RETURNS TABLE (
    row_number integer,
    dataset_id uuid,
    data_id jsonb,
    hint text,
    storage_class text,
    units text[],
    needs_environment boolean,
    there_already boolean
)
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
#variable_conflict use_column
DECLARE
    v_type record;
    v_run butler_internal.run;
    v_datastore integer;
    v_problems jsonb;
    v_alone constant boolean := pg_current_xact_id_if_assigned() IS NULL;
BEGIN
    SELECT * INTO v_type FROM butler_internal.find_dataset_type(p_dataset_type);
    -- In this transaction, so that a put which is refused leaves no run either.
    IF NOT EXISTS (
        SELECT FROM butler_internal.all_collection AS c WHERE c.collection = p_run AND c.removed IS NULL
    ) THEN
        PERFORM butler.register_collection(p_run, 'run');
    END IF;
    -- Not where the caller's transaction has written before: that must last.
    IF v_alone THEN
        PERFORM set_config('synchronous_commit', 'off', true);
    END IF;
    SELECT r.* INTO v_run
    FROM butler_internal.run AS r
    WHERE r.collection_id = butler_internal.own_collection(p_run, 'run');
    SELECT s.datastore_id INTO v_datastore FROM butler_internal.all_datastore AS s WHERE s.datastore = p_datastore;
    IF NOT FOUND THEN
        PERFORM butler_shared.raise_error(
            'UB301', format('no datastore %L', p_datastore), 'Register it by register_datastore.',
            jsonb_build_object('datastore', p_datastore)
        );
    END IF;
    PERFORM butler_internal.check_quantum(p_quantum_id, v_run.run_id, p_run);

    WITH read AS (
        SELECT r.*, butler_shared.data_id_digest(
            r.camera, r.abstract_filter, r.physical_filter, r.sensor, r.visit, r.snap, r.visit_range,
            r.skymap, r.tract, r.patch, r.sky_pixel, r.label
        ) AS digest
        FROM butler_internal.read_data_ids(v_type.unit_mask, p_data_ids) AS r
    ),
    checked AS (
        SELECT
            r.row_number,
            coalesce(
                r.problem,
                butler_internal.unknown_unit(
                    r.camera, r.abstract_filter, r.physical_filter, r.sensor, r.visit, r.snap, r.visit_range,
                    r.skymap, r.tract, r.patch, r.sky_pixel, r.label
                ),
                (
                    SELECT jsonb_build_object(
                        'code', 'UB201',
                        'message', format('run %s has %s of this data ID already: dataset %s', p_run, p_dataset_type, d.dataset_id),
                        'hint', 'Datasets never change: put into another run, or remove the one that is there.',
                        'existing', d.dataset_id
                    )
                    FROM butler_internal.dataset AS d
                    WHERE
                        d.run_id = v_run.run_id AND d.dataset_type_id = v_type.dataset_type_id
                        AND d.digest = r.digest AND d.state <> 'removed' AND NOT p_skip_existing
                ),
                (
                    SELECT jsonb_build_object(
                        'code', 'UB201',
                        'message', format('run %s has %s of this data ID as an input: dataset %s', p_run, p_dataset_type, t.dataset_id),
                        'hint', 'Put into another run: what a run makes and what it reads don''t meet.',
                        'existing', t.dataset_id
                    )
                    FROM butler_internal.dataset_tag AS t
                    WHERE
                        v_run.has_inputs AND t.collection_id = v_run.collection_id
                        AND t.dataset_type_id = v_type.dataset_type_id AND t.digest = r.digest AND upper_inf(t.known)
                ),
                CASE WHEN count(*) OVER (PARTITION BY r.digest) > 1 THEN jsonb_build_object(
                    'code', 'UB201',
                    'message', 'the data ID is given twice',
                    'hint', 'A run holds one dataset of a type and data ID.'
                ) END
            ) || jsonb_build_object(
                'row', r.row_number, 'dataset_type', p_dataset_type,
                'data_id', p_data_ids -> (r.row_number - 1)
            ) AS problem
        FROM read AS r
    )
    SELECT jsonb_agg(c.problem ORDER BY c.row_number) INTO v_problems
    FROM checked AS c
    WHERE c.problem IS NOT NULL;
    PERFORM butler_shared.raise_rows(v_problems);

    RETURN QUERY
    WITH read AS (
        SELECT
            r.*,
            d.dataset_id IS NOT NULL AS there_already,
            coalesce(d.dataset_id, butler_shared.uuid7()) AS id,
            butler_internal.data_id_json(
                r.camera, r.abstract_filter, r.physical_filter, r.sensor, r.visit, r.snap, r.visit_range,
                r.skymap, r.tract, r.patch, r.sky_pixel, r.label
            ) AS json
        FROM butler_internal.read_data_ids(v_type.unit_mask, p_data_ids) AS r
        -- One that another process has put since the check above isn't there for this one: begin, and
        -- be refused at the end.
        LEFT JOIN butler_internal.dataset AS d
            ON
                p_skip_existing AND d.run_id = v_run.run_id AND d.dataset_type_id = v_type.dataset_type_id
                AND d.state <> 'removed'
                AND d.digest = butler_shared.data_id_digest(
                    r.camera, r.abstract_filter, r.physical_filter, r.sensor, r.visit, r.snap, r.visit_range,
                    r.skymap, r.tract, r.patch, r.sky_pixel, r.label
                )
    ),
    named AS MATERIALIZED (
        SELECT
            r.*,
            butler_internal.fill_template(p_template, jsonb_strip_nulls(jsonb_build_object(
                'visit_name', v.visit_name,
                'night', v.night,
                'observation_type', v.observation_type,
                'target_name', v.target_name,
                'physical_filter', v.physical_filter,
                'abstract_filter', f.abstract_filter,
                'sensor_name', s.sensor_name
            )) || r.json || jsonb_build_object(
                'run', p_run,
                'dataset_type', p_dataset_type,
                'data_id', coalesce((
                    SELECT string_agg(coalesce(
                        CASE u.unit WHEN 'sensor' THEN s.sensor_name WHEN 'visit' THEN v.visit_name END,
                        r.json ->> u.unit
                    ), '_' ORDER BY array_position(
                        '{camera,visit,snap,visit_range,sensor,physical_filter,abstract_filter,skymap,tract,patch,sky_pixel,label}', u.unit
                    ))
                    FROM butler_shared.unit AS u
                    WHERE r.json ? u.unit
                ), '')
            )) AS hint
        FROM read AS r
        LEFT JOIN butler_internal.all_visit AS v ON v.camera = r.camera AND v.visit = r.visit
        LEFT JOIN butler_internal.all_physical_filter AS f
            ON f.camera = r.camera AND f.physical_filter = coalesce(r.physical_filter, v.physical_filter)
        LEFT JOIN butler_internal.all_physical_sensor AS s ON s.camera = r.camera AND s.sensor = r.sensor
    ),
    intended AS (
        INSERT INTO butler_internal.put_intent (
            dataset_id, run_id, dataset_type_id, datastore_id, quantum_id,
            camera, abstract_filter, physical_filter, sensor, visit, snap, visit_range,
            skymap, tract, patch, sky_pixel, label,
            hint, begun, begun_by
        )
        SELECT
            n.id, v_run.run_id, v_type.dataset_type_id, v_datastore, p_quantum_id,
            n.camera, n.abstract_filter, n.physical_filter, n.sensor, n.visit, n.snap, n.visit_range,
            n.skymap, n.tract, n.patch, n.sky_pixel, n.label,
            n.hint, clock_timestamp(), session_user
        FROM named AS n
        WHERE NOT n.there_already
    )
    SELECT
        n.row_number, n.id, n.json, n.hint, v_type.storage_class,
        butler_internal.unit_array(v_type.unit_mask),
        v_run.environment IS NULL,
        n.there_already
    FROM named AS n
    ORDER BY n.row_number;
END;
$$;

COMMENT ON FUNCTION butler.begin_put(text, text, jsonb, text, text, bigint, boolean) IS
'Begin to put datasets of one type into a run, which is made if it isn''t there: data IDs as a JSON
array of objects, the datastore''s
file-name template, the datastore. Gives each its id, its complete data ID and its filled template; what the
run has already is an error, or is given with the id that it has, if asked to pass over it.
Raises UB102, UB103, UB104, UB201, UB301, UB302, UB305 or UB401 and begins none.';

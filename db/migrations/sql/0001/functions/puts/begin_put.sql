-- What can be refused is refused here, before the writer writes a byte. The intent says what is about to be
-- written; its commit is asynchronous, as losing it in a crash of the server leaves at worst an orphan file,
-- which verify names. A loop, as one statement for all rows takes longer to set up than these small ones take
-- for a row, and no less for each of many.
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
    v_run record;
    v_datastore integer;
    v_given record;
    v_units butler_internal.data_id;
    v_digests uuid[];
    v_existing uuid;
    v_wrong jsonb;
    v_problems jsonb[];
    -- Most templates have no names of units to look up.
    v_by_name constant boolean := p_template ~ '\{(?!(run|dataset_type|data_id)\})';
    v_alone constant boolean := pg_current_xact_id_if_assigned() IS NULL;
BEGIN
    SELECT * INTO v_type FROM butler_internal.find_dataset_type(p_dataset_type);
    SELECT * INTO v_run FROM butler_internal.run_to_put_into(p_run);
    -- Not where the caller's transaction has written before: what it wrote must last.
    IF v_alone THEN
        PERFORM set_config('synchronous_commit', 'off', true);
    END IF;
    SELECT s.datastore_id INTO v_datastore FROM butler_internal.all_datastore AS s WHERE s.datastore = p_datastore;
    IF NOT FOUND THEN
        PERFORM butler_common.raise_error(
            'UB301', format('no datastore %L', p_datastore), 'Register it by the command datastore add, or by register_datastore.',
            jsonb_build_object('datastore', p_datastore)
        );
    END IF;
    IF p_quantum_id IS NOT NULL THEN
        PERFORM butler_internal.check_quantum(p_quantum_id, v_run.run_id, p_run);
    END IF;
    storage_class := v_type.storage_class;
    units := butler_internal.unit_array(v_type.unit_mask);
    needs_environment := v_run.environment IS NULL;

    FOR v_given IN
        SELECT r.*, butler_internal.data_id_json(r.data_id) AS json
        FROM butler_internal.read_data_ids(v_type.unit_mask, p_data_ids) AS r
    LOOP
        v_units := v_given.data_id;
        v_digests := v_digests || v_given.digest;
        v_wrong := coalesce(v_given.problem, butler_internal.unknown_unit(v_units));
        -- A dataset that another process registers from here on isn't seen: this put begins, and finish_put
        -- refuses it.
        SELECT d.dataset_id INTO v_existing
        FROM butler_internal.dataset AS d
        WHERE
            d.run_id = v_run.run_id AND d.dataset_type_id = v_type.dataset_type_id
            AND d.digest = v_given.digest AND d.state <> 'removed';
        IF v_wrong IS NULL AND FOUND AND NOT p_skip_existing THEN
            v_wrong := jsonb_build_object(
                'code', 'UB201',
                'message', format('run %s has %s of this data ID already: dataset %s', p_run, p_dataset_type, v_existing),
                'hint', 'Datasets never change: put into another run, or remove the one that is there.',
                'existing', v_existing
            );
        ELSIF v_wrong IS NULL AND v_run.has_inputs THEN
            v_wrong := (
                SELECT jsonb_build_object(
                    'code', 'UB201',
                    'message', format('run %s has %s of this data ID as an input: dataset %s', p_run, p_dataset_type, t.dataset_id),
                    'hint', 'Put into another run: a run''s outputs and its inputs have different data IDs.',
                    'existing', t.dataset_id
                )
                FROM butler_internal.dataset_tag AS t
                WHERE
                    t.collection_id = v_run.collection_id AND t.dataset_type_id = v_type.dataset_type_id
                    AND t.digest = v_given.digest AND upper_inf(t.known)
            );
        END IF;
        IF v_wrong IS NOT NULL THEN
            v_problems := v_problems || (v_wrong || jsonb_build_object('row', v_given.row_number));
            CONTINUE;
        END IF;
        row_number := v_given.row_number;
        dataset_id := coalesce(v_existing, butler_common.uuid7());
        data_id := v_given.json;
        there_already := v_existing IS NOT NULL;
        SELECT
            butler_internal.fill_template(
                p_template,
                CASE WHEN v_by_name
                    THEN butler_internal.names_of_units(v_units)
                    ELSE '{}'
                END || v_given.json || jsonb_build_object(
                    'run', p_run,
                    'dataset_type', p_dataset_type,
                    'data_id', concat_ws(
                        '_', v_units.camera, coalesce(v.visit_name, v_units.visit::text), v_units.snap,
                        v_given.json ->> 'visit_range', coalesce(s.sensor_name, v_units.sensor::text),
                        v_units.physical_filter, v_units.abstract_filter, v_units.skymap, v_units.tract,
                        v_units.patch, v_units.sky_pixel, v_units.label
                    )
                )
            )
        INTO hint
        FROM (SELECT v_units.camera AS camera) AS c
        LEFT JOIN butler_internal.all_visit AS v ON v.camera = c.camera AND v.visit = v_units.visit
        LEFT JOIN butler_internal.all_physical_sensor AS s ON s.camera = c.camera AND s.sensor = v_units.sensor;
        IF v_existing IS NULL THEN
            INSERT INTO butler_internal.put_intent (
                dataset_id, run_id, dataset_type_id, datastore_id, quantum_id,
                camera, abstract_filter, physical_filter, sensor, visit, snap, visit_range,
                skymap, tract, patch, sky_pixel, label,
                hint, begun, begun_by
            )
            VALUES (
                dataset_id, v_run.run_id, v_type.dataset_type_id, v_datastore, p_quantum_id,
                (v_units).*,
                hint, clock_timestamp(), butler_common.actor()
            );
        END IF;
        RETURN NEXT;
    END LOOP;

    IF cardinality(v_digests) > 1 THEN
        v_problems := v_problems || ARRAY(
            SELECT jsonb_build_object(
                'row', g.n, 'code', 'UB201', 'message', 'the data ID is given twice',
                'hint', 'A run holds one dataset of a type and data ID.'
            )
            FROM (
                SELECT u.n, count(*) OVER (PARTITION BY u.digest) AS times
                FROM unnest(v_digests) WITH ORDINALITY AS u (digest, n)
            ) AS g
            WHERE g.times > 1
        );
    END IF;
    IF v_problems <> '{}' THEN
        PERFORM butler_common.raise_rows((
            SELECT jsonb_agg(
                p.problem || jsonb_build_object(
                    'dataset_type', p_dataset_type, 'data_id', p_data_ids -> ((p.problem ->> 'row')::integer - 1)
                )
                ORDER BY (p.problem ->> 'row')::integer
            )
            FROM (
                SELECT DISTINCT ON (w ->> 'row') w AS problem
                FROM unnest(v_problems) WITH ORDINALITY AS u (w, n)
                ORDER BY w ->> 'row', u.n
            ) AS p
        ));
    END IF;
END;
$$;

COMMENT ON FUNCTION butler.begin_put(text, text, jsonb, text, text, bigint, boolean) IS
'Begin to put datasets of one type into a run, which is made if it isn''t there: data IDs as a JSON array of
objects, the datastore''s file-name template, the datastore. Returns for each its id, its complete data ID and
its filled template. A data ID of which the run has a dataset already is an error, or comes with the id of that
dataset if p_skip_existing is true. Raises UB102, UB103, UB104, UB201, UB301, UB302, UB305 or UB401 and begins none.';

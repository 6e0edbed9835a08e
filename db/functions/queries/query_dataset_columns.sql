-- Dynamic SQL, so that only the units given become conditions: a condition "not given or equal"
-- would cost the index. Nothing of the caller's is part of its text.
CREATE OR REPLACE FUNCTION butler.query_dataset_columns(
    p_dataset_type text,
    p_collections text[],
    p_data_id jsonb DEFAULT '{}',
    p_find_first boolean DEFAULT true,
    p_as_of timestamptz DEFAULT NULL
)
RETURNS TABLE (
    dataset_id uuid,
    camera text,
    abstract_filter text,
    physical_filter text,
    sensor integer,
    visit bigint,
    snap integer,
    visit_range int8range,
    skymap text,
    tract integer,
    patch integer,
    sky_pixel bigint,
    label text,
    run text,
    collection text
)
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
-- For two sorts of a hundred thousand rows without the disk.
SET work_mem = '32MB'
AS $$
#variable_conflict use_column
DECLARE
    v_type record;
    v_given record;
    v_wanted butler_internal.dataset;
    v_foreign text;
    v_mask integer;
    v_conditions text;
    v_order text;
    v_chosen text;
BEGIN
    SELECT * INTO v_type FROM butler_internal.find_dataset_type(p_dataset_type);
    IF jsonb_typeof(p_data_id) IS DISTINCT FROM 'object' THEN
        PERFORM butler_common.raise_error(
            'UB301', 'the data ID is not a JSON object', 'Write {"camera": "…", "visit": 1}.'
        );
    END IF;
    SELECT k INTO v_foreign
    FROM jsonb_object_keys(p_data_id) AS k
    INNER JOIN butler_common.unit_word AS w ON w.word = k
    INNER JOIN butler_common.unit AS u ON u.unit = w.unit
    WHERE (v_type.unit_mask >> u.position) & 1 = 0
    ORDER BY k
    LIMIT 1;
    IF FOUND THEN
        PERFORM butler_common.raise_error(
            'UB301', format('unit %s is not one of dataset type %s', v_foreign, p_dataset_type),
            'It has ' || coalesce(butler_internal.unit_list(v_type.unit_mask), 'no units') || '.',
            jsonb_build_object('unit', v_foreign, 'dataset_type', p_dataset_type)
        );
    END IF;
    SELECT coalesce(bit_or(1 << u.position), 0) INTO v_mask
    FROM jsonb_object_keys(p_data_id) AS k
    INNER JOIN butler_common.unit_word AS w ON w.word = k
    INNER JOIN butler_common.unit AS u ON u.unit = w.unit;
    SELECT * INTO v_given FROM butler_internal.read_data_ids(
        -- A visit or sensor by name needs its camera to be found.
        v_mask | CASE
            WHEN v_type.unit_mask & 1 = 1 AND p_data_id @? '$.keyvalue() ? (@.key != "camera" && @.value.type() == "string")'
                THEN 1
            ELSE 0
        END,
        jsonb_build_array(p_data_id)
    );
    PERFORM butler_common.raise_rows(jsonb_build_array(v_given.problem)) WHERE v_given.problem IS NOT NULL;
    v_wanted := jsonb_populate_record(NULL::butler_internal.dataset, to_jsonb(v_given) - 'problem');
    SELECT string_agg(format(' AND d.%1$I = ($4).%1$I', u.unit), '') INTO v_conditions
    FROM butler_common.unit AS u
    WHERE (v_mask >> u.position) & 1 = 1;
    SELECT string_agg('m.' || u.unit, ', ' ORDER BY array_position(
        '{camera,skymap,visit,tract,patch,sensor,snap,physical_filter,abstract_filter,visit_range,sky_pixel,label}',
        u.unit
    )) INTO v_order
    FROM butler_common.unit AS u
    WHERE (v_type.unit_mask >> u.position) & 1 = 1;
    -- What a collection holds now has each data ID once.
    v_chosen := CASE WHEN p_find_first AND (p_as_of IS NOT NULL OR 1 < (
        SELECT count(*) FROM butler_internal.flatten_collections(p_collections, p_as_of)
    )) THEN '(SELECT DISTINCT ON (a.digest) a.* FROM member AS a ORDER BY a.digest, a.place)' ELSE 'member' END;
    RETURN QUERY EXECUTE format(
        $q$
        WITH searched AS MATERIALIZED (
            SELECT f.* FROM butler_internal.flatten_collections($1, $3) AS f
        ),
        -- Columns are named: the wide rows of dataset would be sorted whole.
        member AS (
            SELECT
                d.dataset_id, d.run_id, d.digest, s.place, s.collection, d.camera, d.abstract_filter,
                d.physical_filter, d.sensor, d.visit, d.snap, d.visit_range, d.skymap, d.tract, d.patch,
                d.sky_pixel, d.label
            FROM searched AS s
            INNER JOIN butler_internal.all_dataset AS d ON d.run_id = s.run_id
            WHERE s.collection_type = 'run' AND d.dataset_type_id = $2
                AND d.state <> 'removed' AND ($3 IS NULL OR d.created <= $3) %1$s
            UNION ALL
            SELECT
                d.dataset_id, d.run_id, d.digest, s.place, s.collection, d.camera, d.abstract_filter,
                d.physical_filter, d.sensor, d.visit, d.snap, d.visit_range, d.skymap, d.tract, d.patch,
                d.sky_pixel, d.label
            FROM searched AS s
            INNER JOIN butler_internal.all_dataset AS d ON d.run_id = s.run_id
            WHERE s.collection_type = 'run' AND d.dataset_type_id = $2
                AND d.state = 'removed' AND d.created <= $3 AND d.changed > $3 %1$s
            UNION ALL
            SELECT
                d.dataset_id, d.run_id, d.digest, s.place, s.collection, d.camera, d.abstract_filter,
                d.physical_filter, d.sensor, d.visit, d.snap, d.visit_range, d.skymap, d.tract, d.patch,
                d.sky_pixel, d.label
            FROM searched AS s
            INNER JOIN butler_internal.all_dataset_tag AS t ON t.collection_id = s.collection_id
            INNER JOIN butler_internal.all_dataset AS d ON d.dataset_id = t.dataset_id
            WHERE s.has_tags AND t.dataset_type_id = $2
                AND CASE WHEN $3 IS NULL THEN upper_inf(t.known) ELSE t.known @> $3 END %1$s
        )
        SELECT
            m.dataset_id,
            m.camera, m.abstract_filter, m.physical_filter, m.sensor, m.visit, m.snap, m.visit_range,
            m.skymap, m.tract, m.patch, m.sky_pixel, m.label,
            r.run, m.collection
        FROM %2$s AS m
        INNER JOIN butler_internal.all_run AS r ON r.run_id = m.run_id
        ORDER BY %3$s m.place, m.dataset_id
        $q$,
        coalesce(v_conditions, ''),
        v_chosen,
        v_order || ', '
    ) USING p_collections, v_type.dataset_type_id, p_as_of, v_wanted;
END;
$$;

COMMENT ON FUNCTION butler.query_dataset_columns(text, text[], jsonb, boolean, timestamptz) IS
'Datasets of a type in these collections, in the order of their labels, for which the units given have the
values given; of several with the same data ID only that of the first collection, unless asked for all.
A column a unit, null for those that the type hasn''t.';

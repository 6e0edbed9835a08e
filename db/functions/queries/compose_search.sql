-- The query is composed, so that only units that are given become conditions (a condition "not given or equal"
-- would cost the index), and only units of the type become columns, which are sorted. Nothing of the caller's is
-- part of its text. Its parameters are the collections, the dataset type, the time and the data ID.
CREATE OR REPLACE FUNCTION butler_internal.compose_search(
    p_dataset_type text,
    p_collections text[],
    p_data_id jsonb,
    p_find_first boolean,
    p_as_of timestamptz
)
RETURNS TABLE (query text, dataset_type_id integer, unit_mask integer, data_id butler_internal.data_id)
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_type record;
    v_given record;
    v_foreign text;
    v_filtered_by text;
    v_mask integer;
    v_columns text;
    v_conditions text;
    v_order text;
    v_chosen text;
    v_members text;
BEGIN
    SELECT * INTO v_type FROM butler_internal.find_dataset_type(p_dataset_type);
    IF jsonb_typeof(p_data_id) IS DISTINCT FROM 'object' THEN
        PERFORM butler_common.raise_error(
            'UB301', 'the data ID is not a JSON object', 'Write {"camera": "…", "visit": 1}.'
        );
    END IF;
    -- A dataset without a band of its own has that of its filter, else of its visit, as in the view dataset.
    SELECT u.unit INTO v_filtered_by
    FROM butler_common.unit AS u
    WHERE u.unit IN ('physical_filter', 'visit') AND (v_type.unit_mask >> u.position) & 1 = 1
    ORDER BY u.position
    LIMIT 1;
    SELECT k INTO v_foreign
    FROM jsonb_object_keys(p_data_id) AS k
    INNER JOIN butler_common.unit_word AS w ON w.word = k
    INNER JOIN butler_common.unit AS u ON u.unit = w.unit
    WHERE
        (v_type.unit_mask >> u.position) & 1 = 0
        AND (u.unit <> 'abstract_filter' OR v_filtered_by IS NULL)
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
            WHEN
                v_type.unit_mask & 1 = 1
                AND p_data_id - '{camera,abstract_filter,band}'::text[] @? '$.keyvalue() ? (@.value.type() == "string")'
                THEN 1
            ELSE 0
        END,
        jsonb_build_array(p_data_id)
    );
    PERFORM butler_common.raise_rows(jsonb_build_array(v_given.problem)) WHERE v_given.problem IS NOT NULL;
    SELECT
        string_agg(format(', d.%I', u.unit), ''),
        string_agg(format(' AND d.%1$I = ($4).%1$I', u.unit), '') FILTER (WHERE (v_mask >> u.position) & 1 = 1),
        string_agg(format('m.%I, ', u.unit), '' ORDER BY array_position(
            '{camera,skymap,visit,tract,patch,sensor,snap,physical_filter,abstract_filter,visit_range,sky_pixel,label}',
            u.unit
        ))
    INTO v_columns, v_conditions, v_order
    FROM butler_common.unit AS u
    WHERE (v_type.unit_mask >> u.position) & 1 = 1;
    IF v_mask & ~v_type.unit_mask <> 0 THEN
        v_conditions := coalesce(v_conditions, '') || CASE v_filtered_by
            WHEN 'physical_filter' THEN
                ' AND (d.camera, d.physical_filter) IN (SELECT f.camera, f.physical_filter '
                'FROM butler_internal.all_physical_filter AS f WHERE f.abstract_filter = ($4).abstract_filter)'
            WHEN 'visit' THEN
                ' AND (d.camera, d.visit) IN (SELECT v.camera, v.visit FROM butler_internal.all_visit AS v '
                'INNER JOIN butler_internal.all_physical_filter AS f '
                'ON f.camera = v.camera AND f.physical_filter = v.physical_filter '
                'WHERE f.abstract_filter = ($4).abstract_filter)'
        END;
    END IF;
    -- What a collection holds now has each data ID once.
    v_chosen := CASE WHEN p_find_first AND (p_as_of IS NOT NULL OR 1 < (
        SELECT count(*) FROM butler_internal.flatten_collections(p_collections, p_as_of)
    )) THEN '(SELECT DISTINCT ON (a.digest) a.* FROM member AS a ORDER BY a.digest, a.place)' ELSE 'member' END;
    -- A branch for each state: what was removed has indexes of its own, of which a read of now then knows nothing.
    SELECT string_agg(format(
        $q$
            SELECT d.dataset_id, d.run_id, d.digest, s.place, s.collection %1$s
            FROM searched AS s
            INNER JOIN butler_internal.all_dataset AS d ON d.run_id = s.run_id
            WHERE s.collection_type = 'run' AND d.dataset_type_id = $2 AND d.state %3$s %2$s
            UNION ALL
            SELECT d.dataset_id, d.run_id, d.digest, s.place, s.collection %1$s
            FROM searched AS s
            INNER JOIN butler_internal.all_dataset_tag AS t ON t.collection_id = s.collection_id
            INNER JOIN butler_internal.all_dataset AS d ON d.dataset_id = t.dataset_id
            -- Said of both: by visit and patch, datasets are found within a type.
            WHERE s.has_tags AND t.dataset_type_id = $2 AND d.dataset_type_id = $2 AND d.state %4$s %2$s
        $q$,
        v_columns, v_conditions, b.of_runs, b.of_tags
    ), 'UNION ALL') INTO v_members
    FROM (
        VALUES
        (true, $q$<> 'removed'$q$, $q$<> 'removed' AND upper_inf(t.known)$q$),
        (false, $q$<> 'removed' AND d.created <= $3$q$, $q$<> 'removed' AND t.known @> $3$q$),
        (false, $q$= 'removed' AND d.created <= $3 AND d.changed > $3$q$, $q$= 'removed' AND t.known @> $3$q$)
    ) AS b (of_now, of_runs, of_tags)
    WHERE b.of_now = (p_as_of IS NULL);
    query := format(
        $q$
        WITH searched AS MATERIALIZED (
            SELECT f.* FROM butler_internal.flatten_collections($1, $3) AS f
        ),
        member AS (%1$s)
        SELECT m.dataset_id, %%s, r.run, m.collection
        FROM %2$s AS m
        INNER JOIN butler_internal.all_run AS r ON r.run_id = m.run_id
        ORDER BY %3$s m.place, m.dataset_id
        $q$,
        v_members, v_chosen, v_order
    );
    dataset_type_id := v_type.dataset_type_id;
    unit_mask := v_type.unit_mask;
    data_id := v_given.data_id;
    RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION butler_internal.compose_search(text, text[], jsonb, boolean, timestamptz) IS
'The query for datasets of a type in these collections, in the order of their data IDs, for which the units given have the
values given; of several with the same data ID only that of the first collection, unless asked for all. The place of
what it gives of the units, columns of m, is marked for format. Raises UB102, UB103, UB301, UB302.';

-- A loop that stops at the first hit: fifty collections cost fifty index look-ups at worst. As of a
-- time, a dataset that the collection held then and that was removed since is an error, not a reason to
-- look in the next collection.
CREATE OR REPLACE FUNCTION butler.find_dataset(
    p_dataset_type text,
    p_data_id jsonb,
    p_collections text[],
    p_as_of timestamptz DEFAULT NULL,
    p_required boolean DEFAULT true
)
RETURNS SETOF butler.found_dataset
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
SET random_page_cost = 0.1
AS $$
#variable_conflict use_column
DECLARE
    v_type record;
    v_given record;
    v_collection record;
    v_id uuid;
    v_removal record;
    v_searched text[] := '{}';
    v_unknown jsonb;
    v_near text;
BEGIN
    IF p_collections IS NULL OR cardinality(p_collections) = 0 THEN
        PERFORM butler_common.raise_error(
            'UB103', 'no collections are given to search', 'Name one or more.'
        );
    END IF;
    SELECT * INTO v_type FROM butler_internal.find_dataset_type(p_dataset_type);
    SELECT * INTO v_given
    FROM butler_internal.read_data_ids(v_type.unit_mask, jsonb_build_array(p_data_id));
    PERFORM butler_common.raise_rows(jsonb_build_array(v_given.problem)) WHERE v_given.problem IS NOT NULL;
    FOR v_collection IN
        SELECT f.* FROM butler_internal.flatten_collections(p_collections, p_as_of) AS f ORDER BY f.place
    LOOP
        v_searched := v_searched || v_collection.collection;
        IF v_collection.collection_type = 'run' AND p_as_of IS NULL THEN
            SELECT d.dataset_id INTO v_id
            FROM butler_internal.all_dataset AS d
            WHERE
                d.run_id = v_collection.run_id AND d.dataset_type_id = v_type.dataset_type_id
                AND d.digest = v_given.digest AND d.state <> 'removed';
        ELSIF v_collection.collection_type = 'run' THEN
            -- Two look-ups, as datasets that were removed have an index of their own.
            SELECT found.dataset_id INTO v_id
            FROM (
                SELECT d.dataset_id, d.created
                FROM butler_internal.all_dataset AS d
                WHERE
                    d.run_id = v_collection.run_id AND d.dataset_type_id = v_type.dataset_type_id
                    AND d.digest = v_given.digest AND d.created <= p_as_of AND d.state <> 'removed'
                UNION ALL
                SELECT d.dataset_id, d.created
                FROM butler_internal.all_dataset AS d
                WHERE
                    d.run_id = v_collection.run_id AND d.dataset_type_id = v_type.dataset_type_id
                    AND d.digest = v_given.digest AND d.created <= p_as_of AND d.state = 'removed' AND d.changed > p_as_of
            ) AS found
            ORDER BY found.created DESC
            LIMIT 1;
        ELSE
            v_id := NULL;
        END IF;
        IF v_id IS NULL AND v_collection.has_tags THEN
            SELECT t.dataset_id INTO v_id
            FROM butler_internal.all_dataset_tag AS t
            WHERE
                t.collection_id = v_collection.collection_id AND t.dataset_type_id = v_type.dataset_type_id
                AND t.digest = v_given.digest
                AND CASE WHEN p_as_of IS NULL THEN upper_inf(t.known) ELSE t.known @> p_as_of END;
        END IF;
        EXIT WHEN v_id IS NOT NULL;
    END LOOP;
    IF v_id IS NOT NULL THEN
        -- By its id alone: where few were removed when the table was analysed, a condition on the state has the
        -- planner read the whole index of these.
        SELECT d.state = 'removed' AS is_removed, d.changed, d.changed_by, d.change_reason INTO v_removal
        FROM butler_internal.all_dataset AS d WHERE d.dataset_id = v_id;
        IF v_removal.is_removed THEN
            PERFORM butler_common.raise_error(
                'UB402',
                format(
                    'dataset %s was removed at %s by %s: %s', v_id, to_jsonb(v_removal.changed) #>> '{}',
                    coalesce(v_removal.changed_by, 'nobody known'),
                    coalesce(nullif(v_removal.change_reason, ''), 'no reason was given')
                ),
                'Its data ID and provenance are kept; read as of now, or restore the dataset.',
                jsonb_build_object('dataset_id', v_id, 'removed', v_removal.changed)
            );
        END IF;
        RETURN QUERY SELECT * FROM butler.get_dataset(v_id);
        RETURN;
    END IF;
    IF NOT p_required THEN
        RETURN;
    END IF;
    v_unknown := butler_internal.unknown_unit(v_given.data_id);
    v_near := butler_internal.near_datasets(v_type.dataset_type_id, v_given.data_id, v_given.digest, v_searched);
    PERFORM butler_common.raise_error(
        'UB101',
        format(
            'no %s with %s in %s%s', p_dataset_type,
            coalesce((SELECT string_agg(e.key || '=' || e.value, ' ') FROM jsonb_each_text(p_data_id) AS e), 'an empty data ID'),
            array_to_string(p_collections, ', '),
            CASE WHEN p_as_of IS NULL THEN '' ELSE format(' as of %s', p_as_of) END
        ),
        CASE
            WHEN v_unknown IS NOT NULL THEN initcap(left(v_unknown ->> 'message', 1))
                || substr(v_unknown ->> 'message', 2) || '. ' || coalesce(v_unknown ->> 'hint', '')
            WHEN v_near IS NOT NULL THEN 'But ' || v_near || '.'
            WHEN v_searched <> p_collections THEN 'Searched ' || coalesce(nullif(array_to_string(v_searched, ', '), ''), 'nothing: the chain is empty') || '.'
            ELSE 'Nothing is near it there.'
        END,
        jsonb_build_object(
            'dataset_type', p_dataset_type, 'data_id', p_data_id, 'collections', to_jsonb(p_collections),
            'searched', to_jsonb(v_searched)
        )
    );
END;
$$;

COMMENT ON FUNCTION butler.find_dataset(text, jsonb, text[], timestamptz, boolean) IS
'Find the dataset of a type and data ID in the first of these collections that has it, now or as of a time.
One row for each artifact. Where there is none: UB101 with what was searched and what is near, or no row if
p_required is false. Raises UB402 for a dataset that was there then and was removed since.';

CREATE OR REPLACE FUNCTION butler.get_dataset(p_dataset_id uuid)
RETURNS SETOF butler.found_dataset
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
SET random_page_cost = 0.1
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT
        d.dataset_id,
        t.dataset_type,
        t.storage_class,
        butler_internal.unit_array(t.unit_mask),
        butler_internal.data_id_json(d.data_id),
        r.run,
        butler.state_name(d.state),
        s.datastore,
        a.component,
        butler.artifact_path(a.path, a.dataset_id),
        a.formatter,
        a.size,
        a.sha256,
        butler.state_name(a.state)
    FROM butler_internal.all_dataset AS d
    INNER JOIN butler_internal.all_dataset_type AS t ON t.dataset_type_id = d.dataset_type_id
    INNER JOIN butler_internal.all_run AS r ON r.run_id = d.run_id
    LEFT JOIN butler_internal.all_artifact AS a
        ON a.dataset_id = d.dataset_id AND d.state = 'present' AND a.state IN ('present', 'lost')
    LEFT JOIN butler_internal.all_datastore AS s ON s.datastore_id = a.datastore_id
    WHERE d.dataset_id = p_dataset_id
    ORDER BY a.datastore_id, a.component;
    IF NOT FOUND THEN
        PERFORM butler_common.raise_error(
            'UB101', format('no dataset has id %s', coalesce(p_dataset_id::text, 'null')), 'Look for it in the dataset view.',
            jsonb_build_object('dataset_id', p_dataset_id)
        );
    END IF;
END;
$$;

COMMENT ON FUNCTION butler.get_dataset(uuid) IS
'A dataset by its id, one row for each artifact. Raises UB101 if there is none.';

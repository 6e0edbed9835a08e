CREATE OR REPLACE FUNCTION butler.find_in_run(p_run text, p_dataset_type text, p_data_ids jsonb)
RETURNS TABLE (row_number integer, data_id jsonb, dataset_id uuid)
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_type record;
    v_run bigint;
    v_problems jsonb;
BEGIN
    SELECT * INTO v_type FROM butler_internal.find_dataset_type(p_dataset_type);
    SELECT r.run_id INTO v_run FROM butler_internal.all_run AS r WHERE r.run = p_run;
    SELECT jsonb_agg(r.problem || jsonb_build_object(
        'row', r.row_number, 'dataset_type', p_dataset_type, 'data_id', p_data_ids -> (r.row_number - 1)
    ) ORDER BY r.row_number) INTO v_problems
    FROM butler_internal.read_data_ids(v_type.unit_mask, p_data_ids) AS r
    WHERE r.problem IS NOT NULL;
    PERFORM butler_common.raise_rows(v_problems);
    RETURN QUERY
    SELECT
        r.row_number,
        butler_internal.data_id_json(r.data_id),
        d.dataset_id
    FROM butler_internal.read_data_ids(v_type.unit_mask, p_data_ids) AS r
    LEFT JOIN butler_internal.all_dataset AS d
        ON
            d.run_id = v_run AND d.dataset_type_id = v_type.dataset_type_id
            AND d.state <> 'removed'
            AND d.digest = r.digest
    ORDER BY r.row_number;
END;
$$;

COMMENT ON FUNCTION butler.find_in_run(text, text, jsonb) IS
'For data IDs of one type, a JSON array of objects: each complete, and the dataset that the run has of it, or null.
The run need not be there yet. Raises UB102, UB301 or UB302; one error names every bad row.';

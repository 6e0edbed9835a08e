CREATE OR REPLACE FUNCTION butler.get_dataset_type(p_dataset_type text)
RETURNS TABLE (dataset_type text, storage_class text, units text[], doc text)
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT t.dataset_type, t.storage_class, butler_internal.unit_array(t.unit_mask), t.doc
    FROM butler_internal.find_dataset_type(p_dataset_type) AS f
    INNER JOIN butler_internal.all_dataset_type AS t ON t.dataset_type_id = f.dataset_type_id;
END;
$$;

COMMENT ON FUNCTION butler.get_dataset_type(text) IS
'A dataset type by its name. Raises UB102 with the nearest names if there is none.';

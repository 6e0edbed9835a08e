CREATE OR REPLACE FUNCTION butler_internal.find_dataset_type(p_dataset_type text)
RETURNS TABLE (dataset_type_id integer, storage_class text, unit_mask smallint)
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT t.dataset_type_id, t.storage_class, t.unit_mask
    FROM butler_internal.all_dataset_type AS t
    WHERE t.dataset_type = p_dataset_type;
    IF NOT FOUND THEN
        PERFORM butler_common.raise_error(
            'UB102',
            format('no dataset type %L', p_dataset_type),
            butler_common.did_you_mean(
                p_dataset_type, ARRAY(SELECT t.dataset_type FROM butler_internal.all_dataset_type AS t ORDER BY 1)
            ),
            jsonb_build_object('dataset_type', p_dataset_type)
        );
    END IF;
END;
$$;

COMMENT ON FUNCTION butler_internal.find_dataset_type(text) IS
'Look a dataset type up. Raises UB102 if there is none.';

CREATE OR REPLACE FUNCTION butler.query_datasets(
    p_dataset_type text,
    p_collections text[],
    p_data_id jsonb DEFAULT '{}',
    p_find_first boolean DEFAULT true,
    p_as_of timestamptz DEFAULT NULL
)
RETURNS TABLE (
    dataset_id uuid,
    data_id jsonb,
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
DECLARE
    v_search record;
BEGIN
    SELECT * INTO v_search
    FROM butler_internal.compose_search(p_dataset_type, p_collections, p_data_id, p_find_first, p_as_of);
    RETURN QUERY EXECUTE format(v_search.query, (
        SELECT format('jsonb_build_object(%s)', string_agg(
            CASE u.value_type
                WHEN 'range' THEN format('%1$L, concat(lower(m.%1$I), ''..'', upper(m.%1$I))', u.unit)
                ELSE format('%1$L, m.%1$I', u.unit)
            END, ', '
        ))
        FROM butler_common.unit AS u
        WHERE (v_search.unit_mask >> u.position) & 1 = 1
    )) USING p_collections, v_search.dataset_type_id, p_as_of, v_search.data_id;
END;
$$;

COMMENT ON FUNCTION butler.query_datasets(text, text[], jsonb, boolean, timestamptz) IS
'As query_dataset_columns, with data IDs as JSON.';

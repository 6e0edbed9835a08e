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
DECLARE
    v_search record;
BEGIN
    SELECT * INTO v_search
    FROM butler_internal.compose_search(p_dataset_type, p_collections, p_data_id, p_find_first, p_as_of);
    RETURN QUERY EXECUTE format(v_search.query, (
        SELECT string_agg(
            CASE WHEN (v_search.unit_mask >> u.position) & 1 = 1 THEN 'm.' ELSE '(NULL::butler_internal.data_id).' END || u.unit,
            ', ' ORDER BY u.position
        )
        FROM butler_common.unit AS u
    )) USING p_collections, v_search.dataset_type_id, p_as_of, v_search.data_id;
END;
$$;

COMMENT ON FUNCTION butler.query_dataset_columns(text, text[], jsonb, boolean, timestamptz) IS
'Datasets of a type in these collections, in the order of their data IDs, for which the units given have the
values given; of several with the same data ID only that of the first collection, unless asked for all.
An abstract_filter may be given where the type has physical_filter or visit, and is then that of these.
A column a unit, null for those that the type hasn''t.';

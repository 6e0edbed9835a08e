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
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT
        c.dataset_id,
        butler_internal.data_id_json(
            c.camera, c.abstract_filter, c.physical_filter, c.sensor, c.visit, c.snap, c.visit_range,
            c.skymap, c.tract, c.patch, c.sky_pixel, c.label
        ),
        c.run,
        c.collection
    FROM butler.query_dataset_columns(p_dataset_type, p_collections, p_data_id, p_find_first, p_as_of)
        WITH ORDINALITY AS c
    ORDER BY c.ordinality;
END;

COMMENT ON FUNCTION butler.query_datasets(text, text[], jsonb, boolean, timestamptz) IS
'As query_dataset_columns, with data IDs as JSON.';

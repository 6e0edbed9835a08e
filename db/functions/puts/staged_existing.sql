CREATE OR REPLACE FUNCTION butler_internal.staged_existing(
    p_dataset_type_id integer,
    p_run_id integer,
    p_registered uuid[]
)
RETURNS TABLE (row_number integer, existing uuid, same_bytes boolean)
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT s.row_number, d.dataset_id, EXISTS (
        SELECT FROM butler_internal.artifact AS a
        WHERE
            a.dataset_id = d.dataset_id AND a.size = s.size AND a.sha256 = s.sha256
            AND split_part(a.path, '#', 2) = split_part(s.path, '#', 2)
    )
    FROM pg_temp.butler_stage_dataset AS s
    INNER JOIN butler_internal.dataset AS d
        ON
            d.run_id = p_run_id AND d.dataset_type_id = p_dataset_type_id AND d.state <> 'removed'
            AND d.digest = butler_common.data_id_digest(
                s.camera, s.abstract_filter, s.physical_filter, s.sensor, s.visit, s.snap, s.visit_range,
                s.skymap, s.tract, s.patch, s.sky_pixel, s.label
            )
    WHERE NOT EXISTS (SELECT FROM unnest(p_registered) AS f (dataset_id) WHERE f.dataset_id = s.dataset_id);
END;
$$;

COMMENT ON FUNCTION butler_internal.staged_existing(integer, integer, uuid[]) IS
'The rows of the staging table but those of these datasets: the dataset of their data ID that the run has, and whether it
has their bytes, of the same part.';

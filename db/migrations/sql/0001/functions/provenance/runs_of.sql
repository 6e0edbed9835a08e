CREATE OR REPLACE FUNCTION butler_internal.runs_of(p_dataset_ids uuid[])
RETURNS text[]
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN ARRAY(
        SELECT r.run
        FROM (
            SELECT DISTINCT d.run_id
            FROM unnest(p_dataset_ids) AS g (id)
            INNER JOIN butler_internal.all_dataset AS d ON d.dataset_id = g.id
        ) AS d
        INNER JOIN butler_internal.all_run AS r ON r.run_id = d.run_id
        ORDER BY r.run
    );
END;
$$;

COMMENT ON FUNCTION butler_internal.runs_of(uuid[]) IS 'The runs that made these datasets, by name.';

CREATE OR REPLACE FUNCTION butler.drifted_storage_use()
RETURNS TABLE (run text, dataset_type text, datastore text, datasets bigint, artifacts bigint, bytes numeric)
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT
        coalesce(r.run, 'run ' || m.run_id), coalesce(t.dataset_type, 'type ' || m.dataset_type_id), s.datastore,
        sum(abs(m.datasets))::bigint, sum(abs(m.artifacts))::bigint, sum(abs(m.bytes))
    FROM butler_internal.miscounted() AS m
    LEFT JOIN butler_internal.all_run AS r ON r.run_id = m.run_id
    LEFT JOIN butler_internal.all_dataset_type AS t ON t.dataset_type_id = m.dataset_type_id
    LEFT JOIN butler_internal.all_datastore AS s ON s.datastore_id = m.datastore_id
    GROUP BY 1, 2, 3
    ORDER BY 1, 2, 3;
END;

COMMENT ON FUNCTION butler.drifted_storage_use() IS
'Compare what is counted of this registry''s own datasets with what there is: the runs, types and datastores (null: the datasets
themselves) of which that differs, and by how much, in whatever state. Reads all datasets and artifacts; recompute_storage_use puts it right.';

-- One statement for all registries: verify calls a file an orphan only if no registry has it, not even a layer that
-- the caller can't see.
CREATE OR REPLACE FUNCTION butler.claims_of_datasets(p_dataset_ids uuid[])
RETURNS TABLE (dataset_id uuid, datastore text, path text, uri text)
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN QUERY EXECUTE (
        SELECT string_agg(format(
            'SELECT a.dataset_id, s.datastore, f.path,'
            ' CASE WHEN a.path ~ ''^[a-z][a-z0-9+.-]*:'' THEN f.path ELSE s.root || f.path END'
            ' FROM %1$I.artifact AS a'
            ' CROSS JOIN LATERAL (SELECT split_part(butler.artifact_path(a.path, a.dataset_id), ''#'', 1) AS path) AS f'
            ' INNER JOIN %1$I.all_datastore AS s ON s.datastore_id = a.datastore_id'
            ' WHERE a.dataset_id = ANY ($1)', r.registry || '_internal'
        ), ' UNION ALL ')
        FROM butler_common.registry AS r
    ) USING p_dataset_ids;
END;
$$;

COMMENT ON FUNCTION butler.claims_of_datasets(uuid[]) IS
'Files that datasets of these ids have, in any registry of the database: path and whole URI of the file of an
artifact in whatever state.';

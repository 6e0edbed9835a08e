CREATE OR REPLACE FUNCTION butler.claims_of_files(p_datastore text, p_paths text[], p_uris text[])
RETURNS TABLE (path text, uri text)
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN QUERY EXECUTE (
        SELECT string_agg(format(
            'SELECT DISTINCT f.path, CASE WHEN a.path ~ ''^[a-z][a-z0-9+.-]*:'' THEN f.path ELSE s.root || f.path END AS uri'
            ' FROM %1$I.artifact AS a CROSS JOIN LATERAL (SELECT split_part(butler.artifact_path(a.path, a.dataset_id), ''#'', 1) AS path) AS f'
            ' INNER JOIN %1$I.all_datastore AS s ON s.datastore_id = a.datastore_id'
            ' WHERE (($1 IS NULL OR s.datastore = $1) AND f.path = ANY ($2)) OR f.path = ANY ($3) OR s.root || f.path = ANY ($3)',
            r.registry || '_internal'
        ), ' UNION ')
        FROM butler_common.registry AS r
    ) USING p_datastore, p_paths, p_uris;
END;
$$;

COMMENT ON FUNCTION butler.claims_of_files(text, text[], text[]) IS
'Which of these files artifacts of any registry of the database have: paths in a datastore (null: in any), and the
same files as whole URIs. It reads all artifacts.';

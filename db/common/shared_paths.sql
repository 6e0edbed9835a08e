-- An artifact's path carries its dataset's id, which its row has as {}, or it doesn't. Paths that do are looked
-- up by the ids in them; the others by their hash, in an index that holds nothing but these.
CREATE OR REPLACE FUNCTION butler_common.shared_paths(p_datastore_id bigint, p_paths text[])
RETURNS SETOF text
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_registry text;
BEGIN
    FOR v_registry IN SELECT r.registry FROM butler_common.registry AS r LOOP
        RETURN QUERY EXECUTE format(
            'SELECT g.path FROM unnest($2) AS g (path) '
            'CROSS JOIN generate_series(1, length(g.path) - 31) AS n '
            'INNER JOIN %I.artifact AS a ON replace(a.path, ''{}'', substr(g.path, n, 32)) = g.path AND a.dataset_id = '
            'CASE WHEN substr(g.path, n, 32) ~ ''^[0-9a-f]{32}$'' THEN substr(g.path, n, 32)::uuid END '
            'WHERE a.datastore_id = $1 AND a.state <> ''deleting''',
            v_registry || '_internal'
        ) USING p_datastore_id, p_paths;
        RETURN QUERY EXECUTE format(
            'SELECT DISTINCT a.path FROM unnest($2) AS g (path) INNER JOIN %I.artifact AS a '
            'ON hashtextextended(a.path, 0) = hashtextextended(g.path, 0) AND a.path = g.path '
            'WHERE a.datastore_id = $1 AND a.state <> ''deleting'' '
            'AND strpos(a.path, '':'') = 0 AND strpos(a.path, ''{}'') = 0',
            v_registry || '_internal'
        ) USING p_datastore_id, p_paths;
    END LOOP;
END;
$$;

COMMENT ON FUNCTION butler_common.shared_paths(bigint, text[]) IS
'Those of these paths in a datastore that artifacts of any registry still need.';

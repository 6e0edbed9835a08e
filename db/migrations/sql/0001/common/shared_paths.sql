-- An artifact's path carries its dataset's id, which its row has as {}, or it doesn't. Paths that do are looked
-- up by the ids in them; the others by their hash, in an index that holds nothing but these. Files are compared, not
-- paths: a file that holds parts carries the id of one of its datasets, so it may be needed in both ways.
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
            'SELECT g.path FROM (SELECT DISTINCT split_part(p, ''#'', 1) FROM unnest($2) AS p) AS g (path) '
            'CROSS JOIN generate_series(1, length(g.path) - 31) AS n '
            'INNER JOIN %I.artifact AS a ON replace(split_part(a.path, ''#'', 1), ''{}'', substr(g.path, n, 32)) = g.path AND a.dataset_id = '
            'CASE WHEN substr(g.path, n, 32) ~ ''^[0-9a-f]{32}$'' THEN substr(g.path, n, 32)::uuid END '
            'WHERE a.datastore_id = $1 AND a.state <> ''deleting''',
            v_registry || '_internal'
        ) USING p_datastore_id, p_paths;
        RETURN QUERY EXECUTE format(
            'SELECT DISTINCT g.path FROM unnest($2) AS p '
            'CROSS JOIN LATERAL (SELECT split_part(p, ''#'', 1)) AS g (path) INNER JOIN %I.artifact AS a '
            'ON hashtextextended(split_part(a.path, ''#'', 1), 0) = hashtextextended(g.path, 0) '
            'AND split_part(a.path, ''#'', 1) = g.path '
            'WHERE a.datastore_id = $1 AND a.state <> ''deleting'' '
            'AND strpos(a.path, '':'') = 0 AND strpos(a.path, ''{}'') = 0',
            v_registry || '_internal'
        ) USING p_datastore_id, p_paths;
    END LOOP;
END;
$$;

COMMENT ON FUNCTION butler_common.shared_paths(bigint, text[]) IS
'The files of those of these paths in a datastore that artifacts of any registry still need.';

-- An artifact whose path carries its dataset's id, which its row has as {}, is looked up by the ids that stand in the
-- names asked for. All others, files that several datasets may share and whole URIs, by their hash, in an index that
-- holds nothing but these. What is found so is then compared.
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
            $q$
            SELECT DISTINCT f.path, CASE WHEN a.path ~ '^[a-z][a-z0-9+.-]*:' THEN f.path ELSE s.root || f.path END AS uri
            FROM (
                SELECT a.dataset_id, a.datastore_id, a.path
                FROM (
                    SELECT DISTINCT substr(g.name, n, 32)::uuid AS id
                    -- A root has at most 2048 bytes (ck_datastore_root), and a path, written out, 4096 (ck_artifact_path).
                    FROM (SELECT DISTINCT t FROM unnest($2 || $3) AS t WHERE octet_length(t) <= 6144) AS g (name)
                    CROSS JOIN generate_series(1, length(g.name) - 31) AS n
                    WHERE substr(g.name, n, 32) ~ '^[0-9a-f]{32}$'
                ) AS g
                CROSS JOIN LATERAL (
                    SELECT a.* FROM %1$I.artifact AS a WHERE a.dataset_id = g.id OFFSET 0
                ) AS a
                WHERE strpos(a.path, '{}') > 0
                UNION ALL
                SELECT a.dataset_id, a.datastore_id, a.path
                FROM (
                    SELECT g.name FROM unnest($2 || $3) AS g (name)
                    UNION
                    SELECT substr(g.uri, length(s.root) + 1)
                    FROM unnest($3) AS g (uri)
                    INNER JOIN %1$I.all_datastore AS s ON starts_with(g.uri, s.root)
                ) AS g
                CROSS JOIN LATERAL (
                    SELECT a.* FROM %1$I.artifact AS a
                    WHERE
                        hashtextextended(split_part(a.path, '#', 1), 0) = hashtextextended(g.name, 0)
                        AND split_part(a.path, '#', 1) = g.name
                        AND strpos(a.path, '{}') = 0
                    OFFSET 0
                ) AS a
            ) AS a
            CROSS JOIN LATERAL (SELECT split_part(butler.artifact_path(a.path, a.dataset_id), '#', 1) AS path) AS f
            INNER JOIN %1$I.all_datastore AS s ON s.datastore_id = a.datastore_id
            WHERE (($1 IS NULL OR s.datastore = $1) AND f.path = ANY ($2)) OR f.path = ANY ($3) OR s.root || f.path = ANY ($3)
            $q$,
            r.registry || '_internal'
        ), ' UNION ')
        FROM butler_common.registry AS r
    ) USING p_datastore, p_paths, p_uris;
END;
$$;

COMMENT ON FUNCTION butler.claims_of_files(text, text[], text[]) IS
'Which of these files artifacts of any registry of the database have: paths in a datastore (null: in any), and the
same files as whole URIs.';

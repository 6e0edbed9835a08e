-- object: function butler_shared.shared_paths(bigint, text[])
--
-- A file whose path carries a dataset's id is that dataset's alone. Others are looked up by the hash
-- of their path, in an index that holds nothing but these.
CREATE OR REPLACE FUNCTION butler_shared.shared_paths(p_datastore_id bigint, p_paths text[])
RETURNS SETOF text
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_registry text;
BEGIN
    FOR v_registry IN SELECT r.registry FROM butler_shared.registry AS r LOOP
        RETURN QUERY EXECUTE format(
            'SELECT DISTINCT a.path FROM unnest($2) AS g (path) INNER JOIN %I.artifact AS a '
            'ON hashtextextended(a.path, 0) = hashtextextended(g.path, 0) AND a.path = g.path '
            'WHERE a.datastore_id = $1 AND a.state <> ''deleting'' '
            'AND a.path !~ ''^[a-z][a-z0-9+.-]*:'' '
            'AND strpos(a.path, replace(a.dataset_id::text, ''-'', '''')) = 0',
            v_registry || '_internal'
        ) USING p_datastore_id, p_paths;
    END LOOP;
END;
$$;

COMMENT ON FUNCTION butler_shared.shared_paths(bigint, text[]) IS
'Those of these paths in a datastore that artifacts of any registry still need.';

-- A file whose name bears ids of datasets is looked up by these, as their rows have {} in their place; any file also by the
-- hash of its path. By neither are all that are being deleted read: the state is a variable, so that no plan takes
-- the index that holds nothing but those, which is short only as a rule.
CREATE OR REPLACE FUNCTION butler_internal.is_being_deleted(p_datastore_id integer, p_file text)
RETURNS boolean
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
SET random_page_cost = 0.1
AS $$
DECLARE
    v_state constant "char" := 'deleting';
BEGIN
    IF EXISTS (
        SELECT FROM butler_internal.artifact AS a
        WHERE
            hashtextextended(split_part(a.path, '#', 1), 0) = hashtextextended(p_file, 0) AND a.state = v_state
            AND strpos(a.path, '{}') = 0
            AND split_part(a.path, '#', 1) = p_file AND a.datastore_id = p_datastore_id
    ) THEN
        RETURN true;
    END IF;
    RETURN p_file ~ '[0-9a-f]{32}' AND EXISTS (
        SELECT FROM butler_internal.artifact AS a
        WHERE
            a.dataset_id = ANY (ARRAY(
                SELECT substr(p_file, n, 32)::uuid
                FROM generate_series(1, length(p_file) - 31) AS n
                WHERE substr(p_file, n, 32) ~ '^[0-9a-f]{32}$'
            ))
            AND a.state = v_state AND a.datastore_id = p_datastore_id
            AND split_part(replace(a.path, '{}', replace(a.dataset_id::text, '-', '')), '#', 1) = p_file
    );
END;
$$;

COMMENT ON FUNCTION butler_internal.is_being_deleted(integer, text) IS
'Whether this file of a datastore is being deleted with a dataset of this registry itself.';

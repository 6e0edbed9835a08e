-- A dataset's id is unique in the whole database; layers don't see each other, so this function looks into all.
CREATE OR REPLACE FUNCTION butler_common.registered_datasets(p_dataset_ids uuid[])
RETURNS SETOF uuid
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_registry text;
BEGIN
    FOR v_registry IN SELECT r.registry FROM butler_common.registry AS r LOOP
        RETURN QUERY EXECUTE format(
            'SELECT d.dataset_id FROM %I.dataset AS d WHERE d.dataset_id = ANY ($1)', v_registry || '_internal'
        ) USING p_dataset_ids;
    END LOOP;
END;
$$;

COMMENT ON FUNCTION butler_common.registered_datasets(uuid[]) IS
'Those of these ids that are datasets, in any registry of the database.';

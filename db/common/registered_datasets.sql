-- A dataset's id is unique in the whole database; layers don't see each other, so this function looks into all.
CREATE OR REPLACE FUNCTION butler_common.registered_datasets(p_dataset_ids uuid[])
RETURNS SETOF uuid
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN QUERY EXECUTE (
        SELECT format(
            'SELECT unnest(%s)',
            string_agg(format('%I.own_datasets($1)', r.registry || '_internal'), ' || ')
        )
        FROM butler_common.registry AS r
    ) USING p_dataset_ids;
END;
$$;

COMMENT ON FUNCTION butler_common.registered_datasets(uuid[]) IS
'Those of these ids that are datasets, in any registry of the database.';

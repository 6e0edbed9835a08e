-- A definer function that reads the caller's own temporary table is a privilege escalation: the table's
-- columns, types and triggers would be the caller's. So the owner makes the table, and the caller may only
-- insert into it.
CREATE OR REPLACE FUNCTION butler.stage_datasets()
RETURNS text
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF to_regclass('pg_temp.butler_stage_dataset') IS NOT NULL THEN
        PERFORM butler_common.raise_error(
            'UB202', 'this session has a table butler_stage_dataset already',
            'Merge what is staged in it, or end the transaction; one of your own is to be dropped.'
        );
    END IF;
    CREATE TEMPORARY TABLE butler_stage_dataset (
        row_number integer,
        dataset_id uuid,
        LIKE butler_internal.data_id,
        component text,
        path text,
        formatter text,
        size bigint,
        sha256 bytea
    ) ON COMMIT DROP;
    EXECUTE format(
        'GRANT INSERT ON pg_temp.butler_stage_dataset TO %I',
        butler_common.actor()
    );
    RETURN 'pg_temp.butler_stage_dataset';
END;
$$;

COMMENT ON FUNCTION butler.stage_datasets() IS
'Make the staging table for a bulk load, to be filled by COPY in the same transaction and taken over by merge_datasets.
Columns: row_number, dataset_id, the units, component, path, formatter, size, sha256. Returns its name.
Raises UB202 where the session has one.';

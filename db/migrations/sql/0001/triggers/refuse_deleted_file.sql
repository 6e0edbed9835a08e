-- Fires only for files that datasets may share. A session that empties the trash records in the artifact's
-- state that it deletes the file, with this lock taken exclusively; a dataset that were registered for the
-- file after that would lose its bytes.
CREATE OR REPLACE FUNCTION butler_internal.refuse_deleted_file()
RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_deleting boolean;
    v_others text;
    v_file constant text := split_part(replace(new.path, '{}', replace(new.dataset_id::text, '-', '')), '#', 1);
BEGIN
    PERFORM butler_common.require_read_committed('files can be registered');
    PERFORM pg_advisory_xact_lock_shared(butler_common.lock_class('files'), new.datastore_id::integer);
    v_deleting := butler_internal.is_being_deleted(new.datastore_id, v_file);
    v_others := (
        SELECT format(
            'SELECT %s', string_agg(format('%I.is_being_deleted($1, $2)', r.registry || '_internal'), ' OR ')
        )
        FROM butler_common.registry AS r
        WHERE r.registry || '_internal' <> tg_table_schema
        HAVING count(*) > 0
    );
    IF NOT v_deleting AND v_others IS NOT NULL THEN
        EXECUTE v_others INTO v_deleting USING new.datastore_id, v_file;
    END IF;
    IF v_deleting THEN
        PERFORM butler_common.raise_error(
            'UB201', format('the file %s is being deleted', v_file),
            'Try again when that has ended, if it is still there; emptying the trash ends what a dead process began.',
            jsonb_build_object('path', v_file)
        );
    END IF;
    RETURN new;
END;
$$;

COMMENT ON FUNCTION butler_internal.refuse_deleted_file() IS
'Refuse an artifact whose file is being deleted with another dataset.';

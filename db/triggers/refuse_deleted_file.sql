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
    v_registry text;
    v_deleting boolean;
    v_file constant text := split_part(replace(new.path, '{}', replace(new.dataset_id::text, '-', '')), '#', 1);
BEGIN
    PERFORM butler_common.require_read_committed('files can be registered');
    PERFORM pg_advisory_xact_lock_shared(butler_common.lock_class('files'), new.datastore_id::integer);
    FOR v_registry IN SELECT r.registry FROM butler_common.registry AS r LOOP
        EXECUTE format(
            'SELECT EXISTS (SELECT FROM %I.artifact AS a WHERE a.datastore_id = $1 AND a.state = ''deleting'' '
            'AND split_part(replace(a.path, ''{}'', replace(a.dataset_id::text, ''-'', '''')), ''#'', 1) = $2)',
            v_registry || '_internal'
        ) INTO v_deleting USING new.datastore_id, v_file;
        IF v_deleting THEN
            PERFORM butler_common.raise_error(
                'UB201', format('the file %s is being deleted', v_file),
                'Try again when that has ended, if it is still there; emptying the trash ends what a dead process began.',
                jsonb_build_object('path', v_file)
            );
        END IF;
    END LOOP;
    RETURN new;
END;
$$;

COMMENT ON FUNCTION butler_internal.refuse_deleted_file() IS
'Refuse an artifact whose file is being deleted with another dataset.';

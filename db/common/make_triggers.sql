CREATE OR REPLACE FUNCTION butler_common.make_triggers(p_registry text)
RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
    v_own text := p_registry || '_internal';
    v_depth integer := (SELECT r.depth FROM butler_common.registry AS r WHERE r.registry = p_registry);
    v_named record;
    v_table text;
    v_event text;
BEGIN
    FOR v_named IN
        SELECT n.name FROM unnest(ARRAY[
            'abstract_filter', 'camera', 'collection', 'dataset_type', 'datastore', 'label', 'sky_pixel', 'skymap'
        ]) AS n (name)
    LOOP
        EXECUTE format(
            'CREATE TRIGGER check_shadowing AFTER INSERT ON %I.%I REFERENCING NEW TABLE AS new_rows '
            'FOR EACH STATEMENT EXECUTE FUNCTION butler_common.check_shadowing(%L)',
            v_own, v_named.name, v_named.name
        );
    END LOOP;
    FOREACH v_table IN ARRAY ARRAY['observed_sensor', 'patch'] LOOP
        EXECUTE format(
            'CREATE TRIGGER keep_overlap_insert AFTER INSERT ON %1$I.%2$I REFERENCING NEW TABLE AS new_rows '
            'FOR EACH STATEMENT EXECUTE FUNCTION %1$I.keep_overlap()', v_own, v_table
        );
        EXECUTE format(
            'CREATE TRIGGER keep_overlap_update AFTER UPDATE ON %1$I.%2$I '
            'REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows '
            'FOR EACH STATEMENT EXECUTE FUNCTION %1$I.keep_overlap()', v_own, v_table
        );
        EXECUTE format(
            'CREATE TRIGGER keep_overlap_delete AFTER DELETE ON %1$I.%2$I REFERENCING OLD TABLE AS old_rows '
            'FOR EACH STATEMENT EXECUTE FUNCTION %1$I.keep_overlap()', v_own, v_table
        );
    END LOOP;
    FOREACH v_event IN ARRAY ARRAY['INSERT', 'UPDATE'] LOOP
        EXECUTE format(
            'CREATE TRIGGER keep_visit_region_%3$s AFTER %2$s ON %1$I.observed_sensor '
            'REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION %1$I.keep_visit_region()',
            v_own, v_event, lower(v_event)
        );
    END LOOP;
    EXECUTE format(
        'CREATE TRIGGER refuse_deleted_file BEFORE INSERT ON %1$I.artifact FOR EACH ROW '
        'WHEN (strpos(new.path, '':'') = 0 AND (strpos(new.path, ''{}'') = 0 OR strpos(new.path, ''#'') > 0)) '
        'EXECUTE FUNCTION %1$I.refuse_deleted_file()', v_own
    );
    EXECUTE format(
        'CREATE TRIGGER check_calibration AFTER INSERT ON %1$I.calibration REFERENCING NEW TABLE AS new_rows '
        'FOR EACH STATEMENT EXECUTE FUNCTION %1$I.check_calibration()', v_own
    );
    FOREACH v_table IN ARRAY ARRAY['calibration', 'calibration_key'] LOOP
        EXECUTE format(
            'CREATE TRIGGER keep_calibration BEFORE UPDATE OR DELETE ON %1$I.%2$I '
            'FOR EACH ROW EXECUTE FUNCTION %1$I.keep_calibration()', v_own, v_table
        );
        EXECUTE format(
            'CREATE TRIGGER keep_calibration_truncate BEFORE TRUNCATE ON %1$I.%2$I '
            'FOR EACH STATEMENT EXECUTE FUNCTION %1$I.keep_calibration()', v_own, v_table
        );
    END LOOP;
    EXECUTE format(
        'CREATE TRIGGER keep_certified_update AFTER UPDATE ON %1$I.dataset '
        'REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows '
        'FOR EACH STATEMENT EXECUTE FUNCTION %1$I.keep_certified()', v_own
    );
    EXECUTE format(
        'CREATE TRIGGER keep_certified_delete BEFORE DELETE ON %1$I.dataset '
        'FOR EACH ROW EXECUTE FUNCTION %1$I.keep_certified()', v_own
    );
    -- put and merge_datasets say themselves, in the statement that inserts, what they insert (keep_storage_use).
    FOREACH v_table IN ARRAY ARRAY['artifact', 'dataset'] LOOP
        EXECUTE format(
            'CREATE TRIGGER keep_storage_use_insert AFTER INSERT ON %1$I.%2$I REFERENCING NEW TABLE AS new_rows '
            'FOR EACH STATEMENT WHEN (current_setting(''butler_common.counts_itself'', true) IS DISTINCT FROM ''on'') '
            'EXECUTE FUNCTION %1$I.keep_storage_use()', v_own, v_table
        );
        EXECUTE format(
            'CREATE TRIGGER keep_storage_use_update AFTER UPDATE ON %1$I.%2$I '
            'REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows '
            'FOR EACH STATEMENT EXECUTE FUNCTION %1$I.keep_storage_use()', v_own, v_table
        );
        EXECUTE format(
            'CREATE TRIGGER keep_storage_use_delete AFTER DELETE ON %1$I.%2$I REFERENCING OLD TABLE AS old_rows '
            'FOR EACH STATEMENT EXECUTE FUNCTION %1$I.keep_storage_use()', v_own, v_table
        );
    END LOOP;
    IF v_depth > 0 THEN
        PERFORM butler_common.make_reference_checks(p_registry);
    END IF;
END;
$$;

COMMENT ON FUNCTION butler_common.make_triggers(text) IS
'Create the triggers of a registry''s tables.';

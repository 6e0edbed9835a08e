-- The locks make whoever removes one of these datasets wait, or this statement for them: it then sees what became of it.
-- A dataset that there isn't is refused by the foreign key, in a layer by a trigger: compose_references.
CREATE OR REPLACE FUNCTION butler_internal.check_calibration()
RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_layer text;
    v_bad record;
BEGIN
    PERFORM butler_common.require_read_committed('calibrations can be certified');
    FOR v_layer IN SELECT l.layer FROM butler_common.layers_of(tg_table_schema) AS l (layer) LOOP
        EXECUTE format(
            'SELECT FROM %I.dataset AS d WHERE d.dataset_id IN (SELECT n.dataset_id FROM new_rows AS n) '
            'ORDER BY d.dataset_id FOR SHARE OF d', v_layer
        );
    END LOOP;
    SELECT c.collection, c.collection_type, t.dataset_type, n.dataset_id, d.state INTO v_bad
    FROM new_rows AS n
    INNER JOIN butler_internal.calibration_key AS k ON k.calibration_key_id = n.calibration_key_id
    INNER JOIN butler_internal.collection AS c ON c.collection_id = k.collection_id
    INNER JOIN butler_internal.all_dataset_type AS t ON t.dataset_type_id = k.dataset_type_id
    LEFT JOIN butler_internal.all_dataset AS d ON d.dataset_id = n.dataset_id
    WHERE
        c.collection_type <> 'calibration'
        OR d.state <> 'present' OR d.digest <> k.digest OR d.dataset_type_id <> k.dataset_type_id
    ORDER BY n.calibration_id
    LIMIT 1;
    IF NOT FOUND THEN
        RETURN NULL;
    ELSIF v_bad.collection_type <> 'calibration' THEN
        PERFORM butler_common.raise_error(
            'UB401', format('%s certifies nothing: it is a %s collection', v_bad.collection, v_bad.collection_type),
            'Certify in a calibration collection.', jsonb_build_object('collection', v_bad.collection)
        );
    ELSIF v_bad.state <> 'present' THEN
        PERFORM butler_common.raise_error(
            'UB101',
            format('dataset %s is %s, and can''t be certified in %s', v_bad.dataset_id, butler.state_name(v_bad.state), v_bad.collection),
            'Restore it first, or certify another one.',
            jsonb_build_object('dataset_id', v_bad.dataset_id, 'collection', v_bad.collection)
        );
    ELSE
        PERFORM butler_common.raise_error(
            'UB301',
            format('dataset %s is not the %s that is certified in %s', v_bad.dataset_id, v_bad.dataset_type, v_bad.collection),
            'A calibration has the type and data ID that it is looked up by.',
            jsonb_build_object('dataset_id', v_bad.dataset_id, 'collection', v_bad.collection)
        );
    END IF;
    RETURN NULL;
END;
$$;

COMMENT ON FUNCTION butler_internal.check_calibration() IS
'Certify in calibration collections alone, and datasets that are present and of the type and data ID of their key.';

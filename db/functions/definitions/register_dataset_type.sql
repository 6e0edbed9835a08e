CREATE OR REPLACE FUNCTION butler.register_dataset_type(
    p_dataset_type text,
    p_storage_class text,
    p_units text[],
    p_doc text DEFAULT ''
)
RETURNS boolean
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_word text;
    v_mask integer;
    v_there butler_internal.all_dataset_type;
BEGIN
    PERFORM butler_common.require_read_committed('dataset types can be registered');
    PERFORM set_config('synchronous_commit', 'on', true);
    IF p_dataset_type IS NULL OR p_dataset_type !~ '^[A-Za-z_][A-Za-z0-9_]{0,127}$' THEN
        PERFORM butler_common.raise_error(
            'UB305', format('%L is not a name for a dataset type', p_dataset_type),
            'Use letters, digits and underscores, at most 128, no digit first.',
            jsonb_build_object('dataset_type', p_dataset_type)
        );
    END IF;
    IF p_storage_class IS NULL OR p_storage_class !~ '^[A-Za-z_][A-Za-z0-9_]{0,127}$' THEN
        PERFORM butler_common.raise_error(
            'UB305', format('%L is not a name for a storage class', left(p_storage_class, 100)),
            'Use letters, digits and underscores, at most 128, no digit first.',
            jsonb_build_object('dataset_type', p_dataset_type, 'storage_class', left(p_storage_class, 100))
        );
    END IF;
    SELECT w INTO v_word FROM unnest(p_units) AS w
    WHERE w NOT IN (SELECT u.word FROM butler_common.unit_word AS u) OR w IS NULL LIMIT 1;
    IF FOUND THEN
        PERFORM butler_common.raise_error(
            'UB301', format('%L is not a unit', v_word),
            butler_common.did_you_mean(
                coalesce(v_word, ''), ARRAY(SELECT u.unit FROM butler_common.unit AS u ORDER BY u.position)
            ),
            jsonb_build_object('unit', v_word)
        );
    END IF;
    -- A unit brings those without which its values mean nothing.
    SELECT coalesce(bit_or(1 << r.position), 0) INTO v_mask
    FROM unnest(p_units) AS w (word)
    INNER JOIN butler_common.unit_word AS uw ON uw.word = w.word
    INNER JOIN butler_common.unit AS u ON u.unit = uw.unit
    INNER JOIN butler_common.unit AS r ON r.unit = u.unit OR r.unit = ANY (u.requires);
    SELECT * INTO v_there FROM butler_internal.all_dataset_type AS t WHERE t.dataset_type = p_dataset_type;
    IF NOT FOUND THEN
        INSERT INTO butler_internal.dataset_type (dataset_type, storage_class, unit_mask, doc)
        VALUES (p_dataset_type, p_storage_class, v_mask, coalesce(p_doc, ''))
        ON CONFLICT ON CONSTRAINT uq_dataset_type_dataset_type DO NOTHING;
        IF FOUND THEN
            PERFORM butler_internal.record(
                'register_dataset_type', 1, p_subject => jsonb_build_object('dataset_type', p_dataset_type)
            );
            RETURN true;
        END IF;
        SELECT * INTO v_there FROM butler_internal.all_dataset_type AS t WHERE t.dataset_type = p_dataset_type;
    END IF;
    IF v_there.unit_mask <> v_mask OR v_there.storage_class IS DISTINCT FROM p_storage_class THEN
        PERFORM butler_common.raise_error(
            'UB202',
            format(
                'dataset type %s is registered as %s of %s, not %s of %s', p_dataset_type, v_there.storage_class,
                coalesce(butler_internal.unit_list(v_there.unit_mask), 'no units'), p_storage_class,
                coalesce(butler_internal.unit_list(v_mask), 'no units')
            ),
            'Use it as it is, or choose another name.',
            jsonb_build_object('dataset_type', p_dataset_type, 'storage_class', v_there.storage_class)
        );
    END IF;
    RETURN false;
END;
$$;

COMMENT ON FUNCTION butler.register_dataset_type(text, text, text[], text) IS
'Register a dataset type: name, storage class, the units of its data IDs.
Units bring those they need (visit brings camera). The same again changes nothing and returns false.
Raises UB202 where it differs, UB301 for an unknown unit, UB305 for a bad name.';

-- A writer changes this registry's own collections, never those of a layer under it.
CREATE OR REPLACE FUNCTION butler_internal.own_collection(p_collection text, p_collection_type text)
RETURNS bigint
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_own butler_internal.collection;
BEGIN
    SELECT * INTO v_own FROM butler_internal.collection AS c
    WHERE c.collection = p_collection AND c.removed IS NULL;
    IF NOT FOUND THEN
        PERFORM butler_internal.find_collection(p_collection);
        PERFORM butler_common.raise_error(
            'UB401',
            format('collection %L belongs to a layer under this registry and can''t be changed here', p_collection),
            'Make a collection of your own; a chain or a tag may hold what lies under it.',
            jsonb_build_object('collection', p_collection)
        );
    ELSIF v_own.collection_type <> p_collection_type THEN
        PERFORM butler_common.raise_error(
            'UB202',
            format('collection %L is a %s collection, not a %s one', p_collection, v_own.collection_type, p_collection_type),
            CASE v_own.collection_type
                WHEN 'calibration'
                    THEN 'Name a tagged collection: datasets come into a calibration collection with times, by rows of calibration.'
                ELSE format('Name a %s collection.', p_collection_type)
            END,
            jsonb_build_object('collection', p_collection, 'collection_type', v_own.collection_type)
        );
    ELSIF v_own.frozen THEN
        PERFORM butler_common.raise_error(
            'UB401',
            format('collection %L is frozen', p_collection),
            'Write into another, or have it released by ''collection freeze --release'' of the command, or freeze_collection(…, false).',
            jsonb_build_object('collection', p_collection)
        );
    END IF;
    RETURN v_own.collection_id;
END;
$$;

COMMENT ON FUNCTION butler_internal.own_collection(text, text) IS
'Id of a collection of this registry that may be changed. Raises UB103, UB202 or UB401 otherwise.';

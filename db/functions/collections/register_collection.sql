CREATE OR REPLACE FUNCTION butler.register_collection(p_collection text, p_collection_type text, p_doc text DEFAULT '')
RETURNS boolean
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_collection_type text;
    v_id bigint;
    v_execution bigint;
BEGIN
    PERFORM butler_common.require_read_committed('collections can be registered');
    PERFORM set_config('synchronous_commit', 'on', true);
    IF p_collection_type IS NULL OR p_collection_type NOT IN ('run', 'tagged', 'chained', 'calibration') THEN
        PERFORM butler_common.raise_error(
            'UB305', format('%L is not a type of collection', p_collection_type),
            'There are run, tagged, chained and calibration.', jsonb_build_object('collection_type', p_collection_type)
        );
    END IF;
    IF
        p_collection IS NULL OR p_collection = '' OR octet_length(p_collection) > 255
        OR p_collection ~ '[[:cntrl:]]' OR p_collection ~ '^[[:space:]]' OR p_collection ~ '[[:space:]]$'
        OR p_collection ~ '(^/|/$|//|(^|/)[.]{1,2}(/|$))'
    THEN
        PERFORM butler_common.raise_error(
            'UB305', format('%L is not a name for a collection', left(p_collection, 100)),
            'Use at most 255 bytes without control characters; parts are separated by single slashes, none is "." or "..".',
            jsonb_build_object('collection', left(p_collection, 100))
        );
    END IF;
    -- A collection that was removed comes back empty, with its history.
    UPDATE butler_internal.collection AS c
    SET removed = NULL, removed_by = NULL, removal_reason = NULL, owner = butler_common.actor(), doc = coalesce(p_doc, '')
    WHERE c.collection = p_collection AND c.collection_type = p_collection_type AND c.removed IS NOT NULL
    RETURNING c.collection_id INTO v_id;
    IF FOUND THEN
        UPDATE butler_internal.run AS r SET environment = NULL, pipeline = NULL WHERE r.collection_id = v_id;
        PERFORM butler_internal.record(
            'register_collection', 1, ARRAY[p_collection],
            jsonb_build_object('collection_type', p_collection_type, 'removed_before', true)
        );
        RETURN true;
    END IF;
    PERFORM butler_common.raise_error(
        'UB202',
        format('%L was a %s collection, and was removed at %s', p_collection, c.collection_type, to_jsonb(c.removed) #>> '{}'),
        'Choose another name; the same name can only be the same collection again, in its own registry.',
        jsonb_build_object('collection', p_collection, 'collection_type', c.collection_type)
    )
    FROM butler_internal.all_collection AS c
    WHERE c.collection = p_collection AND c.removed IS NOT NULL;
    SELECT c.collection_type INTO v_collection_type FROM butler_internal.all_collection AS c WHERE c.collection = p_collection;
    IF NOT FOUND THEN
        INSERT INTO butler_internal.collection (collection, collection_type, owner, doc)
        VALUES (p_collection, p_collection_type, butler_common.actor(), coalesce(p_doc, ''))
        ON CONFLICT ON CONSTRAINT uq_collection_collection DO NOTHING
        RETURNING collection_id INTO v_id;
        IF FOUND THEN
            IF p_collection_type = 'run' THEN
                INSERT INTO butler_internal.execution (host, started)
                VALUES (butler_common.client_host(), clock_timestamp())
                RETURNING execution_id INTO v_execution;
                INSERT INTO butler_internal.run (execution_id, collection_id, run)
                VALUES (v_execution, v_id, p_collection);
            END IF;
            PERFORM butler_internal.record(
                'register_collection', 1, ARRAY[p_collection], jsonb_build_object('collection_type', p_collection_type)
            );
            RETURN true;
        END IF;
        SELECT c.collection_type INTO v_collection_type FROM butler_internal.collection AS c WHERE c.collection = p_collection;
    END IF;
    IF v_collection_type <> p_collection_type THEN
        PERFORM butler_common.raise_error(
            'UB202', format('collection %L is a %s collection, not a %s one', p_collection, v_collection_type, p_collection_type),
            'Use it as it is, or choose another name.',
            jsonb_build_object('collection', p_collection, 'collection_type', v_collection_type)
        );
    END IF;
    RETURN false;
END;
$$;

COMMENT ON FUNCTION butler.register_collection(text, text, text) IS
'Register a collection of type run, tagged, chained or calibration. One that is there stays: returns false.
Raises UB202 if it is of another type, UB305 for a bad name.';

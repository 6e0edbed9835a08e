CREATE OR REPLACE FUNCTION butler.freeze_collection(p_collection text, p_frozen boolean DEFAULT true)
RETURNS void
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM butler_common.require_read_committed('collections can be frozen');
    PERFORM set_config('synchronous_commit', 'on', true);
    IF p_frozen IS NULL THEN
        PERFORM butler_common.raise_error(
            'UB301', format('collection %L can''t be frozen by null', p_collection), 'Give true to freeze it, false to release it.',
            jsonb_build_object('collection', p_collection)
        );
    END IF;
    -- A writer that is ending a put holds this lock shared: it ends before the collection is frozen, or is refused.
    PERFORM pg_advisory_xact_lock(butler_common.lock_class('collection'), c.collection_id::integer)
    FROM butler_internal.collection AS c WHERE c.collection = p_collection;
    -- The time too: a read as of it is as repeatable as the collection is frozen, also once that is released.
    UPDATE butler_internal.collection AS c
    SET frozen = p_frozen, changed = butler_common.time_after(c.changed, c.put_until)
    WHERE c.collection = p_collection AND c.removed IS NULL;
    IF NOT FOUND THEN
        PERFORM butler_internal.find_collection(p_collection);
        PERFORM butler_common.raise_error(
            'UB401', format('collection %L belongs to a layer under this registry', p_collection),
            'Freeze it there.', jsonb_build_object('collection', p_collection)
        );
    END IF;
    PERFORM butler_internal.record(
        'freeze_collection', 1, ARRAY[p_collection], jsonb_build_object('frozen', p_frozen)
    );
END;
$$;

COMMENT ON FUNCTION butler.freeze_collection(text, boolean) IS
'Freeze a collection, or release it. A frozen collection takes no datasets and no members. Raises
UB103, UB301 or UB401.';

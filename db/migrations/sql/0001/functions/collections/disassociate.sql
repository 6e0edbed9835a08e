CREATE OR REPLACE FUNCTION butler.disassociate(p_collection text, p_dataset_ids uuid[])
RETURNS integer
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_collection_type text;
    v_collection bigint;
    v_now timestamptz;
    v_count integer;
BEGIN
    PERFORM butler_common.require_read_committed('collections can be changed');
    PERFORM set_config('synchronous_commit', 'on', true);
    SELECT CASE WHEN c.collection_type = 'run' THEN 'run' ELSE 'tagged' END INTO v_collection_type
    FROM butler_internal.all_collection AS c WHERE c.collection = p_collection;
    v_collection := butler_internal.own_collection(p_collection, v_collection_type);
    v_now := butler_internal.stamp(v_collection);
    -- Another session may have frozen the collection while this one waited.
    PERFORM butler_internal.own_collection(p_collection, v_collection_type);
    UPDATE butler_internal.dataset_tag AS t
    SET known = tstzrange(lower(t.known), v_now)
    WHERE t.collection_id = v_collection AND t.dataset_id = ANY (p_dataset_ids) AND upper_inf(t.known);
    GET DIAGNOSTICS v_count = ROW_COUNT;
    PERFORM butler_internal.record('disassociate', v_count, ARRAY[p_collection]);
    RETURN v_count;
END;
$$;

COMMENT ON FUNCTION butler.disassociate(text, uuid[]) IS
'Take datasets out of a tagged collection, or out of the inputs of a run;
returns how many were in it. Those that weren''t are ignored.';

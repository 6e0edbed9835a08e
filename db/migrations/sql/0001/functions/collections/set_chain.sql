CREATE OR REPLACE FUNCTION butler.set_chain(p_collection text, p_members text[])
RETURNS void
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_chain bigint;
    v_member text;
    v_now timestamptz;
    v_before bigint;
    v_after bigint;
BEGIN
    PERFORM set_config('synchronous_commit', 'on', true);
    -- Two sessions whose edits make a cycle only together must not pass each other.
    PERFORM butler_common.require_read_committed('chains can be changed');
    PERFORM pg_advisory_xact_lock(butler_common.lock_class('chains'), 0);
    v_chain := butler_internal.own_collection(p_collection, 'chained');
    FOREACH v_member IN ARRAY coalesce(p_members, '{}') LOOP
        PERFORM butler_internal.find_collection(v_member);
    END LOOP;
    IF EXISTS (
        WITH RECURSIVE reached AS (
            SELECT c.collection_id FROM butler_internal.all_collection AS c WHERE c.collection = ANY (p_members)
            UNION
            SELECT m.member_id
            FROM reached AS r
            INNER JOIN butler_internal.all_collection_member AS m ON m.collection_id = r.collection_id
            WHERE upper_inf(m.known)
        )
        SELECT FROM reached AS r WHERE r.collection_id = v_chain
    ) THEN
        PERFORM butler_common.raise_error(
            'UB202', format('chain %L would hold itself', p_collection),
            'Take out the member that leads back to it.',
            jsonb_build_object('collection', p_collection, 'members', to_jsonb(p_members))
        );
    END IF;
    IF (SELECT count(*) <> count(DISTINCT m) FROM unnest(p_members) AS m) THEN
        PERFORM butler_common.raise_error(
            'UB202', format('chain %L would hold a collection twice', p_collection),
            'Name each once.', jsonb_build_object('collection', p_collection, 'members', to_jsonb(p_members))
        );
    END IF;
    v_now := butler_internal.stamp(v_chain);
    -- Another session may have frozen the collection while this one waited.
    PERFORM butler_internal.own_collection(p_collection, 'chained');
    UPDATE butler_internal.collection_member AS m
    SET known = tstzrange(lower(m.known), v_now)
    WHERE m.collection_id = v_chain AND upper_inf(m.known);
    GET DIAGNOSTICS v_before = ROW_COUNT;
    INSERT INTO butler_internal.collection_member (collection_id, position, member_id, known)
    SELECT v_chain, g.n, c.collection_id, tstzrange(v_now, NULL)
    FROM unnest(p_members) WITH ORDINALITY AS g (name, n)
    INNER JOIN butler_internal.all_collection AS c ON c.collection = g.name;
    GET DIAGNOSTICS v_after = ROW_COUNT;
    PERFORM butler_internal.record(
        'set_chain', greatest(v_before, v_after), ARRAY[p_collection],
        jsonb_build_object('members', v_after, 'members_before', v_before)
    );
END;
$$;

COMMENT ON FUNCTION butler.set_chain(text, text[]) IS
'Make a chain hold these collections, in search order. A read as of an earlier time finds what it held then.
Raises UB103, UB202 for a cycle, UB401 where it may not change.';

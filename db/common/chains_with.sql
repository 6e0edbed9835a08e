CREATE OR REPLACE FUNCTION butler_common.chains_with(p_member_id bigint)
RETURNS TABLE (registry text, collection_id bigint, collection text, frozen boolean)
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_registry text;
BEGIN
    FOR v_registry IN SELECT r.registry FROM butler_common.registry AS r ORDER BY r.depth, r.registry LOOP
        RETURN QUERY EXECUTE format(
            'SELECT %1$L, c.collection_id, c.collection, c.frozen FROM %2$I.collection_member AS m '
            'INNER JOIN %2$I.collection AS c ON c.collection_id = m.collection_id '
            'WHERE m.member_id = $1 AND upper_inf(m.known) ORDER BY c.collection',
            v_registry, v_registry || '_internal'
        ) USING p_member_id;
    END LOOP;
END;
$$;

COMMENT ON FUNCTION butler_common.chains_with(bigint) IS
'The chains of all registries that have this collection now.';

-- One transaction time for a change to several collections, of any registry. Every caller locks their
-- rows in the same order, so that two such changes wait for each other.
CREATE OR REPLACE FUNCTION butler_common.stamp_collections(p_collection_ids bigint[])
RETURNS timestamptz
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_registry text;
    v_found record;
    v_changed timestamptz;
    v_until timestamptz;
    v_now timestamptz;
BEGIN
    FOR v_registry IN SELECT r.registry FROM butler_common.registry AS r ORDER BY r.depth, r.registry LOOP
        EXECUTE format(
            'SELECT max(c.changed) AS changed, max(c.put_until) AS until FROM (SELECT c.changed, c.put_until FROM %I.collection AS c '
            'WHERE c.collection_id = ANY ($1) ORDER BY c.collection_id FOR UPDATE) AS c',
            v_registry || '_internal'
        ) INTO v_found USING p_collection_ids;
        v_changed := greatest(v_changed, v_found.changed);
        v_until := greatest(v_until, v_found.until);
    END LOOP;
    v_now := butler_common.time_after(v_changed, v_until);
    FOR v_registry IN SELECT r.registry FROM butler_common.registry AS r LOOP
        EXECUTE format(
            'UPDATE %I.collection AS c SET changed = $2 WHERE c.collection_id = ANY ($1)', v_registry || '_internal'
        ) USING p_collection_ids, v_now;
    END LOOP;
    RETURN v_now;
END;
$$;

COMMENT ON FUNCTION butler_common.stamp_collections(bigint[]) IS
'Lock collections of any registry and give the time of the change to come, later than any before.';

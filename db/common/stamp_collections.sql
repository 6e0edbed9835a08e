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
    v_last timestamptz;
    v_now timestamptz := '-infinity';
BEGIN
    FOR v_registry IN SELECT r.registry FROM butler_common.registry AS r ORDER BY r.depth, r.registry LOOP
        EXECUTE format(
            'SELECT max(c.changed) FROM (SELECT c.changed FROM %I.collection AS c '
            'WHERE c.collection_id = ANY ($1) ORDER BY c.collection_id FOR UPDATE) AS c',
            v_registry || '_internal'
        ) INTO v_last USING p_collection_ids;
        v_now := greatest(v_now, v_last + interval '1 microsecond');
    END LOOP;
    v_now := greatest(v_now, clock_timestamp());
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

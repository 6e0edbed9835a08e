-- A collection of any registry of the database may hold a dataset: a personal tag over a release
-- is as good a reason to keep a dataset as one of the release itself. What was certified once is what a read as of that
-- time gives, so it is kept too.
CREATE OR REPLACE FUNCTION butler_common.memberships(p_dataset_ids uuid[])
RETURNS TABLE (
    registry text,
    collection_id bigint,
    collection text,
    collection_type text,
    frozen boolean,
    is_now boolean,
    dataset_id uuid
)
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
SET max_parallel_workers_per_gather = 0
AS $$
DECLARE
    v_registry text;
BEGIN
    FOR v_registry IN SELECT r.registry FROM butler_common.registry AS r ORDER BY r.depth, r.registry LOOP
        RETURN QUERY EXECUTE format(
            'SELECT %1$L, c.collection_id, c.collection, c.collection_type, c.frozen, m.is_now, m.dataset_id FROM ('
            'SELECT t.collection_id, t.dataset_id, true AS is_now FROM unnest($1) AS g (id) '
            'INNER JOIN %2$I.dataset_tag AS t ON t.dataset_id = g.id WHERE upper_inf(t.known) '
            'UNION ALL '
            'SELECT k.collection_id, b.dataset_id, bool_or(b.known @> ''infinity''::timestamptz) FROM unnest($1) AS g (id) '
            'INNER JOIN %2$I.calibration AS b ON b.dataset_id = g.id '
            'INNER JOIN %2$I.calibration_key AS k ON k.calibration_key_id = b.calibration_key_id '
            'GROUP BY k.collection_id, b.dataset_id'
            ') AS m INNER JOIN %2$I.collection AS c ON c.collection_id = m.collection_id',
            v_registry, v_registry || '_internal'
        ) USING p_dataset_ids;
    END LOOP;
END;
$$;

COMMENT ON FUNCTION butler_common.memberships(uuid[]) IS
'The tagged collections of all registries that hold these datasets now, and the calibration collections that certify them, or
once did.';

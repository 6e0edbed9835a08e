-- A session that makes a collection hold datasets has the locks of their runs shared until the end of the
-- transaction; a session that removes datasets takes them exclusively. Both in the order of the ids.
CREATE OR REPLACE FUNCTION butler_internal.hold_datasets(p_dataset_ids uuid[], p_changing bigint)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_problems jsonb;
BEGIN
    PERFORM CASE
        WHEN held.collection_id = p_changing
            THEN pg_advisory_xact_lock(butler_common.lock_class('collection'), held.collection_id::integer)
        ELSE pg_advisory_xact_lock_shared(butler_common.lock_class('collection'), held.collection_id::integer)
    END
    FROM (
        SELECT p_changing AS collection_id
        UNION
        SELECT r.collection_id
        FROM (
            SELECT DISTINCT d.run_id
            FROM unnest(p_dataset_ids) AS g (id)
            INNER JOIN butler_internal.all_dataset AS d ON d.dataset_id = g.id
        ) AS d
        INNER JOIN butler_internal.all_run AS r ON r.run_id = d.run_id
        ORDER BY collection_id
    ) AS held;
    SELECT jsonb_agg(jsonb_build_object(
        'row', g.n, 'code', 'UB101', 'message', format('no dataset %s', coalesce(g.id::text, 'null')),
        'hint', 'Give ids of datasets that are registered and not removed.', 'dataset_id', g.id
    ) ORDER BY g.n) INTO v_problems
    FROM unnest(p_dataset_ids) WITH ORDINALITY AS g (id, n)
    WHERE NOT EXISTS (
        SELECT FROM butler_internal.all_dataset AS d WHERE d.dataset_id = g.id AND d.state <> 'removed'
    );
    PERFORM butler_common.raise_rows(v_problems);
END;
$$;

COMMENT ON FUNCTION butler_internal.hold_datasets(uuid[], bigint) IS
'Keep all others from removing datasets, and from changing the collection, until the end of the transaction.
Raises UB101 for a dataset that isn''t there.';

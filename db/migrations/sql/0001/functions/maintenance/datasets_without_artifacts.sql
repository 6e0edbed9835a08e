-- Runs and types whose datasets are all said to have artifacts, which are nearly all, are passed over by their counts.
CREATE OR REPLACE FUNCTION butler.datasets_without_artifacts(
    p_after uuid DEFAULT '00000000-0000-0000-0000-000000000000',
    p_limit integer DEFAULT 1000
)
RETURNS SETOF uuid
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT d.dataset_id
    FROM (
        SELECT c.run_id, c.dataset_type_id
        FROM (
            SELECT n.run_id, n.dataset_type_id, n.datasets, n.artifacts
            FROM butler_internal.storage_total AS n
            WHERE n.datastore_id = 0 AND n.state = 'present'
            UNION ALL
            SELECT n.run_id, n.dataset_type_id, n.datasets, n.artifacts
            FROM butler_internal.storage_change AS n
            WHERE n.datastore_id = 0 AND n.state = 'present'
        ) AS c
        GROUP BY c.run_id, c.dataset_type_id
        HAVING sum(c.datasets) <> sum(c.artifacts)
    ) AS k
    CROSS JOIN LATERAL (
        SELECT o.dataset_id
        FROM butler_internal.dataset AS o
        WHERE
            o.run_id = k.run_id AND o.dataset_type_id = k.dataset_type_id AND o.dataset_id > p_after
            AND o.state <> 'removed' AND o.state = 'present'
            AND NOT EXISTS (
                SELECT FROM butler_internal.artifact AS a
                WHERE a.dataset_id = o.dataset_id AND a.state IN ('present', 'lost')
                OFFSET 0  -- noqa: AM09
            )
        OFFSET 0  -- noqa: AM09
    ) AS d
    ORDER BY d.dataset_id
    LIMIT p_limit;
END;

COMMENT ON FUNCTION butler.datasets_without_artifacts(uuid, integer) IS
'Datasets of this registry whose state is present and that have no artifact. Runs and types are passed over of which
as many are counted to have one as there are.';

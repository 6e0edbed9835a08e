CREATE VIEW butler.dataset_count AS
SELECT
    r.run,
    t.dataset_type,
    butler.state_name(k.state) AS state,
    k.datasets,
    k.stored,
    k.last_created
FROM (
    SELECT
        c.run_id,
        c.dataset_type_id,
        c.state,
        sum(c.datasets)::bigint AS datasets,
        sum(c.artifacts)::bigint AS stored,
        max(c.created) AS last_created
    FROM (
        SELECT n.run_id, n.dataset_type_id, n.datastore_id, n.state, n.datasets, n.artifacts, n.created
        FROM butler_internal.all_storage_total AS n
        UNION ALL
        SELECT n.run_id, n.dataset_type_id, n.datastore_id, n.state, n.datasets, n.artifacts, n.created
        FROM butler_internal.all_storage_change AS n
    ) AS c
    WHERE c.datastore_id = 0
    GROUP BY c.run_id, c.dataset_type_id, c.state
    HAVING sum(c.datasets) <> 0
) AS k
INNER JOIN butler_internal.all_run AS r ON r.run_id = k.run_id
INNER JOIN butler_internal.all_dataset_type AS t ON t.dataset_type_id = k.dataset_type_id;

COMMENT ON VIEW butler.dataset_count IS
'How many datasets each run has of each type, as it is kept counted: it costs the same, however many there are.';
COMMENT ON COLUMN butler.dataset_count.state IS 'present, unstored or removed.';
COMMENT ON COLUMN butler.dataset_count.datasets IS 'How many datasets.';
COMMENT ON COLUMN butler.dataset_count.stored IS 'How many of them have an artifact, present or lost.';
COMMENT ON COLUMN butler.dataset_count.last_created IS
'When the last of those came that are or were in this state, UTC.';

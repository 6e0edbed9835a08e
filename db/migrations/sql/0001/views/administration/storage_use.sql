-- From the counts that are kept (keep_storage_use); but a file of which several datasets are parts counts once, with whichever
-- of them has it now: that is looked up among the parts alone. Sums of sizes are numeric: two files that are said to be
-- as large as a bigint holds must stop nobody.
CREATE VIEW butler.storage_use AS
SELECT
    r.run,
    t.dataset_type,
    s.datastore,
    butler.state_name(k.state) AS state,
    k.in_place,
    k.datasets,
    k.artifacts,
    k.bytes
FROM (
    SELECT
        c.run_id,
        c.dataset_type_id,
        c.datastore_id,
        c.state,
        c.in_place,
        sum(c.datasets)::bigint AS datasets,
        sum(c.artifacts)::bigint AS artifacts,
        sum(c.bytes) AS bytes
    FROM (
        SELECT n.run_id, n.dataset_type_id, n.datastore_id, n.state, n.in_place, n.datasets, n.artifacts, n.bytes
        FROM butler_internal.all_storage_total AS n
        UNION ALL
        SELECT n.run_id, n.dataset_type_id, n.datastore_id, n.state, n.in_place, n.datasets, n.artifacts, n.bytes
        FROM butler_internal.all_storage_change AS n
        UNION ALL
        SELECT
            f.run_id,
            f.dataset_type_id,
            f.datastore_id,
            CASE WHEN f.state = 'present' AND f.dataset_state <> 'present' THEN 'trashed' ELSE f.state END,
            f.in_place,
            0,
            0,
            f.size
        FROM (
            SELECT DISTINCT ON (a.datastore_id, split_part(butler.artifact_path(a.path, a.dataset_id), '#', 1))
                d.run_id,
                d.dataset_type_id,
                a.datastore_id,
                a.state,
                d.state AS dataset_state,
                strpos(a.path, ':') > 0 AS in_place,
                a.size
            FROM butler_internal.all_artifact AS a
            INNER JOIN butler_internal.all_dataset AS d ON d.dataset_id = a.dataset_id
            WHERE a.path ~ '#' AND (d.state = 'present' OR d.trashed)
            ORDER BY
                a.datastore_id ASC, split_part(butler.artifact_path(a.path, a.dataset_id), '#', 1) ASC,
                d.state <> 'present' ASC, a.state = 'deleting' ASC, a.dataset_id ASC, a.component ASC
        ) AS f
    ) AS c
    WHERE c.datastore_id <> 0
    GROUP BY c.run_id, c.dataset_type_id, c.datastore_id, c.state, c.in_place
    HAVING sum(c.artifacts) <> 0
) AS k
INNER JOIN butler_internal.all_run AS r ON r.run_id = k.run_id
INNER JOIN butler_internal.all_dataset_type AS t ON t.dataset_type_id = k.dataset_type_id
INNER JOIN butler_internal.all_datastore AS s ON s.datastore_id = k.datastore_id;

COMMENT ON VIEW butler.storage_use IS
'How much each run holds of each dataset type in each datastore, as it is kept counted. The bytes of a file whose parts
are several datasets count once, with the first of those that are present, or else in the trash, and are added up when they are asked for; those
of a file that several have whole, for each.';
COMMENT ON COLUMN butler.storage_use.state IS
'present; lost, as verify found; or trashed: can be restored still. What is claimed to be deleted isn''t counted: in the view
artifact it is deleting, until its bytes are gone.';
COMMENT ON COLUMN butler.storage_use.in_place IS
'Whether these are files that lie elsewhere, where they were ingested in place.';
COMMENT ON COLUMN butler.storage_use.datasets IS 'How many datasets.';
COMMENT ON COLUMN butler.storage_use.artifacts IS 'How many stored pieces of them.';
COMMENT ON COLUMN butler.storage_use.bytes IS 'Length of their files together. Unit: byte.';

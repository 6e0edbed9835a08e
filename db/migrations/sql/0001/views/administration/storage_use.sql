-- Sums of sizes are numeric: two files that are said to be as large as a bigint holds must stop nobody.
CREATE VIEW butler.storage_use AS
SELECT
    r.run,
    t.dataset_type,
    s.datastore,
    CASE
        WHEN a.state = 'present' AND d.state <> 'present' THEN 'trashed'
        ELSE butler.state_name(a.state)
    END AS state,
    a.path ~ '^[a-z][a-z0-9+.-]*:' AS in_place,
    count(DISTINCT a.dataset_id) AS datasets,
    count(*) AS artifacts,
    sum(CASE WHEN p.dataset_id IS NULL OR p.counted THEN a.size ELSE 0 END) AS bytes
FROM butler_internal.all_artifact AS a
LEFT JOIN (
    SELECT f.dataset_id, f.datastore_id, f.component, row_number() OVER (
        PARTITION BY f.datastore_id, split_part(butler.artifact_path(f.path, f.dataset_id), '#', 1)
        ORDER BY o.state <> 'present' ASC, f.state = 'deleting' ASC, f.dataset_id ASC, f.component ASC
    ) = 1 AS counted
    FROM butler_internal.all_artifact AS f
    INNER JOIN butler_internal.all_dataset AS o ON o.dataset_id = f.dataset_id
    WHERE strpos(f.path, '#') > 0 AND (o.state = 'present' OR o.trashed)
) AS p ON p.dataset_id = a.dataset_id AND p.datastore_id = a.datastore_id AND p.component = a.component
INNER JOIN butler_internal.all_dataset AS d ON d.dataset_id = a.dataset_id
INNER JOIN butler_internal.all_run AS r ON r.run_id = d.run_id
INNER JOIN butler_internal.all_dataset_type AS t ON t.dataset_type_id = d.dataset_type_id
INNER JOIN butler_internal.all_datastore AS s ON s.datastore_id = a.datastore_id
WHERE d.state = 'present' OR d.trashed
GROUP BY 1, 2, 3, 4, 5;

COMMENT ON VIEW butler.storage_use IS
'How much each run holds of each dataset type in each datastore. The bytes of a file whose parts are several datasets count
once, with the first of those that are present, or else in the trash; those of a file that several have whole, for each.';
COMMENT ON COLUMN butler.storage_use.state IS
'present; lost, as verify found; trashed: can be restored still; or deleting.';
COMMENT ON COLUMN butler.storage_use.in_place IS
'Whether these are files that lie elsewhere, where they were ingested in place.';
COMMENT ON COLUMN butler.storage_use.datasets IS 'How many datasets.';
COMMENT ON COLUMN butler.storage_use.artifacts IS 'How many stored pieces of them.';
COMMENT ON COLUMN butler.storage_use.bytes IS 'Length of their files together. Unit: byte.';

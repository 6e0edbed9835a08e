CREATE VIEW butler.dataset_collection AS
SELECT r.run AS collection, 'run' AS collection_type, d.dataset_id, t.dataset_type
FROM butler_internal.all_dataset AS d
INNER JOIN butler_internal.all_dataset_type AS t ON t.dataset_type_id = d.dataset_type_id
INNER JOIN butler_internal.all_run AS r ON r.run_id = d.run_id
WHERE d.state <> 'removed'
UNION ALL
SELECT c.collection, c.collection_type, g.dataset_id, t.dataset_type
FROM butler_internal.all_dataset_tag AS g
INNER JOIN butler_internal.all_collection AS c ON c.collection_id = g.collection_id
INNER JOIN butler_internal.all_dataset_type AS t ON t.dataset_type_id = g.dataset_type_id
WHERE upper_inf(g.known)
UNION ALL
-- Once, though it may be valid in several ranges.
SELECT DISTINCT c.collection, c.collection_type, b.dataset_id, t.dataset_type
FROM butler_internal.all_calibration AS b
INNER JOIN butler_internal.all_calibration_key AS k ON k.calibration_key_id = b.calibration_key_id
INNER JOIN butler_internal.all_collection AS c ON c.collection_id = k.collection_id
INNER JOIN butler_internal.all_dataset_type AS t ON t.dataset_type_id = k.dataset_type_id
WHERE b.known @> 'infinity'::timestamptz AND b.dataset_id IS NOT NULL;

COMMENT ON VIEW butler.dataset_collection IS
'Which datasets are in which collections now: runs, tagged and calibration collections; chains are in collection_chain.';

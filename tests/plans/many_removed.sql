-- Before what is there: twenty visits and twenty tracts, on each of twenty days. Filled past the triggers.
SET session_replication_role = replica;
SET search_path = butler_internal, public;

INSERT INTO dataset (
    dataset_id, run_id, dataset_type_id, created, camera, visit, sensor, state, changed, changed_by, change_reason, trashed
)
SELECT gen_random_uuid(), 1001, 1001, day + interval '1 hour', 'Cam', v, s, 'removed', day + interval '20 hours', 'test', '', false
FROM generate_series('2026-01-02T00:00Z'::timestamptz, '2026-01-21T00:00Z', '1 day') AS day,
    generate_series(11, 30) AS v, generate_series(0, 19) AS s;
INSERT INTO dataset (
    dataset_id, run_id, dataset_type_id, created, abstract_filter, skymap, tract, patch, state, changed, changed_by, change_reason, trashed
)
SELECT gen_random_uuid(), 1021, 1002, day + interval '1 hour', 'r', 'rings', t, p, 'removed', day + interval '20 hours', 'test', '', false
FROM generate_series('2026-01-02T00:00Z'::timestamptz, '2026-01-21T00:00Z', '1 day') AS day,
    generate_series(1, 20) AS t, generate_series(0, 19) AS p;
INSERT INTO dataset_tag (collection_id, dataset_id, dataset_type_id, digest, known)
SELECT run_id + 100, dataset_id, dataset_type_id, digest, tstzrange(created + interval '2 hours', changed)
FROM dataset
WHERE state = 'removed';
RESET session_replication_role;
ANALYZE dataset, dataset_tag;

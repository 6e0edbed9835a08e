-- A survey large enough that the planner prefers an index to reading a table: 1000 visits of 20 sensors,
-- a sky map, 44 000 datasets in 21 runs, tags. Filled by the owner of the server, past the triggers.
SET session_replication_role = replica;
SET search_path = butler_internal, public;

CREATE FUNCTION pg_temp.box(ra float8, decl float8, size float8) RETURNS geography LANGUAGE sql AS $$
    SELECT ST_SetSRID(ST_MakeEnvelope(ra, decl, ra + size, decl + size), 104047)::geography
$$;

INSERT INTO camera (camera) VALUES ('Cam');
INSERT INTO abstract_filter (abstract_filter) VALUES ('r');
INSERT INTO physical_filter (camera, physical_filter, abstract_filter) VALUES ('Cam', 'Cam-r', 'r');
INSERT INTO physical_sensor (camera, sensor, sensor_name) SELECT 'Cam', s, 'S' || s FROM generate_series(0, 19) AS s;
INSERT INTO visit (camera, visit, visit_name, physical_filter, night, target_name, region)
SELECT 'Cam', v, 'visit-' || v, 'Cam-r', date '2026-01-01' + v / 20, 'field-' || v / 5, pg_temp.box(10 + v * 0.04, 0, 1) FROM generate_series(1, 1000) AS v;
INSERT INTO observed_sensor (camera, visit, sensor, observed_sensor_id, region)
SELECT 'Cam', v, s, v * 20 + s, pg_temp.box(10 + v * 0.04 + s % 5 * 0.1, s / 5 * 0.1, 0.1)
FROM generate_series(1, 1000) AS v, generate_series(0, 19) AS s;
INSERT INTO skymap (skymap) VALUES ('rings');
INSERT INTO tract (skymap, tract, region) SELECT 'rings', t, pg_temp.box(10 + t * 0.2, 0, 1) FROM generate_series(1, 200) AS t;
INSERT INTO patch (skymap, tract, patch, patch_id, region)
SELECT 'rings', t, p, t * 20 + p, pg_temp.box(10 + t * 0.2 + p % 5 * 0.1, p / 5 * 0.1, 0.1)
FROM generate_series(1, 200) AS t, generate_series(0, 19) AS p;
INSERT INTO sensor_patch_overlap (observed_sensor_id, patch_id)
SELECT n, 20 + (n / 5 + more) % 4000 FROM generate_series(20, 20019) AS n, generate_series(0, 3) AS more;
INSERT INTO visit_tract_overlap (camera, visit, skymap, tract)
SELECT DISTINCT s.camera, s.visit, p.skymap, p.tract
FROM sensor_patch_overlap AS o
INNER JOIN observed_sensor AS s USING (observed_sensor_id)
INNER JOIN patch AS p USING (patch_id);
INSERT INTO visit_patch_overlap (camera, visit, skymap, tract, patch)
SELECT DISTINCT s.camera, s.visit, p.skymap, p.tract, p.patch
FROM sensor_patch_overlap AS o
INNER JOIN observed_sensor AS s USING (observed_sensor_id)
INNER JOIN patch AS p USING (patch_id);

INSERT INTO datastore (datastore_id, datastore, root) VALUES (1, 'main', 'file:///data/');
INSERT INTO dataset_type (dataset_type_id, dataset_type, storage_class, unit_mask)
VALUES (1001, 'image', 'Dict', 1 | 8 | 16), (1002, 'coadd', 'Dict', 2 | 128 | 256 | 512);
INSERT INTO collection (collection_id, collection, collection_type, owner)
SELECT n, 'r/' || n, 'run', 'test' FROM generate_series(1001, 1021) AS n;
INSERT INTO execution (execution_id) SELECT n FROM generate_series(1001, 1021) AS n;
INSERT INTO run (run_id, execution_id, collection_id, run) SELECT n, n, n, 'r/' || n FROM generate_series(1001, 1021) AS n;
INSERT INTO collection (collection_id, collection, collection_type, owner)
SELECT n, 'tag/' || n, 'tagged', 'test' FROM generate_series(1101, 1121) AS n;

-- Fifty visits a run, twice; the coadds all in run 1021. Each run has a tag that holds the same.
INSERT INTO dataset (dataset_id, run_id, dataset_type_id, created, camera, visit, sensor)
SELECT gen_random_uuid(), 1001 + (v + again) / 50 % 20, 1001, now(), 'Cam', v, s
FROM generate_series(1, 1000) AS v, generate_series(0, 19) AS s, unnest('{0,50}'::integer[]) AS again;
INSERT INTO dataset (dataset_id, run_id, dataset_type_id, created, abstract_filter, skymap, tract, patch)
SELECT gen_random_uuid(), 1021, 1002, now(), 'r', 'rings', t, p
FROM generate_series(1, 200) AS t, generate_series(0, 19) AS p;
INSERT INTO artifact (dataset_id, datastore_id, path, formatter, size, sha256)
SELECT dataset_id, 1, 'r/' || run_id || '/' || dataset_type_id || '_{}.json', 'json', 1, decode(md5('') || md5(''), 'hex') FROM dataset;
INSERT INTO dataset_tag (collection_id, dataset_id, dataset_type_id, digest, known)
SELECT run_id + 100, dataset_id, dataset_type_id, digest, tstzrange(now(), NULL) FROM dataset;

-- Flats of each sensor for each of 200 days, two beliefs of each: the first was corrected on 1 March.
INSERT INTO dataset_type (dataset_type_id, dataset_type, storage_class, unit_mask) VALUES (1003, 'flat', 'Dict', 1 | 8);
INSERT INTO collection (collection_id, collection, collection_type, owner) VALUES (1201, 'calib', 'calibration', 'test');
INSERT INTO calibration_key (calibration_key_id, collection_id, dataset_type_id, camera, sensor)
SELECT 1001 + s, 1201, 1003, 'Cam', s FROM generate_series(0, 19) AS s;
INSERT INTO calibration (calibration_key_id, dataset_id, valid, known, actor)
SELECT 1001 + s, gen_random_uuid(), tsrange('2026-01-01'::timestamp + day * '1 day'::interval, '2026-01-02'::timestamp + day * '1 day'::interval),
    belief.known, 'test'
FROM generate_series(0, 19) AS s, generate_series(0, 199) AS day, unnest(ARRAY['[2026-02-01,2026-03-01)', '[2026-03-01,)']::tstzrange[]) AS belief (known);
RESET session_replication_role;
ANALYZE;

-- A survey of :visits visits with 100 sensors over :tracts tracts of 100 patches, and the names of what
-- it makes. Pairs of sensors and patches are worked out on the grid: the triggers' own work, a join of
-- regions, is another experiment.
SET session_replication_role = replica;
SET search_path = butler_internal, public;

CREATE SCHEMA trial;

CREATE FUNCTION trial.box(ra float8, decl float8, size float8) RETURNS geography LANGUAGE sql IMMUTABLE AS $$
    SELECT ST_SetSRID(ST_MakeEnvelope(ra, decl, ra + size, decl + size), 104047)::geography
$$;

INSERT INTO abstract_filter (abstract_filter) SELECT unnest('{g,r,i,z,y}'::text[]);
INSERT INTO camera (camera) VALUES ('BenchCam');
INSERT INTO physical_filter (camera, physical_filter, abstract_filter)
SELECT 'BenchCam', b || '_bench', b FROM unnest('{g,r,i,z,y}'::text[]) AS b;
INSERT INTO physical_sensor (camera, sensor, sensor_name)
SELECT 'BenchCam', s, format('R%s_S%s', s / 10, s % 10) FROM generate_series(0, 99) AS s;
INSERT INTO skymap (skymap) VALUES ('bench_sky');
INSERT INTO tract (skymap, tract, region)
SELECT 'bench_sky', t, trial.box(30 + t % 20 * 1.6 - 0.02, -8 + t / 20 * 1.6 - 0.02, 1.64)
FROM generate_series(0, :tracts - 1) AS t;
INSERT INTO patch (skymap, tract, patch, patch_id, cell_x, cell_y, region)
SELECT
    'bench_sky', t, p, 1 + t * 100 + p, p % 10, p / 10,
    trial.box(30 + t % 20 * 1.6 + p % 10 * 0.16 - 0.02, -8 + t / 20 * 1.6 + p / 10 * 0.16 - 0.02, 0.2)
FROM generate_series(0, :tracts - 1) AS t, generate_series(0, 99) AS p;

CREATE TABLE trial.pointing AS
SELECT
    v AS visit,
    30 + v * 0.6180339887498949 % 1 * 29.8 AS ra,
    -8 + v * 0.7548776662466927 % 1 * greatest(:tracts / 20 * 1.6 - 2.2, 0.1) AS decl
FROM generate_series(1, :visits) AS v;

INSERT INTO visit (
    camera, visit, visit_name, physical_filter, obs_begin_tai, obs_end_tai, exposure_time, night, seq_num,
    observation_type, region
)
SELECT
    'BenchCam', visit, 'bench' || visit, substr('grizy', visit % 5 + 1, 1) || '_bench', t.begun,
    t.begun + interval '30 s', 30, t.begun::date, visit % 100, 'science', trial.box(ra, decl, 2.1)
FROM trial.pointing
CROSS JOIN LATERAL (
    SELECT timestamp '2026-01-01' + visit / 100 * interval '1 day' + visit % 100 * interval '1 minute' AS begun
) AS t;
INSERT INTO observed_sensor (camera, visit, sensor, observed_sensor_id, region)
SELECT
    'BenchCam', visit, s, visit * 100 + s, trial.box(ra + s % 10 * 0.21, decl + s / 10 * 0.21, 0.2)
FROM trial.pointing CROSS JOIN generate_series(0, 99) AS s;
INSERT INTO sensor_patch_overlap (observed_sensor_id, patch_id)
SELECT
    visit * 100 + s,
    1 + ((y / 10) * 20 + x / 10) * 100 + (y % 10) * 10 + x % 10
FROM trial.pointing
CROSS JOIN generate_series(0, 99) AS s
CROSS JOIN LATERAL (SELECT ra + s % 10 * 0.21 - 30 AS ra0, decl + s / 10 * 0.21 + 8 AS decl0) AS corner
CROSS JOIN LATERAL generate_series(
    greatest(floor((ra0 - 0.02) / 0.16)::integer, 0), least(ceil((ra0 + 0.22) / 0.16)::integer - 1, 199)
) AS x
CROSS JOIN LATERAL generate_series(
    greatest(floor((decl0 - 0.02) / 0.16)::integer, 0),
    least(ceil((decl0 + 0.22) / 0.16)::integer - 1, :tracts / 20 * 10 - 1)
) AS y;

INSERT INTO visit_tract_overlap (camera, visit, skymap, tract)
SELECT DISTINCT s.camera, s.visit, p.skymap, p.tract
FROM sensor_patch_overlap AS o
INNER JOIN observed_sensor AS s USING (observed_sensor_id)
INNER JOIN patch AS p USING (patch_id);

INSERT INTO datastore (datastore_id, datastore, root) VALUES (1, 'bench', 'file:///bench/');

DELETE FROM dataset_type;
-- Type 1 is raw, all of it in run 1; the runs of the others are 2 to 51, one for each visit in turn.
INSERT INTO dataset_type (dataset_type_id, dataset_type, storage_class, unit_mask)
SELECT n, format('type_%s', n), 'Exposure', CASE
    WHEN n <= 14 THEN 1 | 8 | 16
    WHEN n <= 16 THEN 1 | 16
    WHEN n <= 19 THEN 2 | 128 | 256 | 512
    ELSE 128 | 256
END
FROM generate_series(1, 20) AS n;
INSERT INTO collection (collection_id, collection, kind, owner)
SELECT n, format('bench/%s', n), 'run', 'bench' FROM generate_series(1, 51) AS n;
INSERT INTO execution (execution_id, started) SELECT n, now() FROM generate_series(1, 51) AS n;
INSERT INTO run (run_id, execution_id, collection_id, run) SELECT n, n, n, format('bench/%s', n) FROM generate_series(1, 51) AS n;

-- What visits from the first to the last give: 1 400 datasets of sensors, 2 of the visit, 66 of patches,
-- and one of a tract now and then; filed a type after the other, as pipelines do.
CREATE FUNCTION trial.made(first_visit integer, last_visit integer)
RETURNS TABLE (
    dataset_id uuid, run_id integer, dataset_type_id integer, camera text, visit bigint, sensor integer,
    abstract_filter text, skymap text, tract integer, patch integer, path text, sha256 bytea
)
LANGUAGE sql STABLE AS $$
    SELECT
        i.dataset_id, i.run_id, n.type, n.camera, n.visit, n.sensor, n.abstract_filter, n.skymap, n.tract, n.patch,
        -- Raw files lie where the observatory has them; the others where a put has written them.
        CASE
            WHEN n.type = 1 THEN format('file:///data/raw/%s/bench_%s_%s.fits', n.number / 100, n.number, n.item)
            ELSE format(
                'bench/%s/type_%s/BenchCam_%s_%s_%s.fits', i.run_id, n.type, n.number, n.item,
                replace(i.dataset_id::text, '-', '')
            )
        END,
        decode(md5(n.number::text) || md5(format('%s-%s', n.type, n.item)), 'hex')
    FROM (
        SELECT v AS number, s AS item, t AS type, 'BenchCam' AS camera, v::bigint AS visit, s AS sensor,
            NULL AS abstract_filter, NULL AS skymap, NULL::integer AS tract, NULL::integer AS patch
        FROM generate_series(1, 14) AS t, generate_series(first_visit, last_visit) AS v, generate_series(0, 99) AS s
        UNION ALL
        SELECT v, 0, t, 'BenchCam', v::bigint, NULL, NULL, NULL, NULL, NULL
        FROM generate_series(15, 16) AS t, generate_series(first_visit, last_visit) AS v
        UNION ALL
        SELECT v, k, 17 + k % 3, NULL, NULL, NULL, substr('grizy', k / 3 % 5 + 1, 1), 'bench_sky', k / 1500, k / 15 % 100
        FROM generate_series(first_visit, last_visit) AS v, generate_series((v - 1) * 66, v * 66 - 1) AS k
        UNION ALL
        SELECT v, k, 20, NULL, NULL, NULL, NULL, 'bench_sky', k / 1500, NULL
        FROM generate_series(first_visit, last_visit) AS v, generate_series((v - 1) * 66, v * 66 - 1) AS k
        WHERE k % 1500 = 0
    ) AS n
    CROSS JOIN LATERAL (
        SELECT
            -- Version 7: a time that grows in the order of filing, some hundred datasets a millisecond, then
            -- a hash for what is random in it.
            (lpad(to_hex(1700000000000 + first_visit * 100 + (n.type * 70 + n.number - first_visit)), 12, '0')
            || '7' || substr(md5(format('%s-%s-%s', n.number, n.type, n.item)), 14))::uuid AS dataset_id,
            CASE WHEN n.type = 1 THEN 1 ELSE n.number % 50 + 2 END AS run_id
    ) AS i
    ORDER BY n.type, n.number, n.item
$$;
RESET session_replication_role;

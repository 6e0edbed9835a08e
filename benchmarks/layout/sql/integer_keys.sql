-- Cameras, filters and sky maps by integers, in the units' tables too, so that every foreign key is of
-- integers alone. A layer's unions would need ids that no two registries share, as they have for runs.
CREATE TABLE trial.camera AS SELECT 1 AS camera_id, camera FROM butler_internal.camera;
ALTER TABLE trial.camera ADD PRIMARY KEY (camera_id);
CREATE TABLE trial.abstract_filter AS
SELECT row_number() OVER (ORDER BY abstract_filter)::integer AS abstract_filter_id, abstract_filter
FROM butler_internal.abstract_filter;
ALTER TABLE trial.abstract_filter ADD PRIMARY KEY (abstract_filter_id);
CREATE TABLE trial.skymap AS SELECT 1 AS skymap_id, skymap FROM butler_internal.skymap;
ALTER TABLE trial.skymap ADD PRIMARY KEY (skymap_id);
CREATE TABLE trial.visit AS SELECT 1 AS camera_id, visit FROM butler_internal.visit;
ALTER TABLE trial.visit ADD PRIMARY KEY (camera_id, visit);
CREATE TABLE trial.observed_sensor AS SELECT 1 AS camera_id, visit, sensor FROM butler_internal.observed_sensor;
ALTER TABLE trial.observed_sensor ADD PRIMARY KEY (camera_id, visit, sensor);
CREATE TABLE trial.tract AS SELECT 1 AS skymap_id, tract FROM butler_internal.tract;
ALTER TABLE trial.tract ADD PRIMARY KEY (skymap_id, tract);
CREATE TABLE trial.patch AS SELECT 1 AS skymap_id, tract, patch FROM butler_internal.patch;
ALTER TABLE trial.patch ADD PRIMARY KEY (skymap_id, tract, patch);

CREATE FUNCTION trial.digest(
    p_camera integer, p_filter integer, p_visit bigint, p_sensor integer, p_skymap integer, p_tract integer, p_patch integer
) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
    SELECT md5(
        coalesce('c' || p_camera::text, '') || coalesce('b' || p_filter::text, '') || coalesce('d' || p_sensor::text, '')
        || coalesce('v' || p_visit::text, '') || coalesce('m' || p_skymap::text, '')
        || coalesce('t' || p_tract::text, '') || coalesce('p' || p_patch::text, '')
    )::uuid
$$;

CREATE TABLE trial.dataset (
    dataset_id uuid PRIMARY KEY,
    created timestamptz NOT NULL,
    quantum_id bigint REFERENCES butler_internal.quantum,
    visit bigint,
    run_id integer NOT NULL REFERENCES butler_internal.run,
    dataset_type_id integer NOT NULL,
    camera_id integer,
    sensor integer,
    skymap_id integer,
    tract integer,
    patch integer,
    abstract_filter_id integer REFERENCES trial.abstract_filter,
    unit_mask integer NOT NULL,
    digest uuid NOT NULL GENERATED ALWAYS AS (
        trial.digest(camera_id, abstract_filter_id, visit, sensor, skymap_id, tract, patch)
    ) STORED,
    physical_filter_id integer,
    snap integer,
    visit_range int8range,
    sky_pixel bigint,
    label text,
    state text NOT NULL DEFAULT 'present' CHECK (state IN ('present', 'unstored', 'removed')),
    changed timestamptz CHECK ((state = 'present') OR changed IS NOT NULL),
    changed_by text,
    change_reason text,
    visit_alone bigint GENERATED ALWAYS AS (CASE WHEN sensor IS NULL AND snap IS NULL THEN visit END) STORED,
    tract_alone integer GENERATED ALWAYS AS (CASE WHEN patch IS NULL THEN tract END) STORED,
    FOREIGN KEY (dataset_type_id, unit_mask) REFERENCES butler_internal.dataset_type (dataset_type_id, unit_mask),
    FOREIGN KEY (camera_id, visit_alone) REFERENCES trial.visit,
    FOREIGN KEY (camera_id, visit, sensor) REFERENCES trial.observed_sensor,
    FOREIGN KEY (skymap_id, tract_alone) REFERENCES trial.tract,
    FOREIGN KEY (skymap_id, tract, patch) REFERENCES trial.patch
);
CREATE UNIQUE INDEX ON trial.dataset (run_id, dataset_type_id, digest) WHERE state <> 'removed';
CREATE INDEX ON trial.dataset (dataset_type_id, camera_id, visit, run_id) WHERE camera_id IS NOT NULL;
CREATE INDEX ON trial.dataset (dataset_type_id, skymap_id, tract, patch) WHERE skymap_id IS NOT NULL;
CREATE INDEX ON trial.dataset (quantum_id) WHERE quantum_id IS NOT NULL;
CREATE TABLE trial.artifact (LIKE butler_internal.artifact INCLUDING ALL);
ALTER TABLE trial.artifact
ADD FOREIGN KEY (dataset_id) REFERENCES trial.dataset,
ADD FOREIGN KEY (datastore_id) REFERENCES butler_internal.datastore;

CREATE PROCEDURE trial.file() LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO dataset (
        dataset_id, run_id, dataset_type_id, camera_id, abstract_filter_id, sensor, visit, skymap_id, tract, patch,
        unit_mask, created
    )
    SELECT
        s.dataset_id, s.run_id, s.dataset_type_id, c.camera_id, f.abstract_filter_id, s.sensor, s.visit, m.skymap_id,
        s.tract, s.patch,
        butler_common.unit_mask(
            s.camera, s.abstract_filter, NULL, s.sensor, s.visit, NULL, NULL, s.skymap, s.tract, s.patch, NULL, NULL
        ),
        now()
    FROM staged AS s
    LEFT JOIN camera AS c ON c.camera = s.camera
    LEFT JOIN abstract_filter AS f ON f.abstract_filter = s.abstract_filter
    LEFT JOIN skymap AS m ON m.skymap = s.skymap
    ORDER BY s.dataset_type_id, s.visit, s.sensor, s.tract, s.patch;
    INSERT INTO artifact (dataset_id, datastore_id, path, formatter, size, sha256)
    SELECT s.dataset_id, 1, stored_path(s.path, s.dataset_id), 'fits-exposure', 1000, s.sha256 FROM staged AS s ORDER BY s.dataset_type_id, s.visit, s.sensor, s.tract, s.patch;
END
$$;

CREATE FUNCTION trial.find_first(p_type integer, p_visit bigint, p_sensor integer, p_runs integer[])
RETURNS text LANGUAGE plpgsql STABLE SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    v_digest constant uuid := trial.digest(
        (SELECT c.camera_id FROM camera AS c WHERE c.camera = 'BenchCam'), NULL, p_visit, p_sensor, NULL, NULL, NULL
    );
    v_run integer;
    v_path text;
BEGIN
    FOREACH v_run IN ARRAY p_runs LOOP
        SELECT a.path INTO v_path
        FROM dataset AS d INNER JOIN artifact AS a ON a.dataset_id = d.dataset_id
        WHERE d.run_id = v_run AND d.dataset_type_id = p_type AND d.digest = v_digest AND d.state <> 'removed';
        EXIT WHEN FOUND;
    END LOOP;
    RETURN v_path;
END
$$;

CREATE FUNCTION trial.visit_range(p_type integer, p_first bigint, p_last bigint)
RETURNS bigint LANGUAGE plpgsql STABLE SET plan_cache_mode = force_generic_plan AS $$
BEGIN
    RETURN (
        SELECT count(d.created) FROM dataset AS d INNER JOIN camera AS c ON c.camera_id = d.camera_id
        WHERE d.dataset_type_id = p_type AND c.camera = 'BenchCam' AND d.visit BETWEEN p_first AND p_last
    );
END
$$;

CREATE FUNCTION trial.tract_range(p_type integer, p_first integer, p_last integer)
RETURNS bigint LANGUAGE plpgsql STABLE SET plan_cache_mode = force_generic_plan AS $$
BEGIN
    RETURN (
        SELECT count(d.created) FROM dataset AS d INNER JOIN skymap AS m ON m.skymap_id = d.skymap_id
        WHERE d.dataset_type_id = p_type AND m.skymap = 'bench_sky' AND d.tract BETWEEN p_first AND p_last
    );
END
$$;

CREATE FUNCTION trial.remove(p_run integer, p_type integer) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE v_count bigint;
BEGIN
    UPDATE dataset AS d SET state = 'removed', changed = now(), change_reason = 'trial'
    WHERE d.run_id = p_run AND d.dataset_type_id = p_type AND d.state <> 'removed';
    GET DIAGNOSTICS v_count = ROW_COUNT;
    RETURN v_count;
END
$$;

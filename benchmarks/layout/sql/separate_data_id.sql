-- Data IDs in a table of their own, each once, with an integer key; a dataset is type, run and that key.
CREATE TABLE trial.data_id (
    data_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    visit bigint,
    sensor integer,
    tract integer,
    patch integer,
    unit_mask integer NOT NULL GENERATED ALWAYS AS (butler_common.unit_mask(
        camera, abstract_filter, physical_filter, sensor, visit, snap, visit_range, skymap, tract, patch, sky_pixel, label
    )) STORED,
    digest uuid NOT NULL GENERATED ALWAYS AS (butler_common.data_id_digest(
        camera, abstract_filter, physical_filter, sensor, visit, snap, visit_range, skymap, tract, patch, sky_pixel, label
    )) STORED UNIQUE,
    camera text REFERENCES butler_internal.camera,
    abstract_filter text REFERENCES butler_internal.abstract_filter,
    physical_filter text,
    snap integer,
    visit_range int8range,
    skymap text REFERENCES butler_internal.skymap,
    sky_pixel bigint,
    label text,
    UNIQUE (data_id, unit_mask),
    FOREIGN KEY (camera, sensor) REFERENCES butler_internal.physical_sensor,
    FOREIGN KEY (camera, visit) REFERENCES butler_internal.visit,
    FOREIGN KEY (camera, visit, sensor) REFERENCES butler_internal.observed_sensor,
    FOREIGN KEY (skymap, tract) REFERENCES butler_internal.tract,
    FOREIGN KEY (skymap, tract, patch) REFERENCES butler_internal.patch
);
CREATE INDEX ON trial.data_id (camera, visit) WHERE visit IS NOT NULL;
CREATE INDEX ON trial.data_id (skymap, tract, patch) WHERE skymap IS NOT NULL;
CREATE TABLE trial.dataset (
    dataset_id uuid PRIMARY KEY,
    created timestamptz NOT NULL,
    quantum_id bigint REFERENCES butler_internal.quantum,
    data_id bigint NOT NULL,
    unit_mask integer NOT NULL,
    run_id integer NOT NULL REFERENCES butler_internal.run,
    dataset_type_id integer NOT NULL,
    state text NOT NULL DEFAULT 'present' CHECK (state IN ('present', 'unstored', 'removed')),
    changed timestamptz CHECK ((state = 'present') OR changed IS NOT NULL),
    changed_by text,
    change_reason text,
    FOREIGN KEY (dataset_type_id, unit_mask) REFERENCES butler_internal.dataset_type (dataset_type_id, unit_mask),
    FOREIGN KEY (data_id, unit_mask) REFERENCES trial.data_id (data_id, unit_mask)
);
CREATE UNIQUE INDEX ON trial.dataset (run_id, dataset_type_id, data_id) WHERE state <> 'removed';
CREATE INDEX ON trial.dataset (data_id, dataset_type_id);
CREATE INDEX ON trial.dataset (quantum_id) WHERE quantum_id IS NOT NULL;
CREATE TABLE trial.artifact (LIKE butler_internal.artifact INCLUDING ALL);
ALTER TABLE trial.artifact
ADD FOREIGN KEY (dataset_id) REFERENCES trial.dataset,
ADD FOREIGN KEY (datastore_id) REFERENCES butler_internal.datastore;

CREATE PROCEDURE trial.file() LANGUAGE plpgsql AS $$
BEGIN
    CREATE TEMPORARY TABLE keyed ON COMMIT DROP AS
    SELECT s.*, butler_common.data_id_digest(
        s.camera, s.abstract_filter, NULL, s.sensor, s.visit, NULL, NULL, s.skymap, s.tract, s.patch, NULL, NULL
    ) AS digest
    FROM staged AS s;
    ANALYZE keyed;
    INSERT INTO data_id (camera, abstract_filter, sensor, visit, skymap, tract, patch)
    SELECT DISTINCT ON (k.digest) k.camera, k.abstract_filter, k.sensor, k.visit, k.skymap, k.tract, k.patch
    FROM keyed AS k
    WHERE NOT EXISTS (SELECT FROM data_id AS i WHERE i.digest = k.digest)
    ORDER BY k.digest
    ON CONFLICT (digest) DO NOTHING;
    INSERT INTO dataset (dataset_id, run_id, dataset_type_id, data_id, unit_mask, created)
    SELECT k.dataset_id, k.run_id, k.dataset_type_id, i.data_id, i.unit_mask, now()
    FROM keyed AS k INNER JOIN data_id AS i ON i.digest = k.digest
    ORDER BY k.dataset_type_id, k.visit, k.sensor, k.tract, k.patch;
    INSERT INTO artifact (dataset_id, datastore_id, path, formatter, size, sha256)
    SELECT s.dataset_id, 1, stored_path(s.path, s.dataset_id), 'fits-exposure', 1000, s.sha256 FROM staged AS s ORDER BY s.dataset_type_id, s.visit, s.sensor, s.tract, s.patch;
    DROP TABLE keyed;
END
$$;

CREATE FUNCTION trial.find_first(p_type integer, p_visit bigint, p_sensor integer, p_runs integer[])
RETURNS text LANGUAGE plpgsql STABLE SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    v_data_id constant bigint := (
        SELECT i.data_id FROM data_id AS i
        WHERE i.digest = butler_common.data_id_digest(
            'BenchCam', NULL, NULL, p_sensor, p_visit, NULL, NULL, NULL, NULL, NULL, NULL, NULL)
    );
    v_run integer;
    v_path text;
BEGIN
    FOREACH v_run IN ARRAY p_runs LOOP
        SELECT a.path INTO v_path
        FROM dataset AS d INNER JOIN artifact AS a ON a.dataset_id = d.dataset_id
        WHERE d.run_id = v_run AND d.dataset_type_id = p_type AND d.data_id = v_data_id AND d.state <> 'removed';
        EXIT WHEN FOUND;
    END LOOP;
    RETURN v_path;
END
$$;

CREATE FUNCTION trial.visit_range(p_type integer, p_first bigint, p_last bigint)
RETURNS bigint LANGUAGE plpgsql STABLE SET plan_cache_mode = force_generic_plan AS $$
BEGIN
    RETURN (
        SELECT count(d.created) FROM data_id AS i INNER JOIN dataset AS d ON d.data_id = i.data_id
        WHERE d.dataset_type_id = p_type AND i.camera = 'BenchCam' AND i.visit BETWEEN p_first AND p_last
    );
END
$$;

CREATE FUNCTION trial.tract_range(p_type integer, p_first integer, p_last integer)
RETURNS bigint LANGUAGE plpgsql STABLE SET plan_cache_mode = force_generic_plan AS $$
BEGIN
    RETURN (
        SELECT count(d.created) FROM data_id AS i INNER JOIN dataset AS d ON d.data_id = i.data_id
        WHERE d.dataset_type_id = p_type AND i.skymap = 'bench_sky' AND i.tract BETWEEN p_first AND p_last
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

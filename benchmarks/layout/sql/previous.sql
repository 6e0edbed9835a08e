-- The layout as it was before this experiment: columns in the order of the data ID, bigint keys,
-- a digest that is an MD5 and no more, whole paths.
CREATE FUNCTION trial.stored_path(p_path text, p_dataset_id uuid) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT p_path';
CREATE FUNCTION trial.data_id_digest(
    p_camera text, p_abstract_filter text, p_physical_filter text, p_sensor integer, p_visit bigint, p_snap integer,
    p_visit_range int8range, p_skymap text, p_tract integer, p_patch integer, p_sky_pixel bigint, p_label text
)
RETURNS uuid LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT md5(
        coalesce('c' || octet_length(p_camera)::text || ':' || p_camera, '')
        || coalesce('b' || octet_length(p_abstract_filter)::text || ':' || p_abstract_filter, '')
        || coalesce('f' || octet_length(p_physical_filter)::text || ':' || p_physical_filter, '')
        || coalesce('d' || p_sensor::text, '')
        || coalesce('v' || p_visit::text, '')
        || coalesce('n' || p_snap::text, '')
        || coalesce('r' || lower(p_visit_range)::text || '-' || coalesce(upper(p_visit_range)::text, ''), '')
        || coalesce('m' || octet_length(p_skymap)::text || ':' || p_skymap, '')
        || coalesce('t' || p_tract::text, '')
        || coalesce('p' || p_patch::text, '')
        || coalesce('x' || p_sky_pixel::text, '')
        || coalesce('l' || octet_length(p_label)::text || ':' || p_label, '')
    )::uuid;
END;
CREATE TABLE trial.dataset (
    dataset_id uuid PRIMARY KEY,
    run_id bigint NOT NULL REFERENCES butler_internal.run,
    dataset_type_id bigint NOT NULL,
    quantum_id bigint REFERENCES butler_internal.quantum,
    camera text,
    abstract_filter text REFERENCES butler_internal.abstract_filter,
    physical_filter text,
    sensor integer,
    visit bigint,
    snap integer,
    visit_range int8range,
    skymap text,
    tract integer,
    patch integer,
    sky_pixel bigint REFERENCES butler_internal.sky_pixel,
    label text REFERENCES butler_internal.label,
    state text NOT NULL DEFAULT 'present' CHECK (state IN ('present', 'unstored', 'removed')),
    created timestamptz NOT NULL,
    changed timestamptz CHECK ((state = 'present') OR changed IS NOT NULL),
    changed_by text,
    change_reason text,
    unit_mask integer NOT NULL GENERATED ALWAYS AS (butler_common.unit_mask(
        camera, abstract_filter, physical_filter, sensor, visit, snap, visit_range, skymap, tract, patch, sky_pixel, label
    )) STORED,
    digest uuid NOT NULL GENERATED ALWAYS AS (trial.data_id_digest(
        camera, abstract_filter, physical_filter, sensor, visit, snap, visit_range, skymap, tract, patch, sky_pixel, label
    )) STORED,
    camera_alone text GENERATED ALWAYS AS (
        CASE WHEN visit IS NULL AND sensor IS NULL AND physical_filter IS NULL AND visit_range IS NULL THEN camera END
    ) STORED REFERENCES butler_internal.camera,
    visit_alone bigint GENERATED ALWAYS AS (CASE WHEN sensor IS NULL AND snap IS NULL THEN visit END) STORED,
    sensor_alone integer GENERATED ALWAYS AS (CASE WHEN visit IS NULL THEN sensor END) STORED,
    skymap_alone text GENERATED ALWAYS AS (CASE WHEN tract IS NULL THEN skymap END) STORED
    REFERENCES butler_internal.skymap,
    tract_alone integer GENERATED ALWAYS AS (CASE WHEN patch IS NULL THEN tract END) STORED,
    FOREIGN KEY (dataset_type_id, unit_mask) REFERENCES butler_internal.dataset_type (dataset_type_id, unit_mask),
    FOREIGN KEY (camera, physical_filter) REFERENCES butler_internal.physical_filter,
    FOREIGN KEY (camera, sensor_alone) REFERENCES butler_internal.physical_sensor,
    FOREIGN KEY (camera, visit_alone) REFERENCES butler_internal.visit,
    FOREIGN KEY (camera, visit, sensor) REFERENCES butler_internal.observed_sensor,
    FOREIGN KEY (camera, visit, snap) REFERENCES butler_internal.snap,
    FOREIGN KEY (camera, visit_range) REFERENCES butler_internal.visit_range,
    FOREIGN KEY (skymap, tract_alone) REFERENCES butler_internal.tract,
    FOREIGN KEY (skymap, tract, patch) REFERENCES butler_internal.patch
);
CREATE UNIQUE INDEX ON trial.dataset (run_id, dataset_type_id, digest) WHERE state <> 'removed';
CREATE INDEX ON trial.dataset (dataset_type_id, camera, visit, run_id) WHERE camera IS NOT NULL;
CREATE INDEX ON trial.dataset (dataset_type_id, skymap, tract, patch) WHERE skymap IS NOT NULL;
CREATE INDEX ON trial.dataset (quantum_id) WHERE quantum_id IS NOT NULL;
CREATE TABLE trial.artifact (
    dataset_id uuid REFERENCES trial.dataset,
    datastore_id bigint REFERENCES butler_internal.datastore,
    component text DEFAULT '',
    path text NOT NULL,
    formatter text NOT NULL,
    size bigint NOT NULL CHECK (size >= 0),
    sha256 bytea NOT NULL CHECK (octet_length(sha256) = 32),
    state text NOT NULL DEFAULT 'present' CHECK (state IN ('present', 'lost')),
    PRIMARY KEY (dataset_id, datastore_id, component),
    CONSTRAINT ck_artifact_path CHECK (
        path <> '' AND path !~ '[[:cntrl:]]' AND path !~ '(^|/)[.]{1,2}(/|$)' AND path !~* '\x25(00|2e|2f)'
        AND (path ~ '^file:///[^/]' OR path ~ '^[a-z][a-z0-9+.-]*://[^/@]+/[^/]' OR path !~ '(^/|//|:)')
    )
);

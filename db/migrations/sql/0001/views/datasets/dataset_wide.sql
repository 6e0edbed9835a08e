-- Visits and filters are joined here, unlike in dataset: a condition on the night or the target begins with the few visits.
-- A position, and a time in UTC, are looked up only where they are asked for.
CREATE VIEW butler.dataset_wide AS
SELECT
    d.dataset_id,
    t.dataset_type,
    r.run,
    d.camera AS instrument,
    d.camera,
    d.visit,
    d.snap,
    d.sensor AS detector,
    d.sensor,
    coalesce(d.physical_filter, v.physical_filter) AS physical_filter,
    coalesce(d.abstract_filter, f.abstract_filter) AS abstract_filter,
    coalesce(d.abstract_filter, f.abstract_filter) AS band,
    d.visit_range,
    d.skymap,
    d.tract,
    d.patch,
    d.sky_pixel,
    d.label,
    v.visit_name,
    v.night,
    v.obs_begin_tai,
    (
        SELECT (v.obs_begin_tai - make_interval(secs => l.tai_minus_utc)) AT TIME ZONE 'UTC'
        FROM butler_common.leap_second AS l
        WHERE l.since_tai <= v.obs_begin_tai ORDER BY l.since_tai DESC LIMIT 1
    ) AS obs_begin_utc,
    v.exposure_time,
    v.observation_type,
    v.target_name,
    coalesce(
        (
            SELECT o.ra FROM butler_internal.all_observed_sensor AS o
            WHERE o.camera = d.camera AND o.visit = d.visit AND o.sensor = d.sensor
        ),
        v.ra,
        (
            SELECT p.ra FROM butler_internal.all_patch AS p
            WHERE p.skymap = d.skymap AND p.tract = d.tract AND p.patch = d.patch
        ),
        (SELECT p.ra FROM butler_internal.all_tract AS p WHERE p.skymap = d.skymap AND p.tract = d.tract),
        (SELECT p.ra FROM butler_internal.all_sky_pixel AS p WHERE p.sky_pixel = d.sky_pixel)
    ) AS ra,
    coalesce(
        (
            SELECT o.dec FROM butler_internal.all_observed_sensor AS o
            WHERE o.camera = d.camera AND o.visit = d.visit AND o.sensor = d.sensor
        ),
        v.dec,
        (
            SELECT p.dec FROM butler_internal.all_patch AS p
            WHERE p.skymap = d.skymap AND p.tract = d.tract AND p.patch = d.patch
        ),
        (SELECT p.dec FROM butler_internal.all_tract AS p WHERE p.skymap = d.skymap AND p.tract = d.tract),
        (SELECT p.dec FROM butler_internal.all_sky_pixel AS p WHERE p.sky_pixel = d.sky_pixel)
    ) AS dec,
    t.storage_class,
    butler.state_name(d.state) AS state,
    d.created,
    a.datastore,
    a.component,
    a.uri,
    a.part,
    a.size,
    a.state AS artifact_state
FROM butler_internal.all_dataset AS d
INNER JOIN butler_internal.all_dataset_type AS t ON t.dataset_type_id = d.dataset_type_id
INNER JOIN butler_internal.all_run AS r ON r.run_id = d.run_id
LEFT JOIN butler_internal.all_visit AS v ON v.camera = d.camera AND v.visit = d.visit
LEFT JOIN butler_internal.all_physical_filter AS f
    ON f.camera = d.camera AND f.physical_filter = coalesce(d.physical_filter, v.physical_filter)
LEFT JOIN butler.artifact AS a ON a.dataset_id = d.dataset_id
WHERE d.state <> 'removed';

COMMENT ON VIEW butler.dataset_wide IS
'Datasets with what most people ask of them and of their visits, and where their bytes are: a row for each artifact, and
one without uri for a dataset that has none.';
COMMENT ON COLUMN butler.dataset_wide.instrument IS 'Name of the camera.';
COMMENT ON COLUMN butler.dataset_wide.detector IS 'Number of the sensor in its camera. UCD: meta.id;instr.det';
COMMENT ON COLUMN butler.dataset_wide.physical_filter IS 'The filter of its data ID, else of its visit.';
COMMENT ON COLUMN butler.dataset_wide.abstract_filter IS
'The pass band of its data ID, else of its filter, else of its visit''s filter; null if none of them has one.';
COMMENT ON COLUMN butler.dataset_wide.band IS 'The same as abstract_filter.';
COMMENT ON COLUMN butler.dataset_wide.obs_begin_utc IS 'Begin of the exposure of its visit, UTC. UCD: time.start;obs';
COMMENT ON COLUMN butler.dataset_wide.ra IS
'Right ascension of the centre of its sensor, else of its visit, patch, tract or sky pixel, ICRS. Unit: deg. UCD: pos.eq.ra';
COMMENT ON COLUMN butler.dataset_wide.dec IS
'Declination of the centre of its sensor, else of its visit, patch, tract or sky pixel, ICRS. Unit: deg. UCD: pos.eq.dec';
COMMENT ON COLUMN butler.dataset_wide.uri IS
'The file that the bytes of this artifact are in: a whole URI; null if the dataset has none. UCD: meta.ref.url';
COMMENT ON COLUMN butler.dataset_wide.part IS 'Which part of that file it is, as in artifact; null if it is the whole.';
COMMENT ON COLUMN butler.dataset_wide.size IS 'Length of that file. Unit: byte.';
COMMENT ON COLUMN butler.dataset_wide.state IS 'present; or unstored: its bytes are gone on purpose.';
COMMENT ON COLUMN butler.dataset_wide.artifact_state IS
'Of these bytes: present; lost, as verify found; trashed, which can be restored; or deleting. Null if the dataset has none.';

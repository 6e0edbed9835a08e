-- The band of a data ID that has none is looked up a row at a time, and only where it is asked for, as the times
-- of a visit in UTC are. A LEFT JOIN would take part in the planning of each query, asked for or not, and two more
-- tables are one too many for the planner to put them all into the best order (decision 24).
CREATE VIEW butler.dataset AS
SELECT
    d.dataset_id,
    t.dataset_type,
    r.run,
    d.camera,
    b.abstract_filter,
    d.physical_filter,
    d.sensor,
    d.visit,
    d.snap,
    d.visit_range,
    d.skymap,
    d.tract,
    d.patch,
    d.sky_pixel,
    d.label,
    t.storage_class,
    butler.state_name(d.state) AS state,
    d.created,
    d.quantum_id,
    d.digest,
    d.camera AS instrument,
    d.sensor AS detector,
    b.abstract_filter AS band
FROM butler_internal.all_dataset AS d
CROSS JOIN LATERAL (
    SELECT coalesce(d.abstract_filter, (
        SELECT f.abstract_filter
        FROM butler_internal.all_physical_filter AS f
        WHERE f.camera = d.camera AND f.physical_filter = coalesce(d.physical_filter, (
            SELECT v.physical_filter
            FROM butler_internal.all_visit AS v
            WHERE v.camera = d.camera AND v.visit = d.visit
        ))
    )) AS abstract_filter
) AS b
INNER JOIN butler_internal.all_dataset_type AS t ON t.dataset_type_id = d.dataset_type_id
INNER JOIN butler_internal.all_run AS r ON r.run_id = d.run_id
WHERE d.state <> 'removed';

COMMENT ON VIEW butler.dataset IS
'Datasets with their data IDs, but those that were removed. A unit that its type doesn''t have is null, but for
abstract_filter, which is then that of its filter or visit; join visit, patch … for what is known of a unit, or see dataset_wide.';
COMMENT ON COLUMN butler.dataset.abstract_filter IS
'The pass band of its data ID, else of its filter, else of its visit''s filter; null if none of them has one.';
COMMENT ON COLUMN butler.dataset.instrument IS 'Name of the camera.';
COMMENT ON COLUMN butler.dataset.detector IS 'Number of the sensor in its camera. UCD: meta.id;instr.det';
COMMENT ON COLUMN butler.dataset.band IS 'The same as abstract_filter.';

CREATE VIEW butler.dataset AS
SELECT
    d.dataset_id,
    t.dataset_type,
    r.run,
    d.camera,
    d.abstract_filter,
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
    d.digest
FROM butler_internal.all_dataset AS d
INNER JOIN butler_internal.all_dataset_type AS t ON t.dataset_type_id = d.dataset_type_id
INNER JOIN butler_internal.all_run AS r ON r.run_id = d.run_id
WHERE d.state <> 'removed';

COMMENT ON VIEW butler.dataset IS
'Datasets with their data IDs, but those that were removed. A unit that its type doesn''t have is null;
join visit, patch … for what is known of it.';

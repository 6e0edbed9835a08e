CREATE VIEW butler.removal AS
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
    butler.state_name(d.state) AS state,
    d.changed,
    d.changed_by,
    d.change_reason,
    a.bytes,
    d.changed + i.trash_delay AS restorable_until
FROM butler_internal.all_dataset AS d
INNER JOIN butler_internal.all_dataset_type AS t ON t.dataset_type_id = d.dataset_type_id
INNER JOIN butler_internal.all_run AS r ON r.run_id = d.run_id
CROSS JOIN butler_common.installation AS i
LEFT JOIN LATERAL (
    SELECT sum(a.size) AS bytes
    FROM butler_internal.all_artifact AS a
    WHERE d.trashed AND a.dataset_id = d.dataset_id AND a.state <> 'deleting'
) AS a ON true
WHERE d.state <> 'present';

COMMENT ON VIEW butler.removal IS
'Datasets that were unstored or removed: who, when and why. Where bytes isn''t null they can be restored.';
COMMENT ON COLUMN butler.removal.bytes IS 'What is in the trash for it, null if its files are deleted. Unit: byte.';
COMMENT ON COLUMN butler.removal.restorable_until IS 'When emptying the trash begins to delete its files, UTC.';

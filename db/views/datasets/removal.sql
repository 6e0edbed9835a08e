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
    SELECT sum(f.size) AS bytes
    FROM (
        SELECT DISTINCT a.datastore_id, split_part(a.path, '#', 1), a.size
        FROM butler_internal.all_artifact AS a
        WHERE d.trashed AND a.dataset_id = d.dataset_id AND a.state <> 'deleting'
    ) AS f
) AS a ON true
WHERE d.state <> 'present';

COMMENT ON VIEW butler.removal IS
'Datasets that were unstored or removed: who, when and why. Where bytes isn''t null they can be restored.';
COMMENT ON COLUMN butler.removal.bytes IS
'Length of its files in the trash, also of those that other datasets have parts of; null if they are deleted. Unit: byte.';
COMMENT ON COLUMN butler.removal.restorable_until IS 'When emptying the trash begins to delete its files, UTC.';
COMMENT ON COLUMN butler.removal.state IS 'unstored (its name is kept), or removed (its name is free again).';
COMMENT ON COLUMN butler.removal.changed IS 'When it was unstored or removed, UTC.';

CREATE VIEW butler.calibration AS
SELECT
    b.calibration_id,
    c.collection,
    t.dataset_type,
    k.camera,
    k.abstract_filter,
    k.physical_filter,
    k.sensor,
    k.skymap,
    k.tract,
    k.patch,
    k.sky_pixel,
    k.label,
    b.dataset_id,
    b.valid,
    lower(b.valid) AS valid_begin_tai,
    upper(b.valid) AS valid_end_tai,
    b.known,
    lower(b.known) AS known_begin,
    upper(b.known) AS known_end,
    b.actor,
    b.reason
FROM butler_internal.all_calibration AS b
INNER JOIN butler_internal.all_calibration_key AS k ON k.calibration_key_id = b.calibration_key_id
INNER JOIN butler_internal.all_collection AS c ON c.collection_id = k.collection_id
INNER JOIN butler_internal.all_dataset_type AS t ON t.dataset_type_id = k.dataset_type_id;

COMMENT ON VIEW butler.calibration IS
'Which calibration of which data ID is valid when, and when that was believed: now WHERE
known @> ''infinity''::timestamptz. A row without dataset_id says that there is none: what else is near isn''t valid then.';
COMMENT ON COLUMN butler.calibration.valid_begin_tai IS 'From when it applies; null if from ever. Time scale: TAI.';
COMMENT ON COLUMN butler.calibration.valid_end_tai IS 'Until when, not with, it applies; null if for ever. Time scale: TAI.';
COMMENT ON COLUMN butler.calibration.known_begin IS 'When this came to be believed, UTC.';
COMMENT ON COLUMN butler.calibration.known_end IS 'When it ceased to be believed, UTC; null if it is.';

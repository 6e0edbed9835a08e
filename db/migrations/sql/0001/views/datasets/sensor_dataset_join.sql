CREATE VIEW butler.sensor_dataset_join AS
SELECT d.camera, d.sensor, d.dataset_id
FROM butler_internal.all_dataset AS d
WHERE d.sensor IS NOT NULL AND d.state <> 'removed';

COMMENT ON VIEW butler.sensor_dataset_join IS 'Which datasets carry which sensor as a label.';

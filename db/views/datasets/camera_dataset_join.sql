CREATE VIEW butler.camera_dataset_join AS
SELECT d.camera, d.dataset_id
FROM butler_internal.all_dataset AS d
WHERE d.camera IS NOT NULL AND d.state <> 'removed';

COMMENT ON VIEW butler.camera_dataset_join IS 'Which datasets carry which camera as a label.';

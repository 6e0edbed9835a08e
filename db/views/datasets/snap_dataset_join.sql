CREATE VIEW butler.snap_dataset_join AS
SELECT d.camera, d.visit, d.snap, d.dataset_id
FROM butler_internal.all_dataset AS d
WHERE d.snap IS NOT NULL AND d.state <> 'removed';

COMMENT ON VIEW butler.snap_dataset_join IS 'Which datasets carry which snap as a label.';

CREATE VIEW butler.patch_dataset_join AS
SELECT d.skymap, d.tract, d.patch, d.dataset_id
FROM butler_internal.all_dataset AS d
WHERE d.patch IS NOT NULL AND d.state <> 'removed';

COMMENT ON VIEW butler.patch_dataset_join IS 'Which datasets carry which patch as a label.';

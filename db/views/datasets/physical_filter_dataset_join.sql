CREATE VIEW butler.physical_filter_dataset_join AS
SELECT d.camera, d.physical_filter, d.dataset_id
FROM butler_internal.all_dataset AS d
WHERE d.physical_filter IS NOT NULL AND d.state <> 'removed';

COMMENT ON VIEW butler.physical_filter_dataset_join IS 'Which datasets carry which filter as a label.';

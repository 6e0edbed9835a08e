CREATE VIEW butler.visit_range_dataset_join AS
SELECT d.camera, d.visit_range, d.dataset_id
FROM butler_internal.all_dataset AS d
WHERE d.visit_range IS NOT NULL AND d.state <> 'removed';

COMMENT ON VIEW butler.visit_range_dataset_join IS 'Which datasets carry which visit range as a label.';

CREATE VIEW butler.visit_dataset_join AS
SELECT d.camera, d.visit, d.dataset_id
FROM butler_internal.all_dataset AS d
WHERE d.visit IS NOT NULL AND d.state <> 'removed';

COMMENT ON VIEW butler.visit_dataset_join IS 'Which datasets carry which visit as a label.';

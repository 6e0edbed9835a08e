CREATE VIEW butler.label_dataset_join AS
SELECT d.label, d.dataset_id
FROM butler_internal.all_dataset AS d
WHERE d.label IS NOT NULL AND d.state <> 'removed';

COMMENT ON VIEW butler.label_dataset_join IS 'Which datasets carry which label as a label.';

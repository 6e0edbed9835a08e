CREATE VIEW butler.tract_dataset_join AS
SELECT d.skymap, d.tract, d.dataset_id
FROM butler_internal.all_dataset AS d
WHERE d.tract IS NOT NULL AND d.state <> 'removed';

COMMENT ON VIEW butler.tract_dataset_join IS 'Which datasets carry which tract as a label.';

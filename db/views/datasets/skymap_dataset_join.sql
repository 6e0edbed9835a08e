CREATE VIEW butler.skymap_dataset_join AS
SELECT d.skymap, d.dataset_id
FROM butler_internal.all_dataset AS d
WHERE d.skymap IS NOT NULL AND d.state <> 'removed';

COMMENT ON VIEW butler.skymap_dataset_join IS 'Which datasets carry which sky map as a label.';

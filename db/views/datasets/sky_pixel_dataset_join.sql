CREATE VIEW butler.sky_pixel_dataset_join AS
SELECT d.sky_pixel, d.dataset_id
FROM butler_internal.all_dataset AS d
WHERE d.sky_pixel IS NOT NULL AND d.state <> 'removed';

COMMENT ON VIEW butler.sky_pixel_dataset_join IS 'Which datasets carry which sky pixel as a label.';

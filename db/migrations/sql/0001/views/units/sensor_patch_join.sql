-- object: view butler.sensor_patch_join
CREATE VIEW butler.sensor_patch_join AS
SELECT s.camera, s.visit, s.sensor, p.skymap, p.tract, p.patch
FROM butler_internal.all_sensor_patch_overlap AS o
INNER JOIN butler_internal.all_observed_sensor AS s ON s.observed_sensor_id = o.observed_sensor_id
INNER JOIN butler_internal.all_patch AS p ON p.patch_id = o.patch_id;

COMMENT ON VIEW butler.sensor_patch_join IS 'Which observed sensors overlap which patches.';

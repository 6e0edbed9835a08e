CREATE VIEW butler.sensor_patch_join AS
SELECT o.camera, o.visit, o.sensor, o.skymap, o.tract, o.patch
FROM butler_internal.all_sensor_patch_overlap AS o;

COMMENT ON VIEW butler.sensor_patch_join IS 'Which observed sensors overlap which patches.';

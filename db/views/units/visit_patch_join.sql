CREATE VIEW butler.visit_patch_join AS
SELECT DISTINCT j.camera, j.visit, j.skymap, j.tract, j.patch
FROM butler.sensor_patch_join AS j;

COMMENT ON VIEW butler.visit_patch_join IS 'Which visits overlap which patches with one of their sensors.';

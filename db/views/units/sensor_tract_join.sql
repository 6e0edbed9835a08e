CREATE VIEW butler.sensor_tract_join AS
SELECT DISTINCT j.camera, j.visit, j.sensor, j.skymap, j.tract
FROM butler.sensor_patch_join AS j;

COMMENT ON VIEW butler.sensor_tract_join IS 'Which observed sensors overlap a patch of which tracts.';

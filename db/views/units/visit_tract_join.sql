-- object: view butler.visit_tract_join
-- requires: views/units/sensor_patch_join.sql
CREATE VIEW butler.visit_tract_join AS
SELECT DISTINCT j.camera, j.visit, j.skymap, j.tract
FROM butler.sensor_patch_join AS j;

COMMENT ON VIEW butler.visit_tract_join IS 'Which visits overlap a patch of which tracts with one of their sensors.';

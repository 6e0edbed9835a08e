CREATE VIEW butler.physical_sensor AS
SELECT s.camera, s.sensor, s.sensor_name, s.sensor_group, s.purpose, s.nx, s.ny, s.corners
FROM butler_internal.all_physical_sensor AS s;

COMMENT ON VIEW butler.physical_sensor IS 'Sensors of a camera; also called detectors.';

CREATE VIEW butler.detector AS
SELECT
    s.camera AS instrument, s.sensor AS detector, s.camera, s.sensor, s.sensor_name, s.sensor_group, s.purpose,
    s.nx, s.ny, s.corners
FROM butler.physical_sensor AS s;

COMMENT ON VIEW butler.detector IS 'The view physical_sensor by the names instrument and detector.';
COMMENT ON COLUMN butler.detector.instrument IS 'Name of the camera.';
COMMENT ON COLUMN butler.detector.detector IS 'Number of the sensor in its camera.';

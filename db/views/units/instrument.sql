CREATE VIEW butler.instrument AS
SELECT c.camera AS instrument, c.camera, c.doc, c.night_offset, c.definition
FROM butler.camera AS c;

COMMENT ON VIEW butler.instrument IS 'Today''s word for camera.';
COMMENT ON COLUMN butler.instrument.instrument IS 'Name of the camera.';

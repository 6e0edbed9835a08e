CREATE VIEW butler.instrument AS
SELECT c.camera AS instrument, c.camera, c.doc, c.night_offset, c.definition
FROM butler.camera AS c;

COMMENT ON VIEW butler.instrument IS 'The view camera by the name instrument.';
COMMENT ON COLUMN butler.instrument.instrument IS 'Name of the camera.';

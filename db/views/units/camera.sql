CREATE VIEW butler.camera AS
SELECT c.camera, c.doc, c.night_offset, c.definition
FROM butler_internal.all_camera AS c;

COMMENT ON VIEW butler.camera IS 'Cameras; also called instruments.';

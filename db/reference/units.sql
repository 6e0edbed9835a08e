INSERT INTO butler_common.unit (unit, position, value_type, view, requires, doc) VALUES
    ('camera', 0, 'text', 'camera', '{}', 'Camera, also called instrument.'),
    ('abstract_filter', 1, 'text', 'abstract_filter', '{}', 'Pass band in general, also called band.'),
    ('physical_filter', 2, 'text', 'physical_filter', '{camera}', 'Filter that one camera has.'),
    ('sensor', 3, 'integer', 'physical_sensor', '{camera}', 'Sensor of a camera, also called detector.'),
    ('visit', 4, 'integer', 'visit', '{camera}', 'One pointing and one opening of the shutter.'),
    ('snap', 5, 'integer', 'snap', '{camera,visit}', 'One exposure of a visit that has several.'),
    ('visit_range', 6, 'range', 'visit_range', '{camera}', 'Run of visits by number.'),
    ('skymap', 7, 'text', 'skymap', '{}', 'A way to divide the sky.'),
    ('tract', 8, 'integer', 'tract', '{skymap}', 'Large tile of a sky map.'),
    ('patch', 9, 'integer', 'patch', '{skymap,tract}', 'Part of a tract.'),
    ('sky_pixel', 10, 'integer', 'sky_pixel', '{}', 'HEALPix pixel, NUNIQ numbering.'),
    ('label', 11, 'text', 'label', '{}', 'A free word.')
ON CONFLICT (unit) DO UPDATE SET
    value_type = excluded.value_type, view = excluded.view, requires = excluded.requires, doc = excluded.doc;

INSERT INTO butler_common.unit_word (word, unit)
SELECT u.unit AS word, u.unit FROM butler_common.unit AS u
UNION ALL
VALUES
    ('instrument', 'camera'), ('detector', 'sensor'), ('physical_sensor', 'sensor'),
    ('band', 'abstract_filter'), ('filter', 'physical_filter'), ('exposure', 'visit')
ON CONFLICT (word) DO UPDATE SET unit = excluded.unit;

CREATE VIEW butler.observed_sensor AS
SELECT
    o.camera,
    o.visit,
    o.sensor,
    s.sensor_name,
    o.ra,
    o.dec,
    o.region,
    butler.sky_s_region(o.region) AS s_region
FROM butler_internal.all_observed_sensor AS o
LEFT JOIN butler_internal.all_physical_sensor AS s ON s.camera = o.camera AND s.sensor = o.sensor;

COMMENT ON VIEW butler.observed_sensor IS 'Sensors that were read in a visit, with their outlines on the sky.';
COMMENT ON COLUMN butler.observed_sensor.s_region IS
'The region as text, as in IVOA''s ObsCore. UCD: pos.outline;obs.field';

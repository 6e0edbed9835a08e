CREATE VIEW butler.snap AS
SELECT s.camera, s.visit, s.snap, s.obs_begin_tai, s.obs_end_tai, s.exposure_time, s.dark_time
FROM butler_internal.all_snap AS s;

COMMENT ON VIEW butler.snap IS 'Exposures of a visit that has several.';

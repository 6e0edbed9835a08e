CREATE VIEW butler.visit_patch_join AS
SELECT o.camera, o.visit, o.skymap, o.tract, o.patch
FROM butler_internal.all_visit_patch_overlap AS o;

COMMENT ON VIEW butler.visit_patch_join IS 'Which visits overlap which patches with one of their sensors.';

CREATE VIEW butler.visit_tract_join AS
SELECT o.camera, o.visit, o.skymap, o.tract
FROM butler_internal.all_visit_tract_overlap AS o;

COMMENT ON VIEW butler.visit_tract_join IS 'Which visits overlap a patch of which tracts with one of their sensors.';

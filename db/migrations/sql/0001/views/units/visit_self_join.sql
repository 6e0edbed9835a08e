CREATE VIEW butler.visit_self_join AS
SELECT p.camera_1, p.visit_1, p.camera_2, p.visit_2
FROM butler_internal.all_visit_pair AS p
UNION
SELECT p.camera_2, p.visit_2, p.camera_1, p.visit_1
FROM butler_internal.all_visit_pair AS p;

COMMENT ON VIEW butler.visit_self_join IS
'Visits that belong together, such as simultaneous ones of two cameras; each pair both ways round.';

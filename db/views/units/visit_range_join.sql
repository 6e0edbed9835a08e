CREATE VIEW butler.visit_range_join AS
SELECT
    r.camera, r.visit_range, lower(r.visit_range) AS visit_begin, upper(r.visit_range) AS visit_end, v.visit
FROM butler_internal.all_visit_range AS r
INNER JOIN butler_internal.all_visit AS v
    ON v.camera = r.camera AND v.visit >= lower(r.visit_range) AND (upper_inf(r.visit_range) OR v.visit < upper(r.visit_range));

COMMENT ON VIEW butler.visit_range_join IS 'Which visits lie in which ranges.';
COMMENT ON COLUMN butler.visit_range_join.visit_begin IS 'The first visit of the range.';
COMMENT ON COLUMN butler.visit_range_join.visit_end IS 'The first visit after the range; null if it has no end.';

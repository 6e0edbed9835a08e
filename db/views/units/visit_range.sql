CREATE VIEW butler.visit_range AS
SELECT
    r.camera,
    r.visit_range,
    lower(r.visit_range) AS visit_begin,
    upper(r.visit_range) AS visit_end
FROM butler_internal.all_visit_range AS r;

COMMENT ON VIEW butler.visit_range IS 'Runs of visits by number.';
COMMENT ON COLUMN butler.visit_range.visit_begin IS 'The first visit.';
COMMENT ON COLUMN butler.visit_range.visit_end IS 'The first visit after it; null if it has no end.';

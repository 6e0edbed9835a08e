CREATE VIEW butler.unit AS
SELECT
    u.unit, u.position, u.kind, u.view, u.requires, u.doc,
    ARRAY(
        SELECT w.word FROM butler_shared.unit_word AS w WHERE w.unit = u.unit AND w.word <> u.unit ORDER BY 1
    ) AS aliases
FROM butler_shared.unit AS u;

COMMENT ON VIEW butler.unit IS 'The kinds of label that a data ID is made of.';
COMMENT ON COLUMN butler.unit.aliases IS 'Other words accepted for it.';

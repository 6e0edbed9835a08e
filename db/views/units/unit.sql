CREATE VIEW butler.unit AS
SELECT
    u.unit, u.position, u.value_type, u.view, u.requires, u.doc,
    ARRAY(
        SELECT w.word FROM butler_common.unit_word AS w WHERE w.unit = u.unit AND w.word <> u.unit ORDER BY 1
    ) AS aliases
FROM butler_common.unit AS u;

COMMENT ON VIEW butler.unit IS 'The units that data IDs are made of.';
COMMENT ON COLUMN butler.unit.aliases IS 'Other words accepted for it.';

CREATE VIEW butler.dataset_type AS
SELECT
    t.dataset_type, t.storage_class, t.doc,
    ARRAY(
        SELECT u.unit FROM butler_common.unit AS u
        WHERE (t.unit_mask >> u.position) & 1 = 1 ORDER BY u.position
    ) AS units
FROM butler_internal.all_dataset_type AS t;

COMMENT ON VIEW butler.dataset_type IS 'Types of datasets.';
COMMENT ON COLUMN butler.dataset_type.units IS 'The units of its data IDs, in their order.';

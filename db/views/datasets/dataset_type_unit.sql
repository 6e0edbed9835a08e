CREATE VIEW butler.dataset_type_unit AS
SELECT t.dataset_type, u.unit
FROM butler_internal.all_dataset_type AS t
INNER JOIN butler_common.unit AS u ON (t.unit_mask >> u.position) & 1 = 1;

COMMENT ON VIEW butler.dataset_type_unit IS 'Which units label which dataset types.';

CREATE VIEW butler.abstract_filter_dataset_join AS
SELECT d.abstract_filter, d.dataset_id
FROM butler_internal.all_dataset AS d
WHERE d.abstract_filter IS NOT NULL AND d.state <> 'removed';

COMMENT ON VIEW butler.abstract_filter_dataset_join IS 'Which datasets carry which abstract filter as a label.';

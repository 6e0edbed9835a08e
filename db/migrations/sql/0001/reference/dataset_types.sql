-- Dataset types that Butler itself puts; in the base, so that every layer has the same.
INSERT INTO butler_internal.dataset_type (dataset_type, storage_class, unit_mask, doc)
VALUES ('run_environment', 'Dict', 0, 'Host, Python and packages of the process that first used a run.');

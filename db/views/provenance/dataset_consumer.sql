CREATE VIEW butler.dataset_consumer AS
SELECT c.quantum_id, c.dataset_id, c.actual
FROM butler_internal.all_dataset_consumer AS c;

COMMENT ON VIEW butler.dataset_consumer IS 'Inputs of quanta: predicted, and whether they were read.';

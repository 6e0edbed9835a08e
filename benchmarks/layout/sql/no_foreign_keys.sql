-- The registry's own tables, with no foreign key to a unit: only its type, run and artifacts are checked.
CREATE TABLE trial.dataset (LIKE butler_internal.dataset INCLUDING ALL);
CREATE TABLE trial.artifact (LIKE butler_internal.artifact INCLUDING ALL);
ALTER TABLE trial.dataset
ADD FOREIGN KEY (run_id) REFERENCES butler_internal.run,
ADD FOREIGN KEY (dataset_type_id, unit_mask) REFERENCES butler_internal.dataset_type (dataset_type_id, unit_mask);
ALTER TABLE trial.artifact
ADD FOREIGN KEY (dataset_id) REFERENCES trial.dataset,
ADD FOREIGN KEY (datastore_id) REFERENCES butler_internal.datastore;

-- The registry's own tables with each foreign key on the natural columns: a sensor's dataset is checked
-- against camera, sensor, visit and observed sensor, not against the finest alone.
CREATE TABLE trial.dataset (LIKE butler_internal.dataset INCLUDING ALL);
CREATE TABLE trial.artifact (LIKE butler_internal.artifact INCLUDING ALL);
ALTER TABLE trial.dataset
DROP COLUMN camera_alone, DROP COLUMN visit_alone, DROP COLUMN sensor_alone,
DROP COLUMN skymap_alone, DROP COLUMN tract_alone,
ADD FOREIGN KEY (run_id) REFERENCES butler_internal.run,
ADD FOREIGN KEY (dataset_type_id, unit_mask) REFERENCES butler_internal.dataset_type (dataset_type_id, unit_mask),
ADD FOREIGN KEY (quantum_id) REFERENCES butler_internal.quantum,
ADD FOREIGN KEY (camera) REFERENCES butler_internal.camera,
ADD FOREIGN KEY (abstract_filter) REFERENCES butler_internal.abstract_filter,
ADD FOREIGN KEY (camera, physical_filter) REFERENCES butler_internal.physical_filter,
ADD FOREIGN KEY (camera, sensor) REFERENCES butler_internal.physical_sensor,
ADD FOREIGN KEY (camera, visit) REFERENCES butler_internal.visit,
ADD FOREIGN KEY (camera, visit, sensor) REFERENCES butler_internal.observed_sensor,
ADD FOREIGN KEY (camera, visit, snap) REFERENCES butler_internal.snap,
ADD FOREIGN KEY (camera, visit_range) REFERENCES butler_internal.visit_range,
ADD FOREIGN KEY (skymap) REFERENCES butler_internal.skymap,
ADD FOREIGN KEY (skymap, tract) REFERENCES butler_internal.tract,
ADD FOREIGN KEY (skymap, tract, patch) REFERENCES butler_internal.patch,
ADD FOREIGN KEY (sky_pixel) REFERENCES butler_internal.sky_pixel,
ADD FOREIGN KEY (label) REFERENCES butler_internal.label;
ALTER TABLE trial.artifact
ADD FOREIGN KEY (dataset_id) REFERENCES trial.dataset,
ADD FOREIGN KEY (datastore_id) REFERENCES butler_internal.datastore;

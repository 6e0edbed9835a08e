CREATE TYPE butler.found_dataset AS (
    dataset_id uuid,
    dataset_type text,
    storage_class text,
    units text[], -- noqa: LT01
    data_id jsonb,
    run text,
    state text,
    datastore text,
    component text,
    path text,
    formatter text,
    size bigint,
    sha256 bytea,
    artifact_state text
);

COMMENT ON TYPE butler.found_dataset IS
'A dataset with one of its artifacts; the columns from datastore on are null where it has none.';
COMMENT ON COLUMN butler.found_dataset.units IS 'The units of its type, in their order.';
COMMENT ON COLUMN butler.found_dataset.data_id IS 'Its data ID: an object with the value of each unit.';
COMMENT ON COLUMN butler.found_dataset.state IS 'Of the dataset: present, unstored or removed.';
COMMENT ON COLUMN butler.found_dataset.path IS
'Percent-encoded, relative to the datastore''s root; or a whole URI. What follows a # is the part of the file.';
COMMENT ON COLUMN butler.found_dataset.artifact_state IS 'present; or lost, as verify found.';

CREATE VIEW butler.collection AS
SELECT c.collection, c.collection_type, c.owner, c.doc, c.frozen, c.created, c.changed
FROM butler_internal.all_collection AS c
WHERE c.removed IS NULL;

COMMENT ON VIEW butler.collection IS 'Named groups of datasets, but those that were removed.';

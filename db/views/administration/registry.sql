CREATE VIEW butler.registry AS
SELECT r.registry, r.base, r.depth, r.owner, r.created
FROM butler_common.registry AS r;

COMMENT ON VIEW butler.registry IS 'The registries of this database: the base, and the layers over it.';

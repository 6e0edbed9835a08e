CREATE VIEW butler.schema_version AS
SELECT a.version_num AS schema_version
FROM butler_common.alembic_version AS a;

COMMENT ON VIEW butler.schema_version IS 'The revision of the schema.';
COMMENT ON COLUMN butler.schema_version.schema_version IS 'Identifier of the migration that the database is at.';

CREATE VIEW butler.schema_version AS
SELECT
    a.version_num AS schema_version,
    i.oldest_client
FROM butler_common.alembic_version AS a
CROSS JOIN butler_common.installation AS i;

COMMENT ON VIEW butler.schema_version IS
'The revision of the schema, and whom it serves. Clients of every age read it: its columns never go.';
COMMENT ON COLUMN butler.schema_version.schema_version IS 'Identifier of the migration that the database is at.';
COMMENT ON COLUMN butler.schema_version.oldest_client IS
'Clients made for this revision of the schema, or a later one, are served.';

"""First light: the tables and the contract of the base registry."""

from __future__ import annotations

from alembic import op
from sqlalchemy import text

from butler.schema.install import (
    RegistrySchema,
    build_common,
    build_contract,
    drop_contract,
    registries,
    run_sql,
)
from butler.schema.revisions import frozen_file, frozen_objects

revision = "0001"
down_revision = None
oldest_client = "0001"


def upgrade() -> None:
    connection = op.get_bind()
    prefix = connection.execute(text("SELECT current_user")).scalar_one().removesuffix("_owner")
    objects = frozen_objects(revision)
    run_sql(connection, "CREATE SCHEMA butler; CREATE SCHEMA butler_internal;")
    run_sql(connection, frozen_file(revision, "common_tables.sql"))
    build_common(connection, objects, prefix)
    for reference in ("units", "leap_seconds"):
        run_sql(connection, frozen_file(revision, f"reference/{reference}.sql"))
    connection.execute(
        text("INSERT INTO butler_common.installation (role_prefix, oldest_client) VALUES (:prefix, :oldest)"),
        {"prefix": prefix, "oldest": oldest_client},
    )
    connection.execute(
        text("INSERT INTO butler_common.registry (registry, depth, owner) VALUES ('butler', 0, session_user)")
    )
    run_sql(connection, frozen_file(revision, "tables.sql"))
    build_contract(connection, RegistrySchema("butler", None, 0), objects, prefix)
    run_sql(connection, frozen_file(revision, "reference/dataset_types.sql"))


def downgrade() -> None:
    connection = op.get_bind()
    for registry in reversed(registries(connection)):
        drop_contract(connection, registry)
        run_sql(connection, f"DROP SCHEMA {registry.name} CASCADE; DROP SCHEMA {registry.tables} CASCADE;")
    run_sql(connection, frozen_file(revision, "drop_common.sql"))

"""Alembic's entry: connect as the owner, one revision at a time, one deployer at a time."""

from __future__ import annotations

import os
from typing import Any

from alembic import context
from geoalchemy2 import alembic_helpers
from sqlalchemy import Connection, NullPool, create_engine, text
from sqlalchemy.dialects.postgresql.base import ischema_names

from butler.schema.revisions import begin
from butler.schema.tables import BASE, COMMON, Letter, metadata

# SQLAlchemy takes it for text.
ischema_names['"char"'] = Letter


def include_name(name: str | None, object_type: str, _parents: Any) -> bool:
    """Compare our own schemas only."""
    return object_type != "schema" or name in (BASE, COMMON)


def include_object(obj: Any, name: str | None, object_type: str, reflected: bool, compare_to: Any) -> bool:
    """Leave Alembic's own table out of the comparison."""
    return name != "alembic_version" and bool(
        alembic_helpers.include_object(obj, name, object_type, reflected, compare_to)
    )


def record_oldest_client(*, ctx: Any, step: Any, **_: Any) -> None:
    """Record the oldest client that the revision serves which the database is at now."""
    for script in step.destination_revisions:  # none once the schema is gone
        ctx.connection.execute(
            text(f"UPDATE {COMMON}.installation SET oldest_client = :oldest"),
            {"oldest": script.module.oldest_client},
        )


def run(connection: Connection) -> None:
    """Migrate over a connection in the caller's transaction."""
    begin(connection)
    connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {COMMON}"))
    newest = getattr(context.script.get_revision("head"), "module", None)
    context.configure(
        connection=connection,
        target_metadata=metadata,
        version_table_schema=COMMON,
        include_schemas=True,
        include_name=include_name,
        include_object=include_object,
        render_item=alembic_helpers.render_item,
        compare_type=True,
        compare_server_default=False,
        autogenerate_plugins=["alembic.autogenerate.*", "alembic.ext.checkconstraint_byname"],
        on_version_apply=record_oldest_client,
        template_args={"oldest_client": getattr(newest, "oldest_client", None)},
    )
    context.run_migrations()


given: Connection | None = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    url = os.environ["BUTLER_OWNER_DSN"].replace("postgresql://", "postgresql+psycopg2://", 1)
    with create_engine(url, poolclass=NullPool).begin() as owner:
        run(owner)

"""What in a database isn't as this version of Butler made it."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection, text

from butler.schema.install import role_prefix
from butler.schema.migrations import check, current_version
from butler.schema.version import SCHEMA_VERSION

__all__ = ["inspect"]

_MISSING_EXTENSIONS = text("""
    SELECT e.name FROM unnest(ARRAY['postgis', 'btree_gist']) AS e (name)
    WHERE NOT EXISTS (SELECT FROM pg_extension AS p WHERE p.extname = e.name)
""")
_MISSING_ROLES = text("SELECT r.name FROM unnest(:roles) AS r (name) WHERE to_regrole(r.name) IS NULL")
_IN_UTC = text("""
    SELECT EXISTS (
        SELECT FROM pg_db_role_setting AS s
        INNER JOIN pg_database AS d ON d.oid = s.setdatabase
        WHERE d.datname = current_database() AND s.setrole = 0 AND s.setconfig @> ARRAY['TimeZone=UTC']
    )
""")
_ANYBODY_MAKES_TABLES = text("""
    SELECT EXISTS (
        SELECT FROM pg_database AS d, aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) AS a
        WHERE d.datname = current_database() AND a.grantee = 0 AND a.privilege_type = 'TEMPORARY'
    )
""")
_RELATIONS = text("""
    SELECT count(*) FROM pg_class AS c
    INNER JOIN pg_namespace AS n ON n.oid = c.relnamespace
    INNER JOIN butler_shared.registry AS r ON n.nspname IN (r.registry, r.registry || '_internal')
""")
_LOCKS = text("""
    SELECT current_setting('max_locks_per_transaction')::bigint
        * (current_setting('max_connections')::bigint + current_setting('max_prepared_transactions')::bigint)
""")


def inspect(connection: Connection) -> Iterator[str]:
    """Name each thing that isn't as it should be, and what to do about it.

    Parameters
    ----------
    connection : `sqlalchemy.Connection`
        As the owner, in a transaction.
    """
    found = current_version(connection)
    if found is None:
        yield "schema: there is none: run 'butler db init'"
        return
    yield from _surroundings(connection)
    if found == SCHEMA_VERSION:
        yield from map(str, check(connection))
    else:
        yield f"schema: revision {found}, this Butler needs {SCHEMA_VERSION}: run 'butler db upgrade'"


def _surroundings(connection: Connection) -> Iterator[str]:
    """Look at what a database needs besides the schema."""
    for extension in connection.execute(_MISSING_EXTENSIONS).scalars():
        yield f"extension {extension}: it is missing: run 'butler db grant'"
    roles = [f"{role_prefix(connection)}_{door}" for door in ("owner", "writer", "reader")]
    for role in connection.execute(_MISSING_ROLES, {"roles": roles}).scalars():
        yield f"role {role}: it is missing: run 'butler db grant'"
    if not connection.execute(_IN_UTC).scalar_one():
        yield "setting timezone: the database's is not UTC: run 'butler db grant'"
    if connection.execute(_ANYBODY_MAKES_TABLES).scalar_one():
        yield "door: anybody may make temporary tables: run 'butler db grant'"
    relations = connection.execute(_RELATIONS).scalar_one()
    locks = connection.execute(_LOCKS).scalar_one()
    if relations > locks:
        yield (
            f"setting max_locks_per_transaction: an upgrade takes {relations} locks, there is"
            f" room for {locks}: raise it"
        )

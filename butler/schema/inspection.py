"""What in a database isn't as this version of Butler would have it: its surroundings, its schema."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection, text

from butler.schema.login_roles import unlike
from butler.schema.migrations import check, current_version
from butler.schema.requirements import Finding, advice, gaps, levels, locks, neighbours, obstacles
from butler.version import OLDEST_SCHEMA, SCHEMA_VERSION

__all__ = ["inspect"]

_OWNER = text("""
    SELECT
        n.nspowner::regrole::text AS name,
        pg_has_role(
            session_user, n.nspowner,
            CASE WHEN current_setting('server_version_num')::integer >= 160000 THEN 'SET' ELSE 'MEMBER' END
        ) AS may
    FROM pg_namespace AS n
    WHERE n.nspname = 'butler_common'
""")


def inspect(connection: Connection, role_prefix: str = "butler") -> Iterator[Finding]:
    """Name each thing that isn't as it should be, and what to do about it.

    Parameters
    ----------
    connection : `sqlalchemy.Connection`
        In a transaction. Without a login that may become the owner, the
        schema itself isn't looked at.
    role_prefix : `str`
        What the names of the roles begin with, where there is no schema yet.
    """
    owner = connection.execute(_OWNER).one_or_none()
    prefix = owner.name.removesuffix("_owner") if owner else role_prefix
    yield from obstacles(connection)
    yield from levels(connection, prefix)
    yield from unlike(connection, prefix)
    missing = gaps(connection, prefix)
    if owner is None:
        yield from (finding for finding, _ in missing)
        yield from neighbours(connection, prefix)
        yield from advice(connection)
        yield _no_schema(prefix)
        return
    # The schema is there: what has gone since, a restore has left behind.
    yield from (Finding(f.what, f.problem, "run 'butler db grant'") for f, _ in missing)
    yield from advice(connection)
    if owner.may:
        connection.execute(text(f"SET LOCAL ROLE {owner.name}"))
        yield from _schema(connection, prefix)


def _schema(connection: Connection, prefix: str) -> Iterator[Finding]:
    found = current_version(connection)
    if found is None:
        yield _no_schema(prefix)
        return
    yield from locks(connection)
    if found != SCHEMA_VERSION:
        yield _another_revision(found, connection.execute(_OLDEST_CLIENT).scalar_one())
        return
    yield from (Finding("", str(difference), "") for difference in check(connection))


_OLDEST_CLIENT = text("SELECT oldest_client FROM butler_common.installation")


def _another_revision(found: str, oldest_client: str) -> Finding:
    """Judge a database that isn't at this Butler's own revision: its catalogue can't be compared."""
    problem = (
        f"revision {found}, serves clients of {oldest_client} or later;"
        f" this Butler works with {OLDEST_SCHEMA} or later, and is made for {SCHEMA_VERSION}"
    )
    if found < SCHEMA_VERSION:
        return Finding("schema", problem, "run 'butler db upgrade'", needed=found < OLDEST_SCHEMA)
    return Finding(
        "schema", problem, "install a newer version of Butler", needed=oldest_client > SCHEMA_VERSION
    )


def _no_schema(prefix: str) -> Finding:
    prefixed = "" if prefix == "butler" else f" --role-prefix {prefix}"
    return Finding("schema", "there is none", f"run 'butler db init{prefixed}'")

"""Whether a database serves this client: it may be newer or older than the client within what both allow."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from butler.errors import SchemaVersionError
from butler.version import OLDEST_SCHEMA, SCHEMA_VERSION

if TYPE_CHECKING:
    from butler.registry.postgres.connections import Connections

__all__ = ["OVERTAKEN", "admission", "ask", "has_moved", "refuse_unserved", "served_or_explained"]

OVERTAKEN = {
    "0A000",  # a plan's result has other columns
    "3F000",  # no such schema
    "42703",  # no such column
    "42704",  # no such type
    "42809",  # it is of another kind
    "42883",  # no such function
    "42P01",  # no such view
    "XX000",  # what was looked up before an upgrade was committed has gone since
}
"""What a statement fails with when the schema changes under it; nothing of it was carried out."""


def refuse_unserved(found: str, oldest_client: str) -> None:
    """Refuse a database that is too old for this client, or too new.

    Parameters
    ----------
    found : `str`
        The revision of its schema.
    oldest_client : `str`
        The revision that a client must be made for, at least.

    Raises
    ------
    SchemaVersionError
        Naming both revisions, and what brings them together.
    """
    if oldest_client > SCHEMA_VERSION:
        raise SchemaVersionError(
            f"the database's schema is at revision {found}, which serves clients made for {oldest_client} or"
            f" later; this Butler is made for {SCHEMA_VERSION}",
            hint="Install a newer version of Butler, and start this program again.",
            details={"found": found, "oldest_client": oldest_client, "needed": SCHEMA_VERSION},
        )
    if found < OLDEST_SCHEMA:
        raise SchemaVersionError(
            f"the database's schema is at revision {found}; this Butler needs {OLDEST_SCHEMA} or later",
            hint="Run 'butler db upgrade'.",
            details={"found": found, "oldest_client": oldest_client, "needed": OLDEST_SCHEMA},
        )


def admission(schema: str) -> str:
    """Give the statement by which the database refuses this client before one that writes; no round trip."""
    return f"SELECT {schema}.admit_client('{OLDEST_SCHEMA}', '{SCHEMA_VERSION}'); "


def ask(connection: Any, schema: str) -> str:
    """Ask over a connection of the driver for the revision; refuse one that doesn't serve this client."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT schema_version, oldest_client FROM {schema}.schema_version")
        found, oldest_client = cursor.fetchone()
    refuse_unserved(found, oldest_client)
    return str(found)


def has_moved(connections: Connections, known: str | None) -> bool:
    """Whether the schema is at another revision than it was known to be at.

    Raises
    ------
    SchemaVersionError
        If the database doesn't serve this client any more.
    """
    if known is None:
        return False
    with connections.lent() as connection:
        connections.revision = ask(connection, "butler")
    return connections.revision != known


@contextmanager
def served_or_explained(connections: Connections) -> Iterator[None]:
    """Say of a statement that failed, and can't be done again, if it did because this client isn't served."""
    from psycopg2 import Error

    known = connections.revision
    try:
        yield
    except Error as error:
        if error.pgcode in OVERTAKEN:
            has_moved(connections, known)
        raise

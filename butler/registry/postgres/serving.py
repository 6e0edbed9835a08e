"""Whether a database serves this client: it may be newer or older than the client within what both allow."""

from __future__ import annotations

from typing import Any

from butler.errors import SchemaVersionError
from butler.version import OLDEST_SCHEMA, SCHEMA_VERSION

__all__ = ["admission", "ask", "refuse_unserved"]


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

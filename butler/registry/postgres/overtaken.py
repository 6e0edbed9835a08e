"""What a statement failed of: a mistake in it, or a schema that was upgraded under it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from butler.registry.postgres.serving import ask

if TYPE_CHECKING:
    from butler.registry.postgres.connections import Connections

__all__ = ["OVERTAKEN", "has_moved", "served_or_explained"]

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

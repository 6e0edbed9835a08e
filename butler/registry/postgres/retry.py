"""One transaction, tried again where that is safe."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from butler.errors import DatabaseUnavailableError
from butler.registry.postgres.overtaken import OVERTAKEN, has_moved

if TYPE_CHECKING:
    from butler.registry.postgres.connections import Connections

__all__ = ["attempted", "execute", "fetched"]

_logger = logging.getLogger(__name__)

Result = TypeVar("Result")

_CONFLICTS = {"40001", "40P01"}  # serialization failure, deadlock: undone by the server
_MOST_CONFLICTS = 6
_FIRST_PAUSE = 0.02

_LEVEL = "SET TRANSACTION ISOLATION LEVEL READ COMMITTED; "
"""Before a statement, in the same message: whatever a role, the database or PGOPTIONS has as its default,
stored logic looks after it has waited. No round trip, and nothing that a pooler would hand on."""


def attempted(
    connections: Connections, work: Callable[[Any], Result], *, repeatable: bool, what: str
) -> Result:
    """Do work that is one transaction.

    It is done again after a conflict with another transaction, which undoes
    it, a few times and after a pause at random; once, on a new connection,
    if the connection was lost, where that is safe; and once if the schema was
    upgraded under it.

    Parameters
    ----------
    connections : `~butler.registry.postgres.connections.Connections`
        Where to do it.
    work : callable
        Takes a connection of the driver.
    repeatable : `bool`
        Whether doing it twice has the same effect and the same answer.
    what : `str`
        Its name, for messages.

    Raises
    ------
    DatabaseUnavailableError
        If the connection was lost before the answer came, and it isn't
        repeatable: it may have been carried out.
    SchemaVersionError
        If the schema was upgraded under it, and doesn't serve this client any more.
    """
    from psycopg2 import Error

    conflicts = 0
    revision: str | None = connections.revision
    again = repeatable
    while True:
        sent = False
        try:
            with connections.lent() as connection:
                sent = True
                return work(connection)
        except Error as error:
            lost = error.cursor is not None and bool(error.cursor.connection.closed)
            if error.pgcode in _CONFLICTS and conflicts < _MOST_CONFLICTS:
                conflicts += 1
                time.sleep(random.uniform(0, _FIRST_PAUSE * 2**conflicts))
            elif error.pgcode in OVERTAKEN and has_moved(connections, revision):
                revision = None
            elif lost and again:
                again = False
            elif lost and sent and not repeatable:
                raise DatabaseUnavailableError(
                    f"the connection was lost before {what} answered: {str(error).strip()}",
                    hint="It isn't known whether it was carried out: look, before you do it again.",
                    details={"carried_out": None},
                ) from error
            else:
                raise


def fetched(
    connections: Connections,
    statement: str,
    parameters: Sequence[Any],
    *,
    repeatable: bool,
    what: str,
    before: str = "",
) -> list[Any]:
    """Carry out a statement under READ COMMITTED, as `attempted` does; give its rows as named tuples.

    What is sent before it is of the same message and transaction.
    """
    from psycopg2.extras import NamedTupleCursor

    def fetch(connection: Any) -> list[Any]:
        with connection.cursor(cursor_factory=NamedTupleCursor) as cursor:
            execute(cursor, _LEVEL + before + statement, parameters)
            return cursor.fetchall()  # type: ignore[no-any-return]

    return attempted(connections, fetch, repeatable=repeatable, what=what)


def execute(cursor: Any, statement: str, parameters: Sequence[Any] | Mapping[str, Any] = ()) -> None:
    """Have a cursor carry out a statement, and log it for who debugs."""
    _logger.debug("%s; %s", statement, parameters)
    cursor.execute(statement, parameters)

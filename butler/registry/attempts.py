"""One transaction, tried again where that is safe."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from butler.errors import DatabaseUnavailableError

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

    from butler.registry.connections import Connections

__all__ = ["attempted", "fetched"]

Resource = TypeVar("Resource")
Result = TypeVar("Result")

_CONFLICTS = {"40001", "40P01"}  # serialization failure, deadlock: undone by the server
_MOST_CONFLICTS = 6
_FIRST_PAUSE = 0.02


def attempted(engine: Engine, work: Callable[[Connection], Result], *, repeatable: bool, what: str) -> Result:
    """Do work that is one transaction.

    It is done again after a conflict with another transaction, which undoes
    it, a few times and after a pause at random; and once, on a new connection,
    if the connection was lost, where that is safe.

    Parameters
    ----------
    engine : `sqlalchemy.Engine`
        Whose connections commit each statement by itself.
    work : callable
        Takes the connection.
    repeatable : `bool`
        Whether doing it twice has the same effect and the same answer.
    what : `str`
        Its name, for messages.

    Raises
    ------
    DatabaseUnavailableError
        If the connection was lost before the answer came, and it isn't
        repeatable: it may have been carried out.
    """
    return _attempted(engine.connect, work, repeatable, what)


def fetched(
    connections: Connections, statement: str, parameters: Sequence[Any], *, repeatable: bool, what: str
) -> list[Any]:
    """Carry out one statement, as `attempted` does its work, and give its rows as named tuples.

    It goes to the driver as it is: around a call of a stored function, what
    SQLAlchemy does takes as long as the call.
    """

    def fetch(cursor: Any) -> list[Any]:
        cursor.execute(statement, parameters)
        return cursor.fetchall()  # type: ignore[no-any-return]

    return _attempted(partial(_cursor, connections), fetch, repeatable, what)


@contextmanager
def _cursor(connections: Connections) -> Iterator[Any]:
    from psycopg2.extras import NamedTupleCursor

    with connections.lent() as connection, connection.cursor(cursor_factory=NamedTupleCursor) as cursor:
        yield cursor


def _attempted(
    connect: Callable[[], AbstractContextManager[Resource]],
    work: Callable[[Resource], Result],
    repeatable: bool,
    what: str,
) -> Result:
    from psycopg2 import Error

    conflicts = 0
    again = repeatable
    while True:
        sent = False
        try:
            with connect() as connection:
                sent = True
                return work(connection)
        except Exception as error:
            original = getattr(error, "orig", error)
            if not isinstance(original, Error):
                raise
            if original.pgcode in _CONFLICTS and conflicts < _MOST_CONFLICTS:
                conflicts += 1
                time.sleep(random.uniform(0, _FIRST_PAUSE * 2**conflicts))
            elif _is_lost(error) and again:
                again = False
            elif _is_lost(error) and sent and not repeatable:
                raise DatabaseUnavailableError(
                    f"the connection was lost before {what} answered: {str(original).strip()}",
                    hint="It isn't known whether it was carried out: look, before you do it again.",
                    details={"carried_out": None},
                ) from error
            else:
                raise


def _is_lost(error: Any) -> bool:
    """Whether a connection was lost, by an error of the driver or of SQLAlchemy about one."""
    if hasattr(error, "connection_invalidated"):
        return bool(error.connection_invalidated)
    return error.cursor is not None and bool(error.cursor.connection.closed)

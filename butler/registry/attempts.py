"""One transaction, tried again where that is safe."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine

from butler.errors import DatabaseUnavailableError

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
    engine: Engine, statement: str, parameters: Sequence[Any], *, repeatable: bool, what: str
) -> list[Any]:
    """Carry out one statement, as `attempted` does its work, and give its rows as named tuples.

    It goes to the driver as it is: for a call of a stored function, what
    SQLAlchemy does beyond its pool takes as long as the call.
    """

    def fetch(cursor: Any) -> list[Any]:
        cursor.execute(statement, parameters)
        return cursor.fetchall()  # type: ignore[no-any-return]

    return _attempted(partial(_cursor, engine), fetch, repeatable, what)


def _attempted(
    connect: Callable[[], AbstractContextManager[Resource]],
    work: Callable[[Resource], Result],
    repeatable: bool,
    what: str,
) -> Result:
    from sqlalchemy.exc import DBAPIError

    conflicts = 0
    again = repeatable
    while True:
        sent = False
        try:
            with connect() as connection:
                sent = True
                return work(connection)
        except DBAPIError as error:
            if getattr(error.orig, "pgcode", None) in _CONFLICTS and conflicts < _MOST_CONFLICTS:
                conflicts += 1
                time.sleep(random.uniform(0, _FIRST_PAUSE * 2**conflicts))
            elif error.connection_invalidated and again:
                again = False
            elif error.connection_invalidated and sent and not repeatable:
                raise DatabaseUnavailableError(
                    f"the connection was lost before {what} answered: {str(error.orig).strip()}",
                    hint="It isn't known whether it was carried out: look, before you do it again.",
                    details={"carried_out": None},
                ) from error
            else:
                raise


@contextmanager
def _cursor(engine: Engine) -> Iterator[Any]:
    """Open a cursor on a connection of the pool, with errors as a `~sqlalchemy.Connection` raises them."""
    from psycopg2 import Error
    from psycopg2.extras import NamedTupleCursor
    from sqlalchemy.exc import DBAPIError

    connection: Any = None
    try:
        connection = engine.raw_connection()
        with connection.cursor(cursor_factory=NamedTupleCursor) as cursor:
            yield cursor
    except Error as error:
        driver = connection and connection.driver_connection
        lost = engine.dialect.is_disconnect(error, driver, None)  # type: ignore[arg-type]
        if connection and lost:
            connection.invalidate(error)
        raise DBAPIError.instance(
            None, None, error, Error, connection_invalidated=lost, dialect=engine.dialect
        ) from error
    except Exception:
        raise
    except BaseException:  # its answer may still be on the way
        if connection:
            connection.invalidate()
        raise
    finally:
        if connection:
            connection.close()

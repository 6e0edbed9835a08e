"""One transaction, tried again where that is safe."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Connection, Engine

from butler.errors import DatabaseUnavailableError

__all__ = ["attempted"]

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
    from sqlalchemy.exc import DBAPIError

    conflicts = 0
    again = repeatable
    while True:
        sent = False
        try:
            with engine.connect() as connection:
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

"""What was in the trash, held by one transaction while its bytes are deleted."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any
from uuid import UUID

from butler.registry.interfaces.removal import HeldTrash
from butler.registry.postgres.parameters import bound_ids
from butler.registry.postgres.retry import execute

__all__ = ["PostgresHeldTrash"]

_SURE_FOR = 0.1
"""Seconds after an answer of the server for which the transaction is taken to be alive."""


class PostgresHeldTrash(HeldTrash):
    """Row locks of an open transaction.

    Parameters
    ----------
    cursor : `psycopg2.extensions.cursor`
        In that transaction.
    statement : callable
        Gives a call of a stored function with its values.
    datastore : `str`
        Its name.
    dataset_ids : iterable of `uuid.UUID`
        What is to be held.
    """

    def __init__(
        self,
        cursor: Any,
        statement: Callable[[str, Sequence[Any]], tuple[str, tuple[Any, ...]]],
        datastore: str,
        dataset_ids: Iterable[UUID],
    ) -> None:
        self._cursor = cursor
        self._statement = statement
        self._datastore = datastore
        held = self._call("hold_trash", datastore, bound_ids(dataset_ids))
        self.dataset_ids = frozenset(dataset_id for (dataset_id,) in held)

    def confirm(self) -> None:
        if time.monotonic() - self._answered > _SURE_FOR:
            self._execute("SELECT 1", ())

    def drop(self, dataset_ids: Iterable[UUID]) -> int:
        ((count,),) = self._call("drop_trash", self._datastore, bound_ids(dataset_ids))
        return int(count)

    def _call(self, function: str, *parameters: Any) -> Sequence[Any]:
        return self._execute(*self._statement(function, parameters))

    def _execute(self, sql: str, values: tuple[Any, ...]) -> Sequence[Any]:
        asked = time.monotonic()
        execute(self._cursor, sql, values)
        rows: Sequence[Any] = self._cursor.fetchall()
        self._answered = asked
        return rows

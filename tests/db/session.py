"""A plain connection with short names, and what its refusals must look like."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import psycopg2
import psycopg2.extensions
import psycopg2.extras
import pytest
from psycopg2.extras import Json

__all__ = ["Json", "Session", "refused"]

psycopg2.extras.register_uuid()  # type: ignore[no-untyped-call]


class Session:
    """One connection in autocommit mode."""

    def __init__(self, connection: psycopg2.extensions.connection) -> None:
        self.connection = connection

    def rows(self, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
        with self.connection.cursor() as cursor:
            cursor.execute(sql, parameters or None)
            return cursor.fetchall() if cursor.description else []

    def column(self, sql: str, *parameters: Any) -> list[Any]:
        return [value for (value,) in self.rows(sql, *parameters)]

    def scalar(self, sql: str, *parameters: Any) -> Any:
        ((value,),) = self.rows(sql, *parameters)
        return value

    def call(self, function: str, *parameters: Any) -> Any:
        """Call a function of the contract that gives one value; dicts and lists of dicts go as JSON."""
        return self.scalar(f"SELECT butler.{function}({_marks(parameters)})", *map(_bound, parameters))

    def table(self, function: str, *parameters: Any) -> list[dict[str, Any]]:
        """Call a function of the contract that gives rows."""
        with self.connection.cursor(cursor_factory=psycopg2.extras.RealDictCursor) as cursor:
            cursor.execute(
                f"SELECT * FROM butler.{function}({_marks(parameters)})",
                [_bound(value) for value in parameters],
            )
            return [dict(row) for row in cursor.fetchall()]

    @contextmanager
    def transaction(self, isolation: str = "READ COMMITTED") -> Iterator[None]:
        """Run statements in one transaction, rolled back if one is refused."""
        self.rows(f"BEGIN ISOLATION LEVEL {isolation}")
        try:
            yield
        except BaseException:
            self.rows("ROLLBACK")
            raise
        self.rows("COMMIT")

    def explain(self, sql: str, *parameters: Any) -> str:
        return "\n".join(self.column(f"EXPLAIN {sql}", *parameters))


def _marks(parameters: tuple[Any, ...]) -> str:
    return ", ".join("%s" + _cast(value) for value in parameters)


def _cast(value: Any) -> str:
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return "::text[]"
    if isinstance(value, list) and all(isinstance(item, UUID) for item in value):
        return "::uuid[]"
    return "::jsonb" if isinstance(value, (dict, list)) else ""


def _bound(value: Any) -> Any:
    return Json(value) if _cast(value) == "::jsonb" else value


@contextmanager
def refused(code: str, message: str = "", hint: str = "", constraint: str | None = None) -> Iterator[Any]:
    """Expect the server to refuse; texts are searched for as regular expressions.

    Our own errors must come with a hint.
    """
    with pytest.raises(psycopg2.Error) as caught:
        yield caught
    error: Any = caught.value
    said = error.diag.message_primary or ""
    assert error.pgcode == code, f"{error.pgcode}: {said}"
    assert re.search(message, said), said
    assert re.search(hint, error.diag.message_hint or ""), error.diag.message_hint
    if code.startswith("UB"):
        assert error.diag.message_hint
    if constraint is not None:
        assert error.diag.constraint_name == constraint

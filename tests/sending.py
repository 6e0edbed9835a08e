"""What a process sends to databases."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg2.extensions
import pytest
from psycopg2.extras import NamedTupleCursor

from butler.registry.postgres.connections import Connections

__all__ = ["noting_statements"]


@contextmanager
def noting_statements(note: Callable[[str, str], None]) -> Iterator[None]:
    """Call with the host and the text of each statement, before it is sent; a ROLLBACK is none."""
    execute: Callable[..., Any] = NamedTupleCursor.execute
    lent = Connections.lent

    def noted(cursor: Any, statement: str) -> None:
        if not statement.startswith("ROLLBACK"):
            note(cursor.connection.info.host, statement)

    class NotingCursor(psycopg2.extensions.cursor):
        def execute(self, statement: Any, parameters: Any = None) -> None:
            noted(self, statement)
            super().execute(statement, parameters)

    def execute_named(cursor: Any, statement: str, *parameters: Any) -> Any:
        noted(cursor, statement)
        return execute(cursor, statement, *parameters)

    @contextmanager
    def lent_noting(connections: Connections) -> Iterator[Any]:
        with lent(connections) as connection:
            connection.cursor_factory = NotingCursor
            try:
                yield connection
            finally:
                connection.cursor_factory = None

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(NamedTupleCursor, "execute", execute_named)
        patch.setattr(Connections, "lent", lent_noting)
        yield

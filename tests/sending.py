"""What a process sends to databases, by SQLAlchemy and by the driver alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from psycopg2.extras import NamedTupleCursor
from sqlalchemy import event
from sqlalchemy.engine import Engine

__all__ = ["noting_statements"]


@contextmanager
def noting_statements(note: Callable[[str, str], None]) -> Iterator[None]:
    """Call with the host and the text of each statement, before it is sent."""
    execute = NamedTupleCursor.execute

    def by_driver(cursor: Any, statement: str, *parameters: Any) -> Any:
        note(cursor.connection.info.host, statement)
        return execute(cursor, statement, *parameters)

    def by_sqlalchemy(_connection: object, cursor: Any, statement: str, *_rest: object) -> None:
        note(cursor.connection.info.host, statement)

    event.listen(Engine, "before_cursor_execute", by_sqlalchemy)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(NamedTupleCursor, "execute", by_driver)
        yield
    event.remove(Engine, "before_cursor_execute", by_sqlalchemy)

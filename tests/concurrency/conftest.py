from __future__ import annotations

import threading
import time
from typing import Any

import pytest
from db.session import Session
from db.world import butler_template, own, read, still, write

__all__ = ["butler_template", "own", "pair", "read", "still", "write"]

PATIENCE = 300.0


class Waiting:
    """A statement in flight on a connection of its own."""

    def __init__(self, session: Session, sql: str, parameters: tuple[Any, ...]) -> None:
        self._error: Exception | None = None
        self._rows: list[tuple[Any, ...]] = []

        def run() -> None:
            try:
                self._rows = session.rows(sql, *parameters)
            except Exception as error:
                self._error = error

        self._thread = threading.Thread(target=run, daemon=True)
        self._thread.start()

    def result(self) -> list[tuple[Any, ...]]:
        """Give its rows, or raise what it was refused with, once it is let through."""
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive(), "still blocked"
        if self._error:
            raise self._error
        return self._rows

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()


class Person(Session):
    """A session whose statements may be expected to wait for another's."""

    def __init__(self, connection: Any, onlooker: Session) -> None:
        super().__init__(connection)
        self._onlooker = onlooker
        self._pid = connection.get_backend_pid()

    def expect_blocked(self, sql: str, *parameters: Any) -> Waiting:
        """Start a statement; return once the server says that it waits for a lock."""
        return self._started("SELECT cardinality(pg_blocking_pids(%s)) > 0", sql, parameters)

    def expect_watching(self, sql: str, *parameters: Any) -> Waiting:
        """Start a statement; return once the server says that it pauses before it looks again."""
        question = "SELECT wait_event = 'PgSleep' FROM pg_stat_activity WHERE pid = %s"
        return self._started(question, sql, parameters)

    def _started(self, question: str, sql: str, parameters: tuple[Any, ...]) -> Waiting:
        waiting = Waiting(self, sql, parameters)
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if self._onlooker.scalar(question, self._pid):
                return waiting
            assert waiting.alive, f"not blocked: {sql}"
            time.sleep(0.002)
        raise AssertionError(f"neither blocked nor done: {sql}")


@pytest.fixture
def pair(database: Any) -> tuple[Person, Person]:
    """Two writers."""
    onlooker = Session(database.connect("superuser"))
    return Person(database.connect("writer"), onlooker), Person(database.connect("writer"), onlooker)

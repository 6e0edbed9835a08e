"""Let Ctrl-C end a long query.

The database driver waits in C, where Python doesn't see a signal before the
query ends by itself.
"""

from __future__ import annotations

import select
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from psycopg2.extensions import POLL_OK, POLL_READ, set_wait_callback

__all__ = ["interruptible"]


@contextmanager
def interruptible() -> Iterator[None]:
    """Wait for the database in Python meanwhile; COPY can't be used so."""
    set_wait_callback(_wait)
    try:
        yield
    finally:
        set_wait_callback(None)


def _wait(connection: Any) -> None:
    try:
        while (state := connection.poll()) != POLL_OK:
            socket = [connection.fileno()]
            select.select(*((socket, [], []) if state == POLL_READ else ([], socket, [])))
    except KeyboardInterrupt:
        connection.cancel()
        raise

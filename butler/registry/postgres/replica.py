"""Reading from a streaming replica, but never less than was written here."""

from __future__ import annotations

import logging
import threading
import time
from typing import Any

from butler.errors import DatabaseUnavailableError
from butler.registry.postgres.connections import Connections
from butler.registry.postgres.retry import fetched

__all__ = ["Replica"]

_log = logging.getLogger(__name__)

# All that Butler's functions write is flushed before they return, but for notes of puts that begin, which
# nobody looks up. What isn't flushed, such as the server's own clearing up at a read, reaches no replica for
# seconds.
_WRITTEN = "SELECT pg_current_wal_flush_lsn()::text AS lsn"
_REPLAYED = "SELECT pg_is_in_recovery() AND pg_last_wal_replay_lsn() >= %s::pg_lsn AS replayed"
_LAG = (
    "SELECT pg_is_in_recovery() AS follows,"
    " pg_wal_lsn_diff(%s::pg_lsn, pg_last_wal_replay_lsn())::bigint AS lag"
)

_SECONDS_BETWEEN_LOOKS = 0.5
_SECONDS_AWAY = 30.0
_SECONDS_TRUSTED = 10.0


class Replica:
    """A read-only copy of the database that follows it.

    It is asked nothing until it has replayed what this process has written,
    and what was safe on the primary's disk when this object was made; and no
    more once it has not what was safe there ten seconds before, or has been
    promoted. While the primary can't be reached, nobody knows, and it is asked.

    Parameters
    ----------
    dsn : `str`
        Of the copy.

    Raises
    ------
    ConfigError
        If it isn't a PostgreSQL URL. Nothing is connected yet.
    """

    def __init__(self, dsn: str) -> None:
        self.dsn = dsn
        self._connections = Connections(dsn)
        self._lock = threading.Lock()
        self._writes = 1
        self._replayed = 0
        self._look_again = 0.0
        self._trusted_until = 0.0
        self._primary_had = "0/0"

    def __reduce__(self) -> tuple[type[Replica], tuple[str]]:
        return (type(self), (self.dsn,))

    def close(self) -> None:
        """Let go of its connections."""
        self._connections.close()

    def note_write(self) -> None:
        """Say that something was written, or may have been, which reads from now on must see."""
        with self._lock:
            self._writes += 1
            # It never has it at once: the primary answers meanwhile, without a question in between.
            self._look_again = time.monotonic() + _SECONDS_BETWEEN_LOOKS

    def ready(self, primary: Connections) -> Connections | None:
        """Give what to read from; `None` while only the primary will do.

        Where nothing was written since the last time it asks nobody, but for
        seeing every ten seconds that the replica follows.
        """
        writes = self._writes
        if self._replayed == writes:
            return self._connections if self._follows(primary) else None
        with self._lock:
            if time.monotonic() < self._look_again:
                return None
            self._look_again = time.monotonic() + _SECONDS_BETWEEN_LOOKS
        if not self._has_replayed(primary):
            return None
        # Another thread's write since then isn't among what it has replayed.
        self._replayed = writes
        return self._connections if self._writes == writes else None

    def failed(self, error: Exception) -> None:
        """Say that a read failed there; for a while it is left alone if it couldn't be reached."""
        if isinstance(error, DatabaseUnavailableError):
            from butler.dsn import hidden

            _log.warning("the replica %s can't be reached: reads go to the primary", hidden(self.dsn))
            with self._lock:
                self._replayed = 0
                self._look_again = time.monotonic() + _SECONDS_AWAY

    def describe(self, primary: Connections) -> str:
        """Say in a line how it does."""
        from psycopg2 import Error

        from butler.dsn import hidden

        name = hidden(self.dsn)
        try:
            written = _asked(primary, _WRITTEN).lsn
            replica = _asked(self._connections, _LAG, written)
        except Error:
            return f"{name} can't be reached: reads go to the primary"
        if not replica.follows:
            return f"{name} is no replica, or none any more: reads go to the primary"
        return f"{name} is {max(replica.lag, 0)} bytes behind"

    def _follows(self, primary: Connections) -> bool:
        """Whether it has what the primary had when it was last looked at, which is seldom done."""
        from psycopg2 import Error

        if time.monotonic() < self._trusted_until:
            return True
        with self._lock:  # other threads trust it meanwhile
            before, self._trusted_until = self._primary_had, time.monotonic() + _SECONDS_TRUSTED
        try:
            self._primary_had = _asked(primary, _WRITTEN).lsn
        except Error:
            return True
        if self._has(before):
            return True
        with self._lock:
            self._replayed = 0
        return False

    def _has_replayed(self, primary: Connections) -> bool:
        """Whether it has all that was written by now."""
        self._primary_had = _asked(primary, _WRITTEN).lsn
        self._trusted_until = time.monotonic() + _SECONDS_TRUSTED
        return self._has(self._primary_had)

    def _has(self, written: str) -> bool:
        from psycopg2 import Error

        try:
            return bool(_asked(self._connections, _REPLAYED, written).replayed)
        except Error as error:
            self.failed(DatabaseUnavailableError(str(error)))
            return False


def _asked(connections: Connections, question: str, *parameters: str) -> Any:
    (row,) = fetched(connections, question, parameters, repeatable=True, what="a question to a server")
    return row

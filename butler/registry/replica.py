"""Reading from a streaming replica, but never less than was written here."""

from __future__ import annotations

import logging
import threading
import time

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from butler.errors import DatabaseUnavailableError
from butler.registry.engine import hidden, open_engine

__all__ = ["Replica"]

_log = logging.getLogger(__name__)

_WRITTEN = "SELECT pg_current_wal_insert_lsn()::text"
_REPLAYED = "SELECT pg_is_in_recovery() AND pg_last_wal_replay_lsn() >= %s::pg_lsn"
_LAG = "SELECT pg_is_in_recovery(), pg_wal_lsn_diff(%s::pg_lsn, pg_last_wal_replay_lsn())::bigint"

_SECONDS_BETWEEN_LOOKS = 0.5
_SECONDS_AWAY = 30.0


class Replica:
    """A read-only copy of the database that follows it.

    It is asked nothing until it has replayed what this process has written,
    and what anybody had written when this object was made.

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
        self._engine = open_engine(dsn)
        self._lock = threading.Lock()
        self._writes = 1
        self._replayed = 0
        self._look_again = 0.0

    def __reduce__(self) -> tuple[type[Replica], tuple[str]]:
        return (type(self), (self.dsn,))

    def close(self) -> None:
        """Let go of its connections."""
        self._engine.dispose()

    def note_write(self) -> None:
        """Say that something was written, or may have been, which reads from now on must see."""
        with self._lock:
            self._writes += 1
            # It never has it at once: the primary answers meanwhile, without a question in between.
            self._look_again = time.monotonic() + _SECONDS_BETWEEN_LOOKS

    def ready(self, primary: Engine) -> Engine | None:
        """Give what to read from; `None` while only the primary will do.

        Where nothing was written since the last time it asks nobody.
        """
        writes = self._writes
        if self._replayed == writes:
            return self._engine
        with self._lock:
            if time.monotonic() < self._look_again:
                return None
            self._look_again = time.monotonic() + _SECONDS_BETWEEN_LOOKS
        if not self._has_replayed(primary):
            return None
        # Another thread's write since then isn't among what it has replayed.
        self._replayed = writes
        return self._engine if self._writes == writes else None

    def failed(self, error: Exception) -> None:
        """Say that a read failed there; for a while it is left alone if it couldn't be reached."""
        if isinstance(error, DatabaseUnavailableError):
            _log.warning("the replica %s can't be reached: reads go to the primary", hidden(self.dsn))
            with self._lock:
                self._replayed = 0
                self._look_again = time.monotonic() + _SECONDS_AWAY

    def describe(self, primary: Engine) -> str:
        """Say in a line how it does."""
        name = hidden(self.dsn)
        try:
            with primary.connect() as connection:
                written = connection.exec_driver_sql(_WRITTEN).scalar_one()
            with self._engine.connect() as connection:
                follows, lag = connection.exec_driver_sql(_LAG, (written,)).one()
        except DBAPIError:
            return f"{name} can't be reached: reads go to the primary"
        if not follows:
            return f"{name} is no replica, or none any more: reads go to the primary"
        return f"{name} is {max(lag, 0)} bytes behind"

    def _has_replayed(self, primary: Engine) -> bool:
        """Whether it has all that was written by now."""
        with primary.connect() as connection:
            written = connection.exec_driver_sql(_WRITTEN).scalar_one()
        try:
            with self._engine.connect() as connection:
                return bool(connection.exec_driver_sql(_REPLAYED, (written,)).scalar_one())
        except DBAPIError as error:
            self.failed(DatabaseUnavailableError(str(error.orig)))
            return False

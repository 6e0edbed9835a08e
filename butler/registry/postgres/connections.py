"""Connections to one database: a few a process, kept while it lasts, safe in threads and after fork."""

from __future__ import annotations

import os
import select
import socket
import threading
import time
import weakref
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from butler.errors import ConfigError, DatabaseUnavailableError
from butler.registry.postgres.serving import ask

__all__ = ["Connections", "is_over", "settings_beside"]

_SETTINGS = {
    # It tells the host too, which a pooler hands on; PostgreSQL cuts it there.
    "fallback_application_name": f"butler@{socket.gethostname()}"[:63],
    "connect_timeout": 10,
    # A host that vanished without a word is noticed within a minute or so, not after two hours.
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}
"""What a DSN may say otherwise."""

_MOST = 20
_KEPT = 5
_SECONDS_TO_WAIT = 30.0
_SECONDS_TO_LAST = 1800.0

_all: weakref.WeakSet[Connections] = weakref.WeakSet()


class Connections:
    """Connections to one database, each of which commits every statement by itself.

    Nothing is connected before it is needed, and no state is left in a
    session, so that a pooler in transaction mode may stand between.

    Parameters
    ----------
    dsn : `str`
        ``postgresql://…``; what it leaves out comes from the environment, the
        service file and the password file, as with every PostgreSQL program.

    Raises
    ------
    ConfigError
        If it isn't a PostgreSQL URL. The message never shows its password.

    Notes
    -----
    SQLAlchemy's pool would do, but takes longer to import than all else that
    opens a repository.
    """

    def __init__(self, dsn: str) -> None:
        self.revision: str | None = None
        """Of the schema, once it was asked for; each new connection asks again."""
        self._url, self._settings = _url_and_settings(dsn)
        self._renew()
        _all.add(self)

    @contextmanager
    def lent(self) -> Iterator[Any]:
        """Lend a `psycopg2.extensions.connection` for the duration of a block.

        It is kept afterwards, unless it was closed or left in a transaction.

        Raises
        ------
        DatabaseUnavailableError
            If all that there may be are lent for longer than half a minute.
        psycopg2.OperationalError
            If the server can't be reached.
        """
        idle, free = self._idle, self._free
        if not free.acquire(timeout=_SECONDS_TO_WAIT):
            raise DatabaseUnavailableError(
                f"all {_MOST} connections to the database have been in use for {_SECONDS_TO_WAIT:.0f} s",
                hint="Use fewer threads, or a process each.",
            )
        try:
            connection, born = self._taken(idle)
            try:
                yield connection
            except Exception:
                raise
            except BaseException:  # its answer may still be on the way
                connection.close()
                raise
            finally:
                self._give_back(idle, connection, born)
        finally:
            free.release()

    def close(self) -> None:
        """Close those that nobody uses."""
        with suppress(IndexError):  # none is left, or another thread was faster
            while True:
                self._idle.pop()[0].close()

    def _taken(self, idle: deque[tuple[Any, float]]) -> tuple[Any, float]:
        while idle:
            try:
                connection, born = idle.pop()
            except IndexError:  # another thread was faster
                break
            if not is_over(connection) and time.monotonic() - born < _SECONDS_TO_LAST:
                return connection, born
            connection.close()
        return self._connect(), time.monotonic()

    def _give_back(self, idle: deque[tuple[Any, float]], connection: Any, born: float) -> None:
        from psycopg2.extensions import TRANSACTION_STATUS_IDLE

        if connection.closed:
            return
        if len(idle) >= _KEPT or connection.info.transaction_status != TRANSACTION_STATUS_IDLE:
            connection.close()
        else:
            idle.append((connection, born))

    def _connect(self) -> Any:
        import psycopg2
        from psycopg2.extras import register_uuid

        connection = psycopg2.connect(self._url, **self._settings)
        connection.autocommit = True
        register_uuid(conn_or_curs=connection)  # type: ignore[no-untyped-call]
        if self.revision is not None:
            try:
                self.revision = ask(connection, "butler")
            except BaseException:
                connection.close()
                raise
        return connection

    def _renew(self) -> None:
        """Leave a parent's connections and locks to it: two processes on one would mix their answers."""
        self._idle: deque[tuple[Any, float]] = deque()
        self._free = threading.BoundedSemaphore(_MOST)


def is_over(connection: Any) -> bool:
    """Whether the server has ended a connection while it was idle.

    The server says nothing unasked, but that it is going: what can be read
    from an idle connection is its end. That asks the kernel, not the server.
    """
    if connection.closed:
        return True
    waiting = select.poll()
    waiting.register(connection.fileno(), select.POLLIN)
    return bool(waiting.poll(0))


def settings_beside(given: Iterable[str]) -> dict[str, Any]:
    """Give what to connect with beside what a DSN, by these names, and the environment say."""
    said = {*given, *(["connect_timeout"] if "PGCONNECT_TIMEOUT" in os.environ else [])}
    return {name: value for name, value in _SETTINGS.items() if name not in said}


def _url_and_settings(dsn: str) -> tuple[str, dict[str, Any]]:
    from psycopg2 import ProgrammingError
    from psycopg2.extensions import parse_dsn

    hint = "Write postgresql://user@host:port/database."
    scheme, colon, rest = dsn.partition("://")
    if not colon:
        raise ConfigError("the database's DSN is not a URL", hint=hint)
    if scheme.partition("+")[0] not in ("postgresql", "postgres"):
        raise ConfigError(f"the database's DSN is of {scheme!r}, not of PostgreSQL", hint=hint)
    url = f"postgresql://{rest}"
    try:
        given = parse_dsn(url)
        for port in given.get("port", "").split(","):
            int(port or 0)
    except (ProgrammingError, ValueError):
        raise ConfigError("the database's DSN is not a URL that PostgreSQL understands", hint=hint) from None
    if "@" in given.get("host", ""):
        raise ConfigError(
            "the database's DSN has more than one '@' before its host",
            hint="Write those of a user or password as %40, and '/' as %2F.",
        )
    return url, settings_beside(given)


def _forget_connections() -> None:
    for connections in list(_all):
        connections._renew()


os.register_at_fork(after_in_child=_forget_connections)

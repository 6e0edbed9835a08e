"""SQLAlchemy's engines: a small pool each, safe in threads and after fork."""

from __future__ import annotations

import os
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url

from butler.dsn import SECRETS
from butler.errors import ConfigError
from butler.registry.postgres.connections import is_over, settings_beside

__all__ = ["one_transaction", "open_engine"]

_engines: weakref.WeakSet[Engine] = weakref.WeakSet()


def open_engine(dsn: str) -> Engine:
    """Make an engine whose connections commit each statement by itself.

    Nothing is connected yet. No state is left in a session, so that a pooler
    in transaction mode may stand between.

    Parameters
    ----------
    dsn : `str`
        As for `~butler.registry.postgres.connections.Connections`.

    Raises
    ------
    ConfigError
        If it isn't a PostgreSQL URL. The message never shows its password.
    """
    try:
        url = make_url(dsn)
    except Exception:  # its own text may quote the DSN
        raise ConfigError(
            "the database's DSN is not a URL", hint="Write postgresql://user@host:port/database."
        ) from None
    if url.get_backend_name() not in ("postgresql", "postgres"):
        raise ConfigError(
            f"the database's DSN is of {url.get_backend_name()!r}, not of PostgreSQL",
            hint="Write postgresql://user@host:port/database.",
        )
    # An engine shows its URL, of which it hides the user's password alone.
    secrets = {name: value for name, value in url.query.items() if name in SECRETS}
    engine = create_engine(
        url.set(drivername="postgresql+psycopg2").difference_update_query(secrets),
        isolation_level="AUTOCOMMIT",
        pool_size=5,
        max_overflow=15,
        pool_reset_on_return=None,
        pool_recycle=1800,
        use_native_hstore=False,
        connect_args={**settings_beside(url.query), **secrets},
    )
    event.listen(engine, "checkout", _refuse_a_lost_connection)
    _engines.add(engine)
    return engine


def _refuse_a_lost_connection(driver: Any, _record: Any, _proxy: Any) -> None:
    """Let the pool make a new connection for one that the server ended while it was idle."""
    from sqlalchemy.exc import DisconnectionError

    if is_over(driver):
        raise DisconnectionError


@contextmanager
def one_transaction(dsn: str) -> Iterator[Connection]:
    """Connect for one transaction: committed at the end, rolled back if the block raises."""
    engine = open_engine(dsn)
    try:
        with engine.connect() as connection:
            connection.execution_options(isolation_level="READ COMMITTED")
            with connection.begin():
                yield connection
    finally:
        engine.dispose()


def _forget_connections() -> None:
    """Leave the parent's connections to the parent: two processes on one would mix their answers."""
    for engine in list(_engines):
        engine.dispose(close=False)


os.register_at_fork(after_in_child=_forget_connections)

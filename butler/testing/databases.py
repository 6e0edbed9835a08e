"""Databases of a throw-away server, by pytest-postgresql: a template with our schema, and copies of it."""

from __future__ import annotations

import os
import secrets
import shlex
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from psycopg import sql
from pytest_postgresql.janitor import DatabaseJanitor

from butler.testing.postgres import TemporaryServer

if TYPE_CHECKING:
    import psycopg2.extensions

__all__ = ["Database", "copied", "fresh_database", "load_schema", "make_template"]

UPGRADE = "BUTLER_TEST_UPGRADE"


def load_schema(*, host: str, port: int, user: str, dbname: str, **_: Any) -> None:
    """Make our roles, which may log in, and the schema at its newest revision.

    A ``load=`` of pytest-postgresql. What the environment's
    ``BUTLER_TEST_UPGRADE`` names, a command, is given the owner's DSN then:
    a later version of Butler, on whose schema this one is to be tested.

    Parameters
    ----------
    host, port, user, dbname : of the database
        It is empty, and the user is a superuser.
    """
    from butler.registry.postgres.engine import one_transaction
    from butler.schema.login_roles import set_anew
    from butler.schema.migrations import initialise, upgrade

    def dsn(role: str) -> str:
        return f"postgresql://{role}@/{dbname}?host={host}&port={port}"

    with one_transaction(dsn(user)) as connection:
        initialise(connection)
        set_anew(connection)
    with one_transaction(dsn("butler_owner")) as connection:
        upgrade(connection)
    if further := os.environ.get(UPGRADE):
        subprocess.run([*shlex.split(further), dsn("butler_owner")], check=True)


def make_template(server: TemporaryServer, load: Callable[..., None] = load_schema) -> str:
    """Make a database to be copied, on a server of somebody's own.

    The fixture ``butler_template`` has done it for the server of the run.

    Parameters
    ----------
    server : `~butler.testing.postgres.TemporaryServer`
        Where.
    load : callable
        What fills it, as pytest-postgresql's ``load=``.

    Returns
    -------
    name : `str`
        Of the database.
    """
    janitor = DatabaseJanitor(**_address(server), dbname=f"template_{secrets.token_hex(6)}", as_template=True)
    janitor.init()
    janitor.load(load)
    return janitor.dbname


@dataclass
class Database:
    """A database of a test's own, with our schema.

    Parameters
    ----------
    server : `~butler.testing.postgres.TemporaryServer`
        Where it is.
    name : `str`
        What it is called there.
    """

    server: TemporaryServer
    name: str
    _open: list[psycopg2.extensions.connection] = field(default_factory=list, init=False, repr=False)

    def dsn(self, role: str) -> str:
        """Give a connection string, for libpq and SQLAlchemy alike.

        Parameters
        ----------
        role : `str`
            ``owner``, ``writer``, ``reader`` or ``superuser``.
        """
        return self.server.dsn(self.name, self.server.user if role == "superuser" else f"butler_{role}")

    def connect(self, role: str) -> psycopg2.extensions.connection:
        """Give a plain connection in autocommit mode; it is closed with the test.

        Parameters
        ----------
        role : `str`
            As for `dsn`.
        """
        import psycopg2

        connection = psycopg2.connect(self.dsn(role))
        connection.autocommit = True
        self._open.append(connection)
        return connection

    def close(self) -> None:
        """Close the connections that `connect` gave."""
        while self._open:
            self._open.pop().close()


@contextmanager
def copied(server: TemporaryServer, template: str) -> Iterator[Database]:
    """Make a copy of any database, about 30 ms, and drop it in the end, whoever is connected to it.

    Parameters
    ----------
    server : `~butler.testing.postgres.TemporaryServer`
        Where.
    template : `str`
        A database to which nobody is connected.

    Yields
    ------
    database : `Database`
        Whose connections are closed in the end. Settings and privileges of
        a database aren't part of its copy.
    """
    name = f"copy_{secrets.token_hex(6)}"
    with _CopyJanitor(**_address(server), dbname=name, template_dbname=template):
        database = Database(server, name)
        try:
            yield database
        finally:
            database.close()


class _CopyJanitor(DatabaseJanitor):
    """Copies file by file, which takes a third less than block by block through the log."""

    def init(self) -> None:
        assert self.template_dbname is not None
        names = map(sql.Identifier, (self.dbname, self.template_dbname))
        with self.cursor() as cursor:
            cursor.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY").format(*names))


def _address(server: TemporaryServer) -> dict[str, Any]:
    return {"host": server.host, "port": server.port, "user": server.user}


@contextmanager
def fresh_database(server: TemporaryServer, template: str) -> Iterator[Database]:
    """Make a copy of a database with our schema, with the settings and privileges of an installation.

    Parameters
    ----------
    server, template : as for `copied`
        Which, and on which server.

    Yields
    ------
    database : `Database`
        As of `copied`.
    """
    import psycopg2

    from butler.schema.migrations import administrator_script

    with copied(server, template) as database:
        connection = psycopg2.connect(database.dsn("superuser"))
        connection.autocommit = True
        connection.cursor().execute(administrator_script())
        connection.close()
        yield database

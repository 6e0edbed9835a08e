"""The plug-in's fixtures under short names, and what only our own tests need."""

from __future__ import annotations

import os
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg2.extensions
import pytest
from db.world import world_noproc
from pytest_postgresql.janitor import DatabaseJanitor
from sending import noting_statements

from butler import Butler
from butler.testing.databases import Database
from butler.testing.postgres import TemporaryServer, fast_folder

__all__ = ["world_noproc"]

pytest_plugins = ["pytester"]

# What tests write is flushed as for anybody: in memory that takes no time.
os.environ["TMPDIR"] = tempfile.tempdir = fast_folder(room=2**32)

# Whoever runs the suite in a script's background has it ignore interrupts, and with it what tests interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

LONGEST = (
    "demo",
    "docs",
    "faults",
    "api/test_nights_at_once.py",
    "embedded",
    "backup",
    "servers",
    "packaging",
)
"""Begun first, so that in the end no process has one of these while the others have nothing left."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    def rank(item: pytest.Item) -> int:
        path = item.path.relative_to(Path(__file__).parent).as_posix()
        return next((n for n, name in enumerate(LONGEST) if path.startswith(name)), len(LONGEST))

    items.sort(key=rank)


@pytest.fixture
def empty_database(butler_server: TemporaryServer) -> Iterator[Database]:
    """A database with nothing in it, not even our extensions."""
    server = butler_server
    with DatabaseJanitor(host=server.host, port=server.port, user=server.user, dbname="empty"):
        database = Database(server, "empty")
        yield database
        database.close()


@pytest.fixture
def database(butler_database: Database) -> Database:
    return butler_database


@pytest.fixture
def writer(database: Database) -> psycopg2.extensions.connection:
    return database.connect("writer")


@pytest.fixture
def reader(database: Database) -> psycopg2.extensions.connection:
    return database.connect("reader")


@pytest.fixture
def owner(database: Database) -> psycopg2.extensions.connection:
    return database.connect("owner")


@pytest.fixture
def repo(butler_repository: Path) -> Path:
    return butler_repository


@pytest.fixture
def butler(repo: Path) -> Iterator[Butler]:
    """The plug-in's, but in whatever `repo` a folder of tests has."""
    with Butler(repo, run="u/me/first") as butler:
        yield butler


@pytest.fixture
def statements() -> Iterator[list[str]]:
    """The statements that are sent while the test runs."""
    sent: list[str] = []
    with noting_statements(lambda _host, statement: sent.append(statement)):
        yield sent


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The folder of real input, which isn't part of the project."""
    named = os.environ.get("BUTLER_TEST_DATA")
    folder = Path(named) if named else Path(__file__).parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"no real input at {folder}; name its folder by BUTLER_TEST_DATA")
    return folder

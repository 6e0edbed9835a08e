"""The plug-in's fixtures under short names, and what only our own tests need."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import psycopg2.extensions
import pytest
from db.world import world_noproc
from sending import noting_statements

from butler import Butler
from butler.testing.databases import Database, copied
from butler.testing.postgres import TemporaryServer

__all__ = ["world_noproc"]

pytest_plugins = ["pytester"]


@pytest.fixture
def empty_database(butler_server: TemporaryServer) -> Iterator[Database]:
    """A database with nothing in it, not even our extensions."""
    with copied(butler_server, "template1") as name:
        database = Database(butler_server, name)
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

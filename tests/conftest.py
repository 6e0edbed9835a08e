"""One throw-away server a test process, a template database, and a clone of it for each test that asks."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg2
import psycopg2.extensions
import pytest
from databases import Database, run_as
from sending import noting_statements

from butler import Butler
from butler.config import RepositoryConfig
from butler.schema.install import run_sql
from butler.schema.migrations import initialise, upgrade
from butler.schema.objects import sql_root
from butler.testing.cluster import TestCluster

TEMPLATE = "butler_template"


@pytest.fixture(scope="session")
def server() -> Iterator[TestCluster]:
    with TestCluster() as cluster:
        yield cluster


def login_roles(connection: object) -> None:
    run_sql(connection, (sql_root() / "login_roles.sql").read_text(encoding="utf-8"))  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def template(server: TestCluster, make_template: Callable[[TestCluster], str]) -> str:
    """A database at the newest revision, to be cloned."""
    return make_template(server)


@pytest.fixture(scope="session")
def make_template() -> Callable[[TestCluster], str]:
    """What makes it, for tests that crash a server and so need one of their own."""
    return _make_template


def _make_template(server: TestCluster) -> str:
    run_as_superuser = server.dsn("postgres")
    connection = psycopg2.connect(run_as_superuser)
    connection.autocommit = True
    connection.cursor().execute(f"CREATE DATABASE {TEMPLATE}")
    connection.close()
    run_as(server.dsn(TEMPLATE), initialise, login_roles)
    run_as(server.dsn(TEMPLATE, "butler_owner"), upgrade)
    return TEMPLATE


@pytest.fixture
def empty_database(server: TestCluster) -> Iterator[Database]:
    """A database with nothing in it, not even our extensions."""
    with server.clone("template1") as name:
        database = Database(server, name)
        yield database
        database.close()


@pytest.fixture
def database(server: TestCluster, template: str) -> Iterator[Database]:
    """A database with our schema and nothing registered."""
    with server.clone(template) as name:
        database = Database(server, name)
        # Settings and privileges of a database aren't part of its copy.
        run_as(database.dsn("superuser"), initialise)
        yield database
        database.close()


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
def repo(database: Database, tmp_path: Path) -> Path:
    """A repository over the test's database, with its files under the test's folder."""
    folder = tmp_path / "repo"
    folder.mkdir()
    dsns = {role: database.dsn(role) for role in ("owner", "writer", "reader")}
    RepositoryConfig(folder, dsns).write()
    with Butler(folder) as butler:
        butler.registry.definitions.register_datastore(butler.datastore.name, butler.datastore.root)
    return folder


@pytest.fixture
def butler(repo: Path) -> Iterator[Butler]:
    """A Butler in that repository, with run ``u/me/first``."""
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

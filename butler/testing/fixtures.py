"""Fixtures of the plug-in: a server a process, a template database, and a repository for each test that asks.

A test of a plug-in needs one line::

    def test_pairs_come_back_as_they_were(butler):
        butler.registry.definitions.register_dataset_type(DatasetType("pair", "Stereo", ("label",)))
        …

The server is made when the first test asks for it, one a process: with
pytest-xdist, each worker has its own. Its binaries are found where
`butler.embedded.programs` finds them. It ends with the run, however that ends.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pytest_postgresql.factories import postgresql_noproc

if TYPE_CHECKING:
    from pytest_postgresql.executors import NoopExecutor

    from butler import Butler
    from butler.testing.databases import Database
    from butler.testing.postgres import TemporaryServer

__all__ = [
    "butler",
    "butler_database",
    "butler_noproc",
    "butler_repository",
    "butler_server",
    "butler_template",
]


@pytest.fixture(scope="session")
def butler_server() -> Iterator[TemporaryServer]:
    """A throw-away PostgreSQL + PostGIS server of this process's own.

    Yields
    ------
    server : `~butler.testing.postgres.TemporaryServer`
        It runs.

    Raises
    ------
    DatabaseUnavailableError
        If PostgreSQL with PostGIS isn't installed; the hint says how.
    """
    from butler.testing.postgres import TemporaryServer

    with TemporaryServer() as server:
        yield server


butler_noproc = postgresql_noproc(
    dbname="butler", depends_on="butler_server", load=["butler.testing.databases:load_schema"]
)
"""The server as pytest-postgresql has it, with our schema in its template database.

What a template with more in it depends on::

    survey_noproc = postgresql_noproc(dbname="survey", depends_on="butler_noproc", load=[fill])
"""


@pytest.fixture(scope="session")
def butler_template(butler_noproc: NoopExecutor) -> str:
    """Name of the database that `butler_database` copies; override it to begin with more.

    Returns
    -------
    name : `str`
        A database of `butler_server` to which nobody is connected.
    """
    return butler_noproc.template_dbname


@pytest.fixture
def butler_database(butler_server: TemporaryServer, butler_template: str) -> Iterator[Database]:
    """A database of the test's own, with our schema and nothing registered.

    Yields
    ------
    database : `~butler.testing.databases.Database`
        It is dropped in the end, whoever is connected to it.
    """
    from butler.testing.databases import fresh_database

    with fresh_database(butler_server, butler_template) as database:
        yield database


@pytest.fixture
def butler_repository(butler_database: Database, tmp_path: Path) -> Path:
    """A repository over `butler_database`, with its files beside ``butler.yaml``.

    Returns
    -------
    repo : `pathlib.Path`
        Its folder, ``repo`` in the test's ``tmp_path``.
    """
    from butler import Butler
    from butler.config import RepositoryConfig
    from butler.roots import add_datastore

    folder = tmp_path / "repo"
    folder.mkdir()
    dsns = {role: butler_database.dsn(role) for role in ("owner", "writer", "reader")}
    RepositoryConfig(folder, dsns).write()
    with Butler(folder) as butler:
        add_datastore(butler.registry, butler.datastore)
    return folder


@pytest.fixture
def butler(butler_repository: Path) -> Iterator[Butler]:
    """A Butler in `butler_repository`, as a writer, with run ``u/me/first``.

    Yields
    ------
    butler : `~butler.Butler`
        It is closed in the end.
    """
    from butler import Butler

    with Butler(butler_repository, run="u/me/first") as butler:
        yield butler

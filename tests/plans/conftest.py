from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg2
import pytest
from databases import Database, run_as
from sqlalchemy.engine import Connection

from butler.schema.install import create_layer
from butler.schema.migrations import initialise
from butler.testing.cluster import TestCluster
from plans.watch import Watched

SURVEY = "butler_plans"
LAYER = "mydb_alice"


@pytest.fixture(scope="package")
def template(server: TestCluster, template: str) -> str:
    """The survey, with a layer over it that has a run of its own."""
    connection = psycopg2.connect(server.dsn("postgres"))
    connection.autocommit = True
    connection.cursor().execute(f"CREATE DATABASE {SURVEY} TEMPLATE {template} STRATEGY FILE_COPY")
    connection.close()

    def make_layer(owner: Connection) -> None:
        create_layer(owner, LAYER, "butler")

    run_as(server.dsn(SURVEY), initialise)
    run_as(server.dsn(SURVEY, "butler_owner"), make_layer)
    connection = psycopg2.connect(server.dsn(SURVEY))
    connection.autocommit = True
    cursor = connection.cursor()
    cursor.execute((Path(__file__).parent / "survey.sql").read_text(encoding="utf-8"))
    cursor.execute(f"SELECT {LAYER}.register_collection('mine', 'run')")
    connection.close()
    return SURVEY


@pytest.fixture
def watched(database: Database) -> Iterator[Callable[[str], Watched]]:
    """What opens a session as a writer whose plans are seen, for the name of a registry."""

    def connect(registry: str, role: str = "butler_writer") -> Watched:
        session = Watched(database.connect("superuser"), role)
        session.rows(f"SET search_path = {registry}, public")
        return session

    return connect

"""A server that exists: somebody else's, whose administrator does what a script says and no more."""

from __future__ import annotations

import secrets
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg2
import pytest
from cli.conftest import Command

from butler.cluster.programs import find_programs
from butler.testing.cluster import TestCluster


class Administrator:
    """Whoever runs the server: its superuser, with psql."""

    def __init__(self, server: TestCluster) -> None:
        self.server = server

    def sql(self, *statements: str, database: str = "postgres") -> list[tuple[object, ...]]:
        connection = psycopg2.connect(self.server.dsn(database))
        connection.autocommit = True
        try:
            cursor = connection.cursor()
            for statement in statements:
                cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()

    def psql(self, script: str, database: str) -> None:
        done = subprocess.run(
            [find_programs().folder / "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", self.server.dsn(database)],
            input=script,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def server() -> Iterator[TestCluster]:
    """A server of the module's own: roles belong to a whole server."""
    with TestCluster() as cluster:
        yield cluster


@pytest.fixture(scope="module")
def administrator(server: TestCluster) -> Administrator:
    return Administrator(server)


@pytest.fixture
def make_database(administrator: Administrator) -> Iterator[Callable[..., str]]:
    """Make a database for a login, as its owner; both go with the test, and so do roles of a prefix."""
    made: list[tuple[str, str]] = []

    def make(prefix: str, *options: str, database_options: str = "") -> str:
        database, login = f"{prefix}_{secrets.token_hex(3)}", f"{prefix}_admin"
        administrator.sql(
            f"CREATE ROLE {login} LOGIN {' '.join(options)}",
            f"CREATE DATABASE {database} OWNER {login} {database_options}",
        )
        made.append((prefix, database))
        return database

    yield make
    for _, database in made:
        administrator.sql(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)")
    for prefix, _ in made:
        for (role,) in administrator.sql(f"SELECT rolname FROM pg_roles WHERE rolname LIKE '{prefix}\\_%'"):
            administrator.sql(f"DROP ROLE {role}")


@pytest.fixture
def command(tmp_path: Path) -> Command:
    return Command(tmp_path / "repo")

"""A layer is a registry like any other, and the base under it stays empty."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg2
import pytest
from sqlalchemy import NullPool, create_engine

from butler.registry.postgres import PostgresRegistry
from butler.schema.install import create_proxy
from butler.schema.migrations import initialise
from butler.testing.registry import RegistryTests

LAYERED = "butler_empty_layer"


@pytest.fixture(scope="module")
def template(server: Any, template: str) -> str:
    """The empty database with an empty layer over it."""
    administrator = psycopg2.connect(server.dsn("postgres"))
    administrator.autocommit = True
    administrator.cursor().execute(f"CREATE DATABASE {LAYERED} TEMPLATE {template} STRATEGY FILE_COPY")
    administrator.close()
    for role, step in (
        ("postgres", initialise),
        ("butler_owner", lambda c: create_proxy(c, "mydb", "butler")),
    ):
        dsn = server.dsn(LAYERED, role).replace("postgresql://", "postgresql+psycopg2://")
        with create_engine(dsn, poolclass=NullPool).begin() as connection:
            step(connection)
    return LAYERED


class TestLayer(RegistryTests):
    @pytest.fixture
    def registry(self, database: Any) -> Iterator[PostgresRegistry]:
        registry = PostgresRegistry(database.dsn("writer"), "mydb")
        yield registry
        registry.close()
        base = PostgresRegistry(database.dsn("writer"))
        assert base.collections.matching() == []
        assert base.definitions.cameras() == []
        assert base.query("SELECT count(*) FROM dataset").scalar() == 0
        base.close()

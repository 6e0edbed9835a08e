"""A layer is a registry like any other, and the base under it stays empty."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg2.extensions
import pytest
from marking import age_marks

from butler.registry import Registry
from butler.registry.postgres import PostgresRegistry
from butler.registry.postgres.engine import one_transaction
from butler.schema.install import create_layer
from butler.testing.databases import fresh_database
from butler.testing.postgres import TemporaryServer
from butler.testing.registry import RegistryTests


@pytest.fixture(scope="module")
def butler_template(butler_server: TemporaryServer, butler_template: str) -> Iterator[str]:
    """The empty database with an empty layer over it."""
    with fresh_database(butler_server, butler_template) as layered:
        with one_transaction(layered.dsn("owner")) as connection:
            create_layer(connection, "mydb", "butler")
        yield layered.name


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

    @pytest.fixture
    def aged(self, observatory: Registry, owner: psycopg2.extensions.connection) -> Registry:
        age_marks(owner, "mydb")
        return observatory

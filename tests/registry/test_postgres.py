"""The PostgreSQL registry, by the suite that any registry must pass."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from butler.errors import ConfigError, DatabaseUnavailableError, PermissionDeniedError, SchemaVersionError
from butler.registry.postgres import PostgresRegistry
from butler.testing.registry import RegistryTests
from butler.values import DataId, DatasetType


class TestBase(RegistryTests):
    @pytest.fixture
    def registry(self, database: Any) -> Iterator[PostgresRegistry]:
        registry = PostgresRegistry(database.dsn("writer"))
        yield registry
        registry.close()


@pytest.fixture
def registry(database: Any) -> Iterator[PostgresRegistry]:
    registry = PostgresRegistry(database.dsn("writer"))
    registry.register_camera({"camera": "Cam", "sensors": [{"sensor": 1}]})
    registry.register_dataset_type(DatasetType("bias", "Dict", ("sensor",)))
    registry.register_datastore("store", "file:///data/")
    registry.register_collection("run", "run")
    registry.register_collection("tag", "tagged")
    registry.register_collection("chain", "chained")
    yield registry
    registry.close()


def test_each_operation_is_one_statement(registry: PostgresRegistry, statements: list[str]) -> None:
    data_id = DataId(camera="Cam", sensor=1)
    operations = [
        lambda: registry.register_collection("new", "run"),
        lambda: registry.register_dataset_type(DatasetType("new", "Dict", ())),
        lambda: registry.find("bias", data_id, ["run", "tag", "chain"], required=False),
        lambda: list(registry.datasets("bias", ["run", "chain"], {})),
        lambda: registry.begin_put("run", "bias", [data_id], template="x", datastore="store"),
        lambda: registry.set_chain("chain", ["run", "tag"]),
        lambda: registry.associate("tag", []),
        lambda: registry.collections(),
        lambda: len(registry.query("SELECT 1")),
        lambda: registry.begin_quantum("run", "task", {}, [], "host"),
    ]
    registry.dataset_type("bias")
    for operation in operations:
        statements.clear()
        operation()
        assert len(statements) == 1, statements


def test_a_reader_s_registry_reads_and_is_refused_the_rest(database: Any, registry: PostgresRegistry) -> None:
    reader = PostgresRegistry(database.dsn("reader"))
    assert len(reader.collections()) == 3
    assert reader.find("bias", {"sensor": 1}, ["run"], required=False) is None
    for write in (
        lambda: reader.register_collection("x", "run"),
        lambda: reader.begin_put("run", "bias", [{"sensor": 1}], template="x", datastore="store"),
        lambda: reader.file_datasets("run", "bias", "store", []),
        lambda: reader.associate("tag", [uuid4()]),
    ):
        with pytest.raises(PermissionDeniedError):
            write()
    reader.close()


@pytest.mark.parametrize("dsn", ["", "nonsense", "mysql://x/y", "postgresql"])
def test_a_dsn_that_isn_t_one_is_refused(dsn: str) -> None:
    with pytest.raises(ConfigError):
        PostgresRegistry(dsn)


@pytest.mark.parametrize("schema", ["", "Butler", "a.b", "a; DROP", 'a"b', "x" * 55])
def test_a_schema_that_isn_t_one_is_refused(schema: str) -> None:
    with pytest.raises(ConfigError):
        PostgresRegistry("postgresql:///x", schema)


def test_a_password_is_never_shown() -> None:
    registry = PostgresRegistry("postgresql://me:secret-word@127.0.0.1:1/x")
    with pytest.raises(DatabaseUnavailableError, match="reached") as caught:
        registry.collections()
    assert "secret-word" not in str(caught.value)
    with pytest.raises(ConfigError) as refused:
        PostgresRegistry("mysql://me:secret-word@host/x")
    assert "secret-word" not in str(refused.value)


def test_a_database_of_another_revision_is_refused_with_both(
    database: Any, registry: PostgresRegistry
) -> None:
    registry.check_version()
    owner = database.connect("owner")
    for found, remedy in (("0000", "upgrade"), ("9999", "newer version")):
        owner.cursor().execute("UPDATE butler_common.alembic_version SET version_num = %s", (found,))
        with pytest.raises(SchemaVersionError, match=rf"{found}(?s:.*){remedy}"):
            registry.check_version()
    with pytest.raises(SchemaVersionError, match="'nobody'"):
        PostgresRegistry(database.dsn("writer"), "nobody").check_version()


def test_a_query_leaves_nothing_in_the_session(registry: PostgresRegistry) -> None:
    assert registry.query("SELECT current_setting('transaction_read_only')").scalar() == "on"
    assert registry.query("SELECT current_setting('search_path')").scalar() == "butler, public"
    registry.register_collection("after", "run")


def test_server_side_errors_say_what_they_are_and_keep_their_cause(registry: PostgresRegistry) -> None:
    from butler.errors import DatasetNotFoundError

    with pytest.raises(DatasetNotFoundError) as caught:
        registry.find("bias", {"sensor": 1}, ["run"])
    assert caught.value.__cause__ is not None
    assert caught.value.details["collections"] == ["run"]
    assert caught.value.details["data_id"] == {"sensor": 1}

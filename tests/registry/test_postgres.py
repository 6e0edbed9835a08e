"""The PostgreSQL registry, by the suite that any registry must pass."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import psycopg2.errors
import psycopg2.extensions
import pytest
from marking import age_marks

from butler.errors import (
    ButlerError,
    ConfigError,
    DatabaseUnavailableError,
    DatasetNotFoundError,
    PermissionDeniedError,
    SchemaVersionError,
)
from butler.registry import Registry
from butler.registry.interfaces.provenance import Process
from butler.registry.postgres import PostgresRegistry
from butler.testing.registry import RegistryTests
from butler.testing.registry.contents import artifact
from butler.testing.registry.fixtures import RegistryFixtures
from butler.values import (
    ArtifactFault,
    CollectionType,
    DataId,
    DatasetType,
    QuantumStatus,
    new_dataset_ids,
)


class TestBase(RegistryTests):
    @pytest.fixture
    def registry(self, database: Any) -> Iterator[PostgresRegistry]:
        registry = PostgresRegistry(database.dsn("writer"))
        yield registry
        registry.close()

    @pytest.fixture
    def aged(self, observatory: Registry, owner: psycopg2.extensions.connection) -> Registry:
        age_marks(owner)
        return observatory


@pytest.fixture
def registry(database: Any) -> Iterator[PostgresRegistry]:
    registry = PostgresRegistry(database.dsn("writer"))
    registry.definitions.register_camera({"camera": "Cam", "sensors": [{"sensor": 1}]})
    registry.definitions.register_dataset_type(DatasetType("bias", "Dict", ("sensor",)))
    registry.definitions.register_datastore("store", "file:///data/")
    registry.collections.register("run", CollectionType.RUN)
    registry.collections.register("tag", CollectionType.TAGGED)
    registry.collections.register("chain", CollectionType.CHAINED)
    yield registry
    registry.close()


HERE = Process("node7", 7)


# Statements ---------------------------------------------------------------------

ONE_STATEMENT: dict[str, Callable[[PostgresRegistry], Any]] = {
    "lookup.find": lambda r: r.lookup.find("bias", {"sensor": 1}, ["run", "tag", "chain"], required=False),
    "lookup.find_in_run": lambda r: r.lookup.find_in_run("run", "bias", [{"sensor": 1}] * 9),
    "lookup.datasets_at": lambda r: r.lookup.datasets_at("store", map(str, range(99))),
    "definitions.register_camera": lambda r: r.definitions.register_camera(
        {"camera": "Cam", "sensors": [{"sensor": 1}]}
    ),
    "definitions.register_skymap": lambda r: r.definitions.register_skymap({"skymap": "new", "tracts": []}),
    "definitions.register_units": lambda r: r.definitions.register_units(
        "label", [{"label": str(n)} for n in range(9)]
    ),
    "definitions.register_dataset_type": lambda r: r.definitions.register_dataset_type(
        DatasetType("new", "Dict", ())
    ),
    "definitions.register_datastore": lambda r: r.definitions.register_datastore("new", "file:///new/"),
    "definitions.dataset_type": lambda r: [r.definitions.dataset_type("bias") for _ in range(9)],
    "definitions.dataset_types": lambda r: r.definitions.dataset_types(),
    "definitions.cameras": lambda r: r.definitions.cameras(),
    "definitions.describe_cameras": lambda r: len(r.definitions.describe_cameras()),
    "definitions.describe_skymaps": lambda r: len(r.definitions.describe_skymaps()),
    "definitions.datastores": lambda r: r.definitions.datastores(),
    "collections.register": lambda r: r.collections.register("new", CollectionType.RUN),
    "collections.chain": lambda r: r.collections.chain("chain", ["run", "tag"]),
    "collections.freeze": lambda r: r.collections.freeze("chain"),
    "collections.associate": lambda r: r.collections.associate("tag", []),
    "collections.disassociate": lambda r: r.collections.disassociate("tag", []),
    "collections.matching": lambda r: r.collections.matching(),
    "collections.contents": lambda r: r.collections.contents("run"),
    "puts.open_run": lambda r: r.puts.open_run("run"),
    "puts.prepare": lambda r: r.puts.prepare("run", "bias", [{"sensor": 1}]),
    "puts.put": lambda r: r.puts.put("run", []),
    "puts.grace_period": lambda r: r.puts.grace_period(),
    "puts.now": lambda r: r.puts.now(),
    "queries.datasets": lambda r: list(r.queries.datasets("bias", ["run", "chain"], {})),
    "queries.uris": lambda r: len(r.queries.uris([uuid4(), uuid4()])),
    "queries.sql": lambda r: len(r.query("SELECT 1")),
    "removal.remove_collection": lambda r: r.removal.remove_collection("new"),
    "removal.record_of": lambda r: r.removal.record_of(uuid4()),
    "removal.restorable": lambda r: r.removal.restorable("run"),
    "removal.trash": lambda r: len(r.removal.trash()),
    "removal.due": lambda r: r.removal.due(),
    "removal.delay": lambda r: r.removal.delay(),
    "provenance.begin_quantum": lambda r: r.provenance.begin_quantum(uuid4(), "run", "task", {}, [], HERE),
    "provenance.running_quanta": lambda r: r.provenance.running_quanta(),
    "provenance.end_dead_quanta": lambda r: r.provenance.end_dead_quanta([uuid4()], "gone"),
    "layers.list": lambda r: len(r.layers.list()),
    "maintenance.mark_lost": lambda r: r.maintenance.mark_lost(
        "store", [(uuid4(), "", ArtifactFault.SIZE) for _ in range(9)]
    ),
    "maintenance.progress": lambda r: r.maintenance.progress("store"),
    "administration.summary": lambda r: r.administration.summary(),
    "administration.count_datasets": lambda r: r.administration.count_datasets("bias"),
    "administration.storage_use": lambda r: len(r.administration.storage_use()),
    "administration.datastores": lambda r: len(r.administration.datastores()),
}
"""What asks the database once, by port and method."""


def test_each_operation_is_one_statement(registry: PostgresRegistry, statements: list[str]) -> None:
    sent = {}
    registry.definitions.dataset_type("bias")
    for name, operation in ONE_STATEMENT.items():
        if name == "definitions.dataset_type":
            registry.definitions.__dict__["_dataset_types"].clear()
        statements.clear()
        operation(registry)
        sent[name] = len(statements)
    assert {name: number for name, number in sent.items() if number != 1} == {}


class TestArtifactsOfMany(RegistryFixtures):
    """However many datasets are listed, their artifacts come in one statement more."""

    @pytest.fixture
    def registry(self, database: Any) -> Iterator[Registry]:
        registry = PostgresRegistry(database.dsn("writer"))
        yield registry
        registry.close()

    @pytest.mark.parametrize("number", [1, 2, 900])
    def test_a_listing_and_its_artifacts_are_two_statements(
        self, observatory: Registry, statements: list[str], number: int
    ) -> None:
        labels = [{"label": f"{n:03}"} for n in range(number)]
        observatory.definitions.register_units("label", labels)
        observatory.definitions.register_dataset_type(DatasetType("note", "Text", ("label",)))
        ids = new_dataset_ids(number)
        rows = [(one, label, artifact(one.hex)) for one, label in zip(ids, labels, strict=True)]
        observatory.puts.register("r/one", "note", "store", rows)
        observatory.definitions.dataset_type("note")
        statements.clear()
        refs = list(observatory.queries.datasets("note", ["r/one"], {}).with_artifacts())
        assert len(statements) == 2
        assert [(ref.id, ref.artifacts) for ref in refs] == [(one, (a,)) for one, _, a in rows]
        statements.clear()
        assert observatory.lookup.with_artifacts(refs) == refs
        assert len(statements) == 1
        assert observatory.lookup.with_artifacts([]) == []
        assert len(statements) == 1

    def test_nothing_is_sent_before_a_listing_is_looked_at(
        self, observatory: Registry, statements: list[str]
    ) -> None:
        statements.clear()
        refs = observatory.queries.datasets("raw", ["r/one"], {})
        units = observatory.queries.uris([uuid4()])
        assert (repr(refs), repr(units)) == ("<DatasetRefs, not fetched yet>", "<Rows, not fetched yet>")
        assert statements == []


# Roles ---------------------------------------------------------------------------


def test_a_reader_s_registry_reads_and_is_refused_the_rest(database: Any, registry: PostgresRegistry) -> None:
    reader = PostgresRegistry(database.dsn("reader"))
    assert len(reader.collections.matching()) == 3
    assert reader.lookup.find("bias", {"sensor": 1}, ["run"], required=False) is None
    assert reader.lookup.find_in_run("run", "bias", [{"sensor": 1}]) == [
        (DataId(camera="Cam", sensor=1), None)
    ]
    assert reader.administration.summary()["cameras"] == 1
    assert list(reader.maintenance.stored_artifacts("store")) == []
    for write in (
        lambda: reader.collections.register("x", CollectionType.RUN),
        lambda: reader.definitions.register_camera({"camera": "New"}),
        lambda: reader.puts.open_run("new"),
        lambda: reader.puts.put("run", []),
        lambda: reader.puts.register("run", "bias", "store", []),
        lambda: reader.collections.associate("tag", [uuid4()]),
        lambda: reader.removal.remove([uuid4()]),
        lambda: reader.provenance.end_quantum(uuid4(), QuantumStatus.DONE, []),
        lambda: reader.maintenance.mark_lost("store", []),
    ):
        with pytest.raises(
            PermissionDeniedError, match=r"^role butler_reader may only read\n  Open the repository as a"
        ):
            write()
    reader.close()


# What it is given ------------------------------------------------------------------


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
    assert "secret-word" not in repr(registry)
    with pytest.raises(DatabaseUnavailableError, match="reached") as caught:
        registry.collections.matching()
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
        owner.cursor().execute("UPDATE butler_common.installation SET oldest_client = %s", (found,))
        with pytest.raises(SchemaVersionError, match=rf"{found}(?s:.*){remedy}"):
            registry.check_version()
    with pytest.raises(SchemaVersionError, match="'nobody'"):
        PostgresRegistry(database.dsn("writer"), "nobody").check_version()


def test_a_query_leaves_nothing_in_the_session(registry: PostgresRegistry) -> None:
    assert registry.query("SELECT current_setting('transaction_read_only')").scalar() == "on"
    assert registry.query("SELECT current_setting('search_path')").scalar() == "butler, public"
    registry.collections.register("after", CollectionType.RUN)


def test_what_the_database_refuses_is_told_without_the_text_of_its_functions(
    registry: PostgresRegistry,
) -> None:
    with pytest.raises(DatasetNotFoundError) as caught:
        registry.lookup.find("bias", {"sensor": 1}, ["run"])
    told = "".join(traceback.format_exception(caught.value))
    assert "psycopg2" not in told
    assert "PL/pgSQL" not in told
    assert "butler_internal" not in told
    assert caught.value.details["collections"] == ["run"]
    assert caught.value.details["data_id"] == {"sensor": 1}


def test_an_error_that_nobody_expects_keeps_its_cause(registry: PostgresRegistry) -> None:
    with pytest.raises(ButlerError) as caught:
        registry.query("SELECT 1 / 0").scalar()
    assert isinstance(caught.value.__cause__, psycopg2.errors.DivisionByZero)

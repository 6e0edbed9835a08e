"""What is stored is counted as it comes, changes and goes: always as much as reading everything would find."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

import psycopg2
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import NullPool, create_engine

from butler.schema.install import create_layer
from butler.schema.objects import read_objects, sql_root
from butler.values import new_dataset_ids
from db.counting import as_counted, as_it_is, misses
from db.session import Json, Session, refused
from db.world import dataset, put

LAYER = "mydb_ann"
RUNS = ("r/one", "r/two")
STORES = ("main", "second")
SOURCES = {
    obj.name: re.sub(r"^ *--.*$", "", obj.sql, flags=re.MULTILINE)
    for obj in read_objects(sql_root())
    if obj.object_type == "function"
}
INSERTS = r"\bINSERT INTO (?:butler_internal|%I|%1\$I)\.(dataset|artifact)\b"
CHANGES = r"\b(UPDATE|DELETE FROM) (?:butler_internal|%I|%1\$I)\.(dataset|artifact)\b"

ids = Bundle("datasets")
some = st.lists(ids, min_size=1, max_size=4, unique=True)
labels = st.lists(st.integers(1, 6), min_size=1, max_size=4, unique=True)


class Counting(RuleBasedStateMachine):
    """Does whatever changes a dataset or an artifact, in one transaction that is rolled back in the end."""

    datasets = ids

    def __init__(self, owner: Session, registry: str) -> None:
        super().__init__()
        self.owner = owner
        self.registry = registry
        owner.rows("BEGIN")

    def teardown(self) -> None:
        self.owner.rows("ROLLBACK")

    def do(self, sql: str, *parameters: Any) -> bool:
        """Run a statement with the registry's names; nothing of it stays if it is refused."""
        self.owner.rows("SAVEPOINT step")
        try:
            self.owner.rows(sql.format(self.registry, f"{self.registry}_internal"), *parameters)
        except psycopg2.Error as refusal:
            if not (refusal.pgcode or "").startswith(("UB", "23")):
                raise
            self.owner.rows("ROLLBACK TO step")
            return False
        return True

    def run(self, name: str) -> str:
        return name if self.registry == "butler" else f"u/ann/{name}"

    @rule(
        target=ids,
        run=st.sampled_from(RUNS),
        sensors=labels,
        components=st.sampled_from([("",), ("", "wcs"), ("image", "mask")]),
        stores=st.sampled_from([("main",), ("second",), STORES]),
        kind=st.sampled_from(["own", "own", "in place", "parts"]),
        dataset_type=st.sampled_from(["note", "reference"]),
    )
    def put(
        self,
        run: str,
        sensors: list[int],
        components: tuple[str, ...],
        stores: tuple[str, ...],
        kind: str,
        dataset_type: str,
    ) -> Any:
        made = new_dataset_ids(len(sensors))
        given = []
        for n, (sensor, dataset_id) in enumerate(zip(sensors, made, strict=True)):
            data_id = {"label": f"l{sensor}"} if dataset_type == "note" else {"sky_pixel": 30 + sensor}
            path = {
                "own": None,
                "in place": f"file:///archive/{sensor}",
                "parts": f"r/{made[0].hex}.fits#SCI,{n}",
            }[kind]
            one = dataset(dataset_type, data_id, *components, dataset_id=dataset_id, path=path)
            one["artifacts"] = [
                artifact
                | {"datastore": store, "size": 10 * sensor + len(artifact["component"])}
                | ({"path": f"{artifact['path']}{artifact['component']}"} if path else {})
                for artifact in one["artifacts"]
                for store in stores
            ]
            given.append(one)
        return multiple(*(made if self.do("SELECT {0}.put(%s, %s)", self.run(run), Json(given)) else ()))

    @rule(
        target=ids, run=st.sampled_from(RUNS), sensors=labels, place=st.sampled_from(["r/l", "file:///r/l"])
    )
    def load(self, run: str, sensors: list[int], place: str) -> Any:
        made = new_dataset_ids(len(sensors))
        done = (
            self.do("SELECT {0}.stage_datasets()")
            and self.do(
                "INSERT INTO pg_temp.butler_stage_dataset (row_number, dataset_id, label, path, component, formatter, size, sha256)"
                " SELECT n, i, 'l' || s, CASE WHEN s = 6 THEN %s ELSE %s END || s || c, c, 'f', 7, sha256('')"
                " FROM unnest(%s, %s::uuid[]) WITH ORDINALITY AS g (s, i, n) CROSS JOIN unnest('{{\"\",wcs}}'::text[]) AS c",
                "file:///x/",
                place,
                sensors,
                made,
            )
            and self.do("SELECT {0}.merge_datasets(%s, 'note', 'main', true)", self.run(run))
        )
        self.owner.rows("DROP TABLE IF EXISTS pg_temp.butler_stage_dataset")
        if not done:
            return multiple()
        registered = self.owner.column(
            f"SELECT dataset_id FROM {self.registry}_internal.dataset WHERE dataset_id = ANY (%s::uuid[])",
            made,
        )
        return multiple(*registered)

    @rule(chosen=some, verb=st.sampled_from(["unstore", "remove"]))
    def give_up(self, chosen: list[UUID], verb: str) -> None:
        self.do(f"SELECT {{0}}.{verb}(%s::uuid[], '', true, false)", chosen)

    @rule(chosen=some)
    def restore(self, chosen: list[UUID]) -> None:
        self.do("SELECT {0}.restore(%s::uuid[])", chosen)

    @rule(run=st.sampled_from(RUNS))
    def remove_run(self, run: str) -> None:
        if self.do("SELECT {0}.remove_collection(%s)", self.run(run)):
            self.do("SELECT {0}.register_collection(%s, 'run')", self.run(run))

    @rule(store=st.sampled_from(STORES), limit=st.integers(1, 3))
    def claim(self, store: str, limit: int) -> None:
        self.do("SELECT {0}.claim_trash(%s, '0', %s)", store, limit)

    @rule(store=st.sampled_from(STORES), chosen=some)
    def forget(self, store: str, chosen: list[UUID]) -> None:
        self.do("SELECT {0}.drop_trash(%s, %s::uuid[])", store, chosen)

    @rule(store=st.sampled_from(STORES), chosen=some, component=st.sampled_from(["", "wcs", "image"]))
    def lose(self, store: str, chosen: list[UUID], component: str) -> None:
        self.mark("mark_lost", store, chosen, component)

    @rule(store=st.sampled_from(STORES), chosen=some, component=st.sampled_from(["", "wcs", "image"]))
    def find(self, store: str, chosen: list[UUID], component: str) -> None:
        self.mark("mark_found", store, chosen, component)

    def mark(self, verb: str, store: str, chosen: list[UUID], component: str) -> None:
        recorded = self.owner.rows(
            "SELECT a.dataset_id, a.component, a.size, encode(a.sha256, 'hex')"
            f" FROM {self.registry}_internal.artifact AS a WHERE a.dataset_id = ANY (%s::uuid[]) AND a.component = %s",
            chosen,
            component,
        )
        given = [
            dict(zip(("dataset_id", "component", "size", "sha256"), (str(row[0]), *row[1:]), strict=True))
            | {"fault": "missing"}
            for row in recorded
        ]
        self.do(f"SELECT {{0}}.{verb}(%s, %s)", store, Json(given))

    @rule()
    def fold(self) -> None:
        self.do("SELECT {0}.fold_storage_use()")
        assert self.owner.rows(f"SELECT FROM {self.registry}_internal.storage_change") == []

    @rule()
    def recompute(self) -> None:
        assert self.owner.rows(f"SELECT {self.registry}.recompute_storage_use()") == [(0,)]

    @rule(
        chosen=some,
        statement=st.sampled_from(
            [
                "UPDATE {1}.artifact SET path = 'file:///moved/' || left(dataset_id::text, 8) || component",
                "UPDATE {1}.artifact SET size = size * 2",
                "UPDATE {1}.artifact SET path = 'r/all.fits#' || component || left(dataset_id::text, 8)",
                "UPDATE {1}.artifact SET state = 'deleting'",
                "UPDATE {1}.artifact SET component = component || 'x', datastore_id = datastore_id",
                "DELETE FROM {1}.artifact",
                "UPDATE {1}.dataset SET run_id = (SELECT max(run_id) FROM {1}.run)",
                "UPDATE {1}.dataset SET state = 'unstored', changed = now(), trashed = NULL",
                "UPDATE {1}.dataset SET state = 'removed', changed = now(), trashed = true",
                "UPDATE {1}.dataset SET state = 'present', trashed = NULL",
                "DELETE FROM {1}.dataset",
            ]
        ),
    )
    def change_by_hand(self, chosen: list[UUID], statement: str) -> None:
        self.do(f"{statement} WHERE dataset_id = ANY (%s::uuid[])", chosen)

    @rule(chosen=some, store=st.sampled_from(STORES))
    def insert_by_hand(self, chosen: list[UUID], store: str) -> None:
        self.do(
            "INSERT INTO {1}.artifact (dataset_id, datastore_id, component, path, formatter, size, sha256)"
            " SELECT d.dataset_id, s.datastore_id, c, 'r/{{}}_' || c, 'f', 5, sha256('')"
            " FROM {1}.dataset AS d CROSS JOIN {0}.datastore AS n JOIN {1}.all_datastore AS s USING (datastore)"
            " CROSS JOIN unnest('{{one,two}}'::text[]) AS c"
            " WHERE d.dataset_id = ANY (%s::uuid[]) AND s.datastore = %s",
            chosen,
            store,
        )

    @rule(target=ids, sensors=labels)
    def insert_both_by_hand(self, sensors: list[int]) -> Any:
        made = new_dataset_ids(len(sensors))
        done = self.do(
            "WITH made AS (INSERT INTO {1}.dataset (dataset_id, run_id, dataset_type_id, label, created)"
            " SELECT i, (SELECT min(run_id) FROM {1}.run), t.dataset_type_id, 'l' || s, clock_timestamp()"
            " FROM unnest(%s::uuid[], %s) AS g (i, s) JOIN {1}.all_dataset_type AS t ON t.dataset_type = 'note'"
            " RETURNING dataset_id)"
            " INSERT INTO {1}.artifact (dataset_id, datastore_id, path, formatter, size, sha256)"
            " SELECT dataset_id, (SELECT datastore_id FROM {1}.all_datastore WHERE datastore = 'main'), 'r/{{}}', 'f', 5, sha256('')"
            " FROM made",
            made,
            sensors,
        )
        return multiple(*(made if done else ()))

    @invariant()
    def what_is_counted_is_what_there_is(self) -> None:
        assert as_counted(self.owner, self.registry) == as_it_is(self.owner, self.registry)
        assert misses(self.owner, self.registry) == []


def prepare(owner: Session) -> None:
    owner.call("register_datastore", "second", "file:///second/")
    owner.call("register_units", "label", [{"label": f"l{n}"} for n in range(1, 7)])
    box = [[40.0, 40.0], [41.0, 40.0], [41.0, 41.0]]
    owner.call("register_units", "sky_pixel", [{"sky_pixel": 30 + n, "region": box} for n in range(1, 7)])


@pytest.fixture
def registry(request: pytest.FixtureRequest, database: Any, own: Session) -> str:
    """The base, or a layer over one that has something."""
    prepare(own)
    if request.param == "butler":
        return "butler"
    with create_engine(database.dsn("owner"), poolclass=NullPool).begin() as connection:
        create_layer(connection, LAYER, "butler")
    put(own, "note", {"label": "l1"}, {"label": "l2"})
    for run in RUNS:
        own.rows(f"SELECT {LAYER}.register_collection(%s, 'run')", f"u/ann/{run}")
    return LAYER


@pytest.mark.parametrize("registry", ["butler", LAYER], indirect=True)
@pytest.mark.parametrize("examples", [8, pytest.param(200, marks=pytest.mark.slow)])
def test_what_is_counted_is_what_there_is_whatever_was_done(
    own: Session, registry: str, examples: int
) -> None:
    run_state_machine_as_test(
        lambda: Counting(own, registry),  # type: ignore[arg-type] # any callable that makes one will do
        settings=settings(max_examples=examples, stateful_step_count=25, deadline=None),
    )


def test_a_dataset_and_its_artifacts_are_not_deleted_in_one_statement(own: Session) -> None:
    """Nobody could say any more of what run and type the artifacts were."""
    put(own, "note", {"label": "twilight"})
    with refused("UB301", "together with their datasets", "a statement of their own"):
        own.rows("WITH gone AS (DELETE FROM butler_internal.artifact) DELETE FROM butler_internal.dataset")
    own.rows("DELETE FROM butler_internal.artifact")
    own.rows("DELETE FROM butler_internal.dataset")
    assert (
        own.rows("SELECT * FROM butler.storage_use") == own.rows("SELECT * FROM butler.dataset_count") == []
    )


def test_a_wrong_count_is_named_and_put_right(own: Session, write: Session, read: Session) -> None:
    put(write, "note", {"label": "twilight"})
    own.rows("ALTER TABLE butler_internal.artifact DISABLE TRIGGER keep_storage_use_update")
    own.rows("UPDATE butler_internal.artifact SET size = 10")
    assert as_counted(own) != as_it_is(own)
    assert misses(read) == [("r/one", "note", "main", 0, 0, 7)]
    assert write.call("recompute_storage_use") == 1
    assert as_counted(own) == as_it_is(own)
    assert misses(read) == []


@pytest.mark.parametrize(
    ("table", "event", "statement"),
    [
        ("artifact", "update", "UPDATE butler_internal.artifact SET state = 'lost'"),
        ("artifact", "delete", "DELETE FROM butler_internal.artifact"),
        ("dataset", "update", "UPDATE butler_internal.dataset SET state = 'unstored', changed = now()"),
        (
            "artifact",
            "insert",
            "INSERT INTO butler_internal.artifact (component, dataset_id, datastore_id, path, formatter, size, sha256)"
            " SELECT 'x', dataset_id, datastore_id, path, formatter, size, sha256 FROM butler_internal.artifact",
        ),
    ],
)
def test_without_one_of_the_triggers_the_counts_would_be_wrong(
    own: Session, table: str, event: str, statement: str
) -> None:
    """So that this is seen: each is needed."""
    put(own, "note", {"label": "twilight"})
    own.rows(f"ALTER TABLE butler_internal.{table} DISABLE TRIGGER keep_storage_use_{event}")
    own.rows(statement)
    assert misses(own) != []
    assert as_counted(own) != as_it_is(own)


def test_what_counts_itself_can_not_be_switched_off_for_a_put(own: Session, write: Session) -> None:
    """The setting is anybody's; it says that a function counts what it inserts, and those do so in any case."""
    for value in ("on", "off"):
        write.rows(f"SET butler_common.counts_itself = '{value}'")
        put(write, "note", {"label": "twilight"}, run=f"r/{value}")
        assert as_counted(own) == as_it_is(own)


def test_the_functions_that_insert_count_what_they_insert() -> None:
    inserting = {name for name, sql in SOURCES.items() if re.search(INSERTS, sql)}
    assert inserting == {"butler.put", "butler.merge_datasets"}
    for name in inserting:
        assert "INSERT INTO butler_internal.storage_change" in SOURCES[name]
        assert SOURCES[name].count("'butler_common.counts_itself', 'on'") == 1
        assert SOURCES[name].count("'butler_common.counts_itself', 'off'") == 1


def test_no_statement_changes_datasets_and_artifacts() -> None:
    """Each trigger would take what the other table is after it for what it was before."""
    for name, sql in SOURCES.items():
        for statement in sql.split(";"):
            changed = {table for _, table in re.findall(CHANGES, statement)}
            assert len(changed) < 2, name
    assert any(re.search(CHANGES, sql) for sql in SOURCES.values())


def test_nothing_is_left_to_add_up_after_a_fold(own: Session, write: Session) -> None:
    for run in RUNS:
        put(write, "note", {"label": "twilight"}, run=run)
    before = as_counted(own)
    assert write.call("fold_storage_use", 5) == 0
    assert write.call("fold_storage_use", 4) == 4
    assert write.call("fold_storage_use") == 0
    assert as_counted(own) == before == as_it_is(own)
    assert own.rows("SELECT FROM butler_internal.storage_change") == []

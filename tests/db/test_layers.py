"""Personal layers over a registry: what they see, what they may write, and what they leave alone."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest

from butler.errors import DefinitionConflictError, InvalidNameError, UnitNotFoundError
from butler.registry.postgres.engine import one_transaction
from butler.schema.install import create_layer, drop_layer
from butler.schema.migrations import catalog, check
from butler.testing.databases import fresh_database
from butler.testing.postgres import TemporaryServer
from butler.values import new_dataset_ids
from db.bulk import load, row
from db.session import Session, refused
from db.world import camera, contents, datasets, put, square

RAW = {"camera": "Cam", "visit": 1, "sensor": 1}


class Layer(Session):
    """A session that calls the functions of a layer instead of the base's."""

    def __init__(self, session: Session, name: str) -> None:
        super().__init__(session.connection)
        self.name = name

    def rows(self, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
        return super().rows(sql.replace("butler.", f"{self.name}."), *parameters)

    def table(self, function: str, *parameters: Any) -> list[dict[str, Any]]:
        marks = ", ".join(
            "%s::jsonb"
            if isinstance(p, dict) or (isinstance(p, list) and p and isinstance(p[0], dict))
            else "%s"
            for p in parameters
        )
        values = [
            json.dumps(p) if m.endswith("jsonb") else p
            for p, m in zip(parameters, marks.split(", "), strict=False)
        ]
        with self.connection.cursor() as cursor:
            cursor.execute(f"SELECT * FROM {self.name}.{function}({marks})", values)
            names = [column.name for column in cursor.description or ()]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


Make = Callable[..., Layer]


def run_as(dsn: str, step: Callable[..., Any], *arguments: Any) -> Any:
    with one_transaction(dsn) as connection:
        return step(connection, *arguments)


@pytest.fixture(scope="module")
def butler_template(butler_server: TemporaryServer, butler_template: str) -> Iterator[str]:
    """The observatory, with a layer of Alice's over it."""
    with fresh_database(butler_server, butler_template) as layered:
        run_as(layered.dsn("owner"), create_layer, "mydb_alice", "butler")
        yield layered.name


@pytest.fixture
def as_owner(database: Any) -> Callable[..., Any]:
    """Run a function of a connection as the owner."""
    return functools.partial(run_as, database.dsn("owner"))


@pytest.fixture
def make(as_owner: Callable[..., Any], database: Any) -> Make:
    def make(name: str, base: str = "butler") -> Layer:
        as_owner(create_layer, name, base)
        return Layer(Session(database.connect("writer")), name)

    return make


@pytest.fixture
def alice(database: Any) -> Layer:
    """Her layer, with a run of its own and a datastore."""
    layer = Layer(Session(database.connect("writer")), "mydb_alice")
    layer.call("register_datastore", "alice", "file:///home/alice/")
    layer.call("register_collection", "u/alice", "run")
    return layer


def put_into(
    layer: Layer, dataset_type: str, *data_ids: dict[str, Any], run: str = "u/alice", store: str = "main"
) -> list[Any]:
    given = datasets(dataset_type, *data_ids, datastore=store)
    layer.call("put", run, given)
    return [UUID(each["dataset_id"]) for each in given]


def test_a_layer_has_the_contract_of_its_base(alice: Layer, as_owner: Callable[..., Any]) -> None:
    def listing(connection: Any, name: str) -> dict[tuple[str, str], str]:
        object_types = ("view", "function", "column", "grant")
        return {
            key: value
            for key, value in catalog(connection, name).items()
            if key[0] in object_types and key[1].startswith("butler.")
        }

    base, layer = as_owner(listing, "butler"), as_owner(listing, "mydb_alice")
    assert layer == base
    assert len(layer) > 300


def test_a_layer_s_tables_are_explained_as_those_of_the_base(alice: Layer, own: Session) -> None:
    comments = (
        "SELECT c.relname, a.attname, d.description FROM pg_class AS c"
        " INNER JOIN pg_description AS d ON d.objoid = c.oid AND d.classoid = 'pg_class'::regclass"
        " LEFT JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = d.objsubid AND d.objsubid > 0"
        " WHERE c.relnamespace = '{}_internal'::regnamespace AND c.relkind = 'r'"
        " AND c.relname IN (SELECT relname FROM pg_class WHERE relnamespace = 'mydb_alice_internal'::regnamespace)"
        " ORDER BY 1, 2"
    )
    of_base, of_layer = (own.rows(comments.format(name)) for name in ("butler", "mydb_alice"))
    assert of_layer == of_base
    assert ("observed_sensor", None, "Sensors that were read in a visit.") in of_layer
    assert len(of_layer) > 150


def test_sql_written_for_the_base_runs_on_a_layer(alice: Layer, read: Session) -> None:
    put_into(alice, "raw", RAW)
    sql = "SELECT d.run, v.exposure_time FROM dataset AS d JOIN visit AS v USING (camera, visit) ORDER BY 1"
    assert read.rows(sql) == []
    with read.transaction():
        read.rows("SET LOCAL search_path = mydb_alice, public")
        assert read.rows(sql) == [("u/alice", 30.0)]


def test_a_view_shows_own_rows_and_the_base_s_and_joins_them_in_one_select(
    alice: Layer, write: Session
) -> None:
    (base,) = put(write, "raw", RAW)
    (mine,) = put_into(alice, "raw", RAW)
    assert set(alice.column("SELECT dataset_id FROM butler.dataset")) == {base, mine}
    assert write.column("SELECT dataset_id FROM butler.dataset") == [base]
    assert alice.rows(
        "SELECT mine.dataset_id, theirs.dataset_id, mine.digest = theirs.digest FROM butler.dataset AS mine"
        " JOIN butler.dataset AS theirs USING (camera, visit, sensor) WHERE mine.run = 'u/alice' AND theirs.run = 'r/one'"
    ) == [(mine, base, True)]
    alice.call("register_collection", "u/alice/all", "chained")
    alice.call("set_chain", "u/alice/all", ["u/alice", "r/one"])
    assert alice.table("find_dataset", "raw", RAW, ["u/alice/all"])[0]["dataset_id"] == mine
    assert alice.table("find_dataset", "raw", RAW, ["r/one"])[0]["dataset_id"] == base
    alice.call("register_collection", "u/alice/best", "tagged")
    alice.rows("SELECT butler.associate('u/alice/best', %s)", [base])
    assert alice.table("find_dataset", "raw", RAW, ["u/alice/best"])[0]["dataset_id"] == base


def test_the_base_is_never_written_through_a_layer(
    alice: Layer, write: Session, own: Session, as_owner: Callable[..., Any]
) -> None:
    (base,) = put(write, "raw", RAW)
    before = contents(own)
    put_into(alice, "raw", RAW)
    for call in (
        ("freeze_collection", "r/one"),
        ("set_chain", "all", ["u/alice"]),
        ("open_run", "r/one"),
        ("put", "r/one", datasets("raw", RAW)),
        ("begin_quantum", "r/one", "task"),
    ):
        with refused("UB401", "belongs to a layer under this registry"):
            alice.table(*call)
    with refused("UB401", "'best' belongs to a layer"):
        alice.rows("SELECT butler.associate('best', %s)", [base])
    assert contents(own) == before
    assert as_owner(check) == []


def test_a_layer_s_inputs_may_lie_in_the_base(alice: Layer, write: Session) -> None:
    (base,) = put(write, "raw", RAW)
    quantum = alice.scalar("SELECT butler.begin_quantum('u/alice', 'isr', '{}', %s)", [base])
    alice.rows("SELECT butler.end_quantum(%s, 'done', %s)", quantum, [base])
    assert alice.rows(
        "SELECT run, dataset_id FROM butler.quantum JOIN butler.dataset_consumer USING (quantum_id)"
    ) == [("u/alice", base)]
    assert write.rows("SELECT FROM butler.quantum") == []
    with refused("UB301", "running"):
        write.rows("SELECT butler.end_quantum(%s, 'failed')", quantum)


@pytest.mark.parametrize(
    ("values", "constraint"),
    [
        ({"camera": "Cam", "visit": 1}, "fk_dataset_dataset_type"),
        ({"camera": "Cam", "visit": 1, "sensor": 3}, "fk_dataset_observed_sensor"),
        ({"camera": "Nobody", "visit": 1, "sensor": 1}, "fk_dataset_observed_sensor"),
    ],
)
def test_what_the_base_s_constraints_refuse_a_layer_refuses_too(
    alice: Layer, own: Session, values: dict[str, Any], constraint: str
) -> None:
    columns = ", ".join(values)
    with refused("23503", "in this registry or the layers under it", constraint=constraint):
        own.rows(
            f"INSERT INTO mydb_alice_internal.dataset (dataset_id, run_id, dataset_type_id, created, {columns})"
            " SELECT gen_random_uuid(), r.run_id, t.dataset_type_id, now()"
            + ", %s"
            * len(values)
            + " FROM mydb_alice_internal.run AS r,"
            " butler_internal.dataset_type AS t WHERE t.dataset_type = 'raw'",
            *values.values(),
        )


def test_a_run_of_a_layer_holds_one_dataset_of_a_data_id(alice: Layer) -> None:
    put_into(alice, "raw", RAW)
    with refused("UB201", "has raw of this data ID already"):
        put_into(alice, "raw", RAW)


def test_of_two_layers_datastores_of_one_name_only_the_one_that_is_named_by_its_mark_is_marked_anew(
    alice: Layer, make: Make, own: Session
) -> None:
    make("mydb_bob").call("register_datastore", "alice", "file:///home/bob/")
    roots = "SELECT root, mark, marked FROM {}.datastore WHERE datastore = 'alice'"
    ((_, hers, since),) = own.rows(roots.format("mydb_alice"))
    (his,) = own.rows(roots.format("mydb_bob"))
    ((name, new, marked),) = own.rows("SELECT * FROM butler_common.mark_datastores(ARRAY[%s])", hers)
    assert (name, new != hers, marked > since) == ("alice", True, True)
    assert own.rows(roots.format("mydb_alice")) == [("file:///home/alice/", new, marked)]
    assert own.rows(roots.format("mydb_bob")) == [his]
    with refused("UB301", "only 0 are those of datastores", "set one anew"):
        own.rows("SELECT * FROM butler_common.mark_datastores(ARRAY[%s])", hers)
    assert len(own.rows("SELECT * FROM butler_common.mark_datastores()")) == 3
    assert own.rows(roots.format("mydb_bob")) != [his]


def test_a_layer_is_of_its_base_s_installation(alice: Layer) -> None:
    assert alice.scalar("SELECT mydb_alice.installation_id() = butler.installation_id()")


SHADOWS = {
    "collection": ("register_collection", "shared name", "run"),
    "dataset type": ("register_dataset_type", "shared_name", "Dict", ["visit"]),
    "datastore": ("register_datastore", "shared name", "file:///x/"),
    "label": ("register_units", "label", [{"label": "shared name"}]),
    "abstract filter": ("register_units", "abstract_filter", [{"abstract_filter": "shared name"}]),
    "camera": ("register_camera", camera("shared name")),
    "skymap": ("register_skymap", {"skymap": "shared name"}),
}


def test_an_id_that_a_dataset_of_the_base_has_is_no_other_s_in_a_layer(
    alice: Layer, write: Session, own: Session
) -> None:
    taken, free = new_dataset_ids(2)
    load(write, row(1, 1, dataset_id=taken), run="r/base")
    before = contents(own)
    with refused("UB201", f"dataset id {taken} is taken"):
        load(alice, row(1, 2, dataset_id=free), row(2, 3, dataset_id=taken), run="u/alice/own")
    with refused("UB104", "no sensor 9"):
        load(alice, row(1, 2, dataset_id=free), row(2, 9), run="u/alice/own")
    assert contents(own) == before
    assert load(alice, row(1, 2, dataset_id=free), run="u/alice/own") == []
    assert alice.column("SELECT dataset_id FROM butler.dataset ORDER BY sensor") == [taken, free]


@pytest.mark.parametrize("call", SHADOWS.values(), ids=SHADOWS.keys())
def test_a_name_means_one_thing_in_a_base_and_its_layers(
    alice: Layer, write: Session, make: Make, own: Session, call: tuple[Any, ...]
) -> None:
    function, *parameters = call
    alice.call(function, *parameters)
    before = contents(own)
    with refused("UB202", "shared.name'? is already in registry mydb_alice", "choose another"):
        write.call(function, *parameters)
    assert contents(own) == before
    bob = make("mydb_bob")
    bob.call(function, *parameters)
    over = make("mydb_alice_over", "mydb_alice")
    if function in ("register_collection", "register_dataset_type", "register_datastore"):
        assert not over.call(function, *parameters), "it is there already"
    else:
        with refused("UB202", "already in registry mydb_alice"):
            over.call(function, *parameters)


def test_two_people_with_the_same_name_don_t_see_each_other_s(make: Make) -> None:
    layers = [make("mydb_bob"), make("mydb_carol")]
    ids = []
    for layer in layers:
        layer.call("register_collection", "u/same", "run")
        ids += put_into(layer, "raw", RAW, run="u/same")
    for layer, dataset_id in zip(layers, ids, strict=True):
        assert layer.column("SELECT dataset_id FROM butler.dataset") == [dataset_id]


def test_a_layer_over_a_layer_sees_both(alice: Layer, make: Make, write: Session, own: Session) -> None:
    (base,), (hers,) = put(write, "raw", RAW), put_into(alice, "raw", RAW)
    over = make("mydb_alice_over", "mydb_alice")
    over.call("register_collection", "u/over", "run")
    (top,) = put_into(over, "raw", RAW, run="u/over")
    assert set(over.column("SELECT dataset_id FROM butler.dataset")) == {base, hers, top}
    assert set(alice.column("SELECT dataset_id FROM butler.dataset")) == {base, hers}
    with refused("UB401", "belongs to a layer under"):
        put_into(over, "raw", RAW, run="u/alice")
    assert over.rows("SELECT registry, base, depth FROM butler.registry ORDER BY depth") == [
        ("butler", None, 0),
        ("mydb_alice", "butler", 1),
        ("mydb_alice_over", "mydb_alice", 2),
    ]
    assert over.table("find_dataset", "raw", RAW, ["u/over"])[0]["datastore"] == "main"
    assert over.column("SELECT uri FROM butler.artifact WHERE dataset_id = %s", hers)[0].startswith(
        "file:///data/"
    )


def test_own_units_join_with_the_base_s_on_the_sky_without_a_copy(
    alice: Layer, write: Session, own: Session
) -> None:
    base_pairs = write.scalar("SELECT count(*) FROM butler.sensor_patch_join")
    alice.call(
        "register_skymap",
        {
            "skymap": "mine",
            "tracts": [
                {
                    "tract": 0,
                    "region": square(10, 0, 1),
                    "patches": [{"patch": 0, "region": square(10.12, 0.05)}],
                }
            ],
        },
    )
    alice.call("register_camera", camera("Sim"))
    alice.call("register_units", "visit", [{"camera": "Sim", "visit": 1, "visit_name": "s1"}])
    alice.call(
        "register_units",
        "observed_sensor",
        [{"camera": "Sim", "visit": 1, "sensor": 1, "region": square(10.12, 0.05)}],
    )
    joined = "SELECT camera, visit, sensor, skymap, patch FROM butler.sensor_patch_join WHERE camera = 'Sim' OR skymap = 'mine'"
    assert set(alice.rows(joined)) == {
        ("Sim", 1, 1, "mine", 0),
        ("Sim", 1, 1, "rings", 1),
        *((name, visit, 2, "mine", 0) for name in ("Cam", "Spec") for visit in (1, 2)),
    }
    assert alice.scalar("SELECT count(*) FROM butler.sensor_patch_join") == base_pairs + 6
    assert write.scalar("SELECT count(*) FROM butler.sensor_patch_join") == base_pairs
    assert own.scalar("SELECT count(*) FROM mydb_alice_internal.sensor_patch_overlap") == 1
    # A later load into the base is seen as well.
    write.call(
        "register_units",
        "observed_sensor",
        [{"camera": "Cam", "visit": 3, "sensor": 1, "region": square(10.12, 0.05)}],
    )
    assert ("Cam", 3, 1, "mine", 0) in alice.rows(joined)


def test_in_a_layer_visits_and_tracts_and_patches_of_all_layers_are_joined_each_once(
    alice: Layer, write: Session, own: Session
) -> None:
    patches = [{"patch": n, "region": square(10.02 * (1 + n / 10000), 0.02)} for n in range(2)]
    alice.call(
        "register_skymap",
        {"skymap": "mine", "tracts": [{"tract": 0, "region": square(10, 0, 1), "patches": patches}]},
    )
    alice.call("register_camera", camera("Sim"))
    alice.call("register_units", "visit", [{"camera": "Sim", "visit": 1, "visit_name": "s1"}])
    sensors = [
        {"camera": "Sim", "visit": 1, "sensor": n, "region": square(10 + n / 100, 0.05)} for n in (1, 2)
    ]
    alice.call("register_units", "observed_sensor", sensors)
    pairs = "SELECT camera, visit, skymap, tract FROM butler.visit_tract_join ORDER BY 1, 2, 3, 4"
    derived = "SELECT DISTINCT camera, visit, skymap, tract FROM butler.sensor_patch_join ORDER BY 1, 2, 3, 4"
    of_base = write.rows(pairs)
    assert alice.rows(pairs) == alice.rows(derived)
    assert set(alice.rows(pairs)) - set(of_base) == {
        ("Sim", 1, "mine", 0),
        ("Sim", 1, "rings", 0),
        *((name, visit, "mine", 0) for name in ("Cam", "Spec") for visit in (1, 2)),
    }
    columns = "camera, visit, skymap, tract, patch"
    assert alice.rows(f"SELECT {columns} FROM butler.visit_patch_join ORDER BY {columns}") == alice.rows(
        f"SELECT DISTINCT {columns} FROM butler.sensor_patch_join ORDER BY {columns}"
    )
    assert own.rows("SELECT camera, visit, skymap FROM mydb_alice_internal.visit_tract_overlap") == [
        ("Sim", 1, "mine")
    ]
    assert own.rows(f"SELECT {columns} FROM mydb_alice_internal.visit_patch_overlap ORDER BY patch") == [
        ("Sim", 1, "mine", 0, n) for n in range(2)
    ]
    assert write.rows(pairs) == of_base


def test_own_visits_belong_to_own_cameras(alice: Layer) -> None:
    with refused("23503", constraint="fk_visit_camera"):
        alice.call("register_units", "visit", [{"camera": "Cam", "visit": 99, "visit_name": "n99"}])


def test_a_camera_s_own_view_is_in_the_layers_over_it(alice: Layer, write: Session) -> None:
    assert alice.rows("SELECT visit, gain FROM butler.visit_cam WHERE gain IS NOT NULL") == [(1, 1.5)]
    write.call("register_camera", camera("Late", extra={"mode": {"type": "text"}}))
    write.call(
        "register_units",
        "visit",
        [{"camera": "Late", "visit": 1, "visit_name": "a", "extra": {"mode": "fast"}}],
    )
    assert alice.rows("SELECT visit, mode FROM butler.visit_late") == [(1, "fast")]


def test_both_arms_of_a_union_are_read_by_index(alice: Layer, write: Session, own: Session) -> None:
    rows = [
        {"camera": "Cam", "visit": n, "visit_name": f"v{n}", "region": square(0.01 * (n % 9000), -50)}
        for n in range(1000, 4000)
    ]
    write.call("register_units", "visit", rows)
    alice.call("register_camera", camera("Sim"))
    alice.call("register_units", "visit", [{**row, "camera": "Sim"} for row in rows])
    for schema in ("butler_internal", "mydb_alice_internal"):
        own.rows(f"ANALYZE {schema}.visit")
    plan = "\n".join(
        r[0]
        for r in alice.rows(
            "EXPLAIN SELECT v.exposure_time FROM butler.visit AS v WHERE v.camera = 'Sim' AND v.visit = 2000"
        )
    )
    assert len(re.findall(r"Index.* on visit t", plan)) == 2, plan
    assert "Seq Scan on visit" not in plan
    cone = "\n".join(
        r[0]
        for r in alice.rows(
            "EXPLAIN SELECT v.visit FROM butler.visit AS v WHERE butler.sky_within(v.region, 20.0, -50.0, 0.05)"
        )
    )
    assert cone.count("ix_visit_region") == 2, cone


def test_joins_of_personal_and_release_datasets_are_read_by_index(
    alice: Layer, write: Session, own: Session
) -> None:
    rows = [{"camera": "Cam", "visit": n, "visit_name": f"v{n}"} for n in range(1000, 4000)]
    write.call("register_units", "visit", rows)
    for layer in (write, alice):
        run = "r/one" if layer is write else "u/alice"
        layer.call(
            "put", run, datasets("visit_summary", *({"camera": "Cam", "visit": r["visit"]} for r in rows))
        )
    for schema in ("butler_internal", "mydb_alice_internal"):
        own.rows(f"ANALYZE {schema}.dataset")
        own.rows(f"ANALYZE {schema}.artifact")
    plan = "\n".join(
        r[0]
        for r in alice.rows(
            "EXPLAIN SELECT a.uri FROM butler.dataset AS d JOIN butler.artifact AS a USING (dataset_id)"
            " WHERE d.dataset_type = 'visit_summary' AND d.camera = 'Cam' AND d.visit = 2000"
        )
    )
    for table in ("dataset", "artifact"):
        assert f"Seq Scan on {table} " not in plan, plan


def test_dropping_a_layer_leaves_nothing_of_it(
    alice: Layer, own: Session, write: Session, as_owner: Callable[..., Any]
) -> None:
    put(write, "raw", RAW)
    before = contents(own, "butler"), as_owner(catalog)
    put_into(alice, "raw", RAW)
    as_owner(drop_layer, "mydb_alice")
    assert own.rows(
        "SELECT actor, operation, subject FROM butler.activity ORDER BY activity_id DESC LIMIT 1"
    ) == [("butler_owner", "drop_layer", {"layer": "mydb_alice", "artifacts": 1})]
    own.rows("DELETE FROM butler_internal.activity WHERE operation = 'drop_layer'")
    assert own.rows("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'mydb%'") == []
    assert own.column("SELECT registry FROM butler.registry") == ["butler"]
    assert (contents(own, "butler"), as_owner(catalog)) == before
    assert (
        own.rows(
            "SELECT FROM pg_depend AS d LEFT JOIN pg_namespace AS n ON n.oid = d.refobjid WHERE d.refclassid = 'pg_namespace'::regclass AND n.oid IS NULL"
        )
        == []
    )


def test_a_layer_under_another_is_not_dropped(alice: Layer, make: Make, as_owner: Callable[..., Any]) -> None:
    make("mydb_alice_over", "mydb_alice")
    with pytest.raises(DefinitionConflictError, match=r"base of mydb_alice_over"):
        as_owner(drop_layer, "mydb_alice")
    with pytest.raises(DefinitionConflictError):
        as_owner(drop_layer, "butler")
    with pytest.raises(UnitNotFoundError, match="nobody"):
        as_owner(drop_layer, "nobody")


@pytest.mark.parametrize(
    "name",
    [
        "",
        "A",
        "my-db",
        "1db",
        "pg_db",
        "butler",
        "butler_common",
        "public",
        "x_internal",
        "x" * 55,
        "a;b",
        'a"b',
        "é",
        "user",
        "select",
        "a\0b",
    ],
)
def test_a_layer_s_name_is_plain(as_owner: Callable[..., Any], own: Session, name: str) -> None:
    before = own.column("SELECT nspname FROM pg_namespace ORDER BY 1")
    with pytest.raises(InvalidNameError):
        as_owner(create_layer, name, "butler")
    assert own.column("SELECT nspname FROM pg_namespace ORDER BY 1") == before


def test_a_layer_needs_a_base_and_a_free_name(alice: Layer, as_owner: Callable[..., Any]) -> None:
    with pytest.raises(UnitNotFoundError, match=r"'nobody'(?s:.*)butler, mydb_alice"):
        as_owner(create_layer, "mydb_bob", "nobody")
    with pytest.raises(DefinitionConflictError, match="mydb_alice"):
        as_owner(create_layer, "mydb_alice", "butler")


def test_a_layer_s_doors_are_those_of_the_base(alice: Layer, database: Any) -> None:
    read = Session(database.connect("reader"))
    read.rows("SET default_transaction_read_only = off")
    assert read.rows("SELECT FROM mydb_alice.dataset") == []
    for attempt in (
        "SELECT mydb_alice.register_collection('x', 'run')",
        "SELECT FROM mydb_alice_internal.dataset",
        "SELECT FROM mydb_alice_internal.all_dataset",
        "DELETE FROM mydb_alice_internal.collection",
        "CREATE TABLE mydb_alice.mine (x integer)",
    ):
        with refused("42501"):
            read.rows(attempt)
    with refused("42501"):
        alice.rows("INSERT INTO mydb_alice_internal.collection DEFAULT VALUES")


def test_several_layers_leave_the_base_as_it_was(
    make: Make, own: Session, as_owner: Callable[..., Any]
) -> None:
    for n in range(3):
        make(f"mydb_{n}")
    assert own.scalar("SELECT count(*) FROM butler.registry") == 5
    assert as_owner(check) == []


def test_what_a_layer_certified_once_is_kept_in_the_base(alice: Layer, own: Session, write: Session) -> None:
    (one,) = put(write, "bias", {"camera": "Cam", "sensor": 1})
    alice.call("register_collection", "mine", "calibration")
    own.rows(
        "WITH k AS (INSERT INTO mydb_alice_internal.calibration_key (collection_id, dataset_type_id, camera, sensor)"
        " SELECT c.collection_id, t.dataset_type_id, 'Cam', 1"
        " FROM mydb_alice_internal.collection AS c, butler_internal.dataset_type AS t"
        " WHERE c.collection = 'mine' AND t.dataset_type = 'bias' RETURNING calibration_key_id)"
        " INSERT INTO mydb_alice_internal.calibration (calibration_key_id, dataset_id, valid, known, actor)"
        " SELECT calibration_key_id, %s, '(,)', '[2026-03-01,2026-04-01)', 'me' FROM k",
        one,
    )
    assert alice.rows("SELECT dataset_id FROM butler.calibration") == [(one,)]
    assert write.rows("SELECT outcome, reason FROM butler.remove(%s, '', true)", [one]) == [
        ("kept", "once certified in mine")
    ]
    own.rows("DELETE FROM butler_internal.artifact")
    with refused("UB401", f"dataset {one} is kept, as it was once certified in mine", "earlier time"):
        own.rows("DELETE FROM butler_internal.dataset")


def test_a_layer_certifies_for_units_that_there_are_alone(alice: Layer, own: Session, write: Session) -> None:
    alice.call("register_collection", "mine", "calibration")
    key = (
        "INSERT INTO mydb_alice_internal.calibration_key (collection_id, dataset_type_id, camera, sensor)"
        " SELECT c.collection_id, t.dataset_type_id, 'Cam', %s"
        " FROM mydb_alice_internal.collection AS c, butler_internal.dataset_type AS t"
        " WHERE c.collection = 'mine' AND t.dataset_type = 'bias'"
    )
    own.rows(key, 1)
    with refused("23503", constraint="fk_calibration_key_physical_sensor"):
        own.rows(key, 77)

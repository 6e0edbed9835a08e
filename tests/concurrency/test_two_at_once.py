"""Two writers at the same thing: one waits, and the rule holds whoever is first."""

from __future__ import annotations

import json
import threading
from typing import Any
from uuid import UUID

import pytest
from db.session import Session, refused
from db.world import dataset, put, square
from sqlalchemy import NullPool, create_engine

from butler.schema.install import create_layer
from butler.values import new_dataset_ids
from concurrency.conftest import Person

RAW = {"camera": "Cam", "visit": 1, "sensor": 1}

Pair = tuple[Person, Person]


def put_into(*datasets: dict[str, Any], quantum: UUID | None = None) -> tuple[str, str, UUID | None]:
    return "SELECT butler.put('r/one', %s, %s)", json.dumps(datasets), quantum


def stage(session: Session, *sensors: int) -> None:
    session.call("stage_datasets")
    session.rows(
        "INSERT INTO pg_temp.butler_stage_dataset (row_number, dataset_id, camera, visit, sensor, path, formatter, size, sha256)"
        " SELECT n, i, 'Cam', 1, s, 'p' || s, 'f', 1, sha256('')"
        " FROM unnest(%s, %s) WITH ORDINALITY AS g (s, i, n)",
        list(sensors),
        new_dataset_ids(len(sensors)),
    )


def test_a_bulk_load_that_a_put_overtakes_is_refused_or_passes_over(pair: Pair) -> None:
    first, second = pair
    for sensor, skip in ((1, False), (2, True)):
        first.rows("BEGIN")
        (one,) = put(first, "raw", {**RAW, "sensor": sensor})
        second.rows("BEGIN")
        stage(second, sensor)
        waiting = second.expect_blocked(
            "SELECT row_number, existing FROM butler.merge_datasets('r/one', 'raw', 'main', %s)", skip
        )
        first.rows("COMMIT")
        if skip:
            assert waiting.result() == [(1, one)]
        else:
            with refused("UB201", f"has it already: dataset {one}", "Skip"):
                waiting.result()
        second.rows("ROLLBACK")


def test_bulk_loads_of_the_same_data_ids_in_opposite_orders_do_not_deadlock(pair: Pair) -> None:
    first, second = pair
    first.rows("BEGIN")
    stage(first, 1, 2)
    first.rows("SELECT butler.merge_datasets('r/one', 'raw', 'main', true)")
    second.rows("BEGIN")
    stage(second, 2, 1)
    waiting = second.expect_blocked(
        "SELECT count(*) FROM butler.merge_datasets('r/one', 'raw', 'main', true)"
    )
    first.rows("COMMIT")
    assert waiting.result() == [(2,)]
    second.rows("COMMIT")
    assert first.scalar("SELECT count(*) FROM butler.dataset") == 2


def test_chain_edits_that_make_a_cycle_only_together_are_refused(pair: Pair) -> None:
    first, second = pair
    for name in ("a", "b"):
        first.call("register_collection", name, "chained")
    first.rows("BEGIN")
    first.call("set_chain", "a", ["b"])
    waiting = second.expect_blocked("SELECT butler.set_chain('b', ARRAY['a'])")
    first.rows("COMMIT")
    with refused("UB202", "'b' would hold itself"):
        waiting.result()


def test_a_bulk_load_that_waits_for_a_freeze_is_refused(pair: Pair) -> None:
    loader, freezer = pair
    loader.rows("BEGIN")
    loader.call("stage_datasets")
    freezer.rows("BEGIN")
    freezer.call("freeze_collection", "r/one")
    waiting = loader.expect_blocked("SELECT butler.merge_datasets('r/one', 'raw', 'main')")
    freezer.rows("COMMIT")
    with refused("UB401", "'r/one' is frozen"):
        waiting.result()
    loader.rows("ROLLBACK")


@pytest.mark.parametrize(
    ("call", "collection"),
    [
        (
            "SELECT butler.associate('best', (SELECT array_agg(d.dataset_id) FROM butler.dataset AS d))",
            "best",
        ),
        ("SELECT butler.disassociate('best', '{}')", "best"),
        ("SELECT butler.set_chain('all', ARRAY['r/one'])", "all"),
    ],
)
def test_a_change_of_members_that_waits_for_a_freeze_is_refused(
    pair: Pair, call: str, collection: str
) -> None:
    writer, freezer = pair
    put(writer, "raw", RAW)
    freezer.rows("BEGIN")
    freezer.call("freeze_collection", collection)
    waiting = writer.expect_blocked(call)
    freezer.rows("COMMIT")
    with refused("UB401", "is frozen"):
        waiting.result()


def test_two_tags_of_one_data_id_come_one_after_the_other(pair: Pair) -> None:
    first, second = pair
    (one,), (other,) = put(first, "raw", RAW), put(first, "raw", RAW, run="r/two")
    first.rows("BEGIN")
    first.rows("SELECT butler.associate('best', %s)", [one])
    waiting = second.expect_blocked("SELECT butler.associate('best', %s)", [other])
    first.rows("COMMIT")
    with refused("UB201", f"holds dataset {one}"):
        waiting.result()
    assert first.column("SELECT dataset_id FROM butler.dataset_collection WHERE collection = 'best'") == [one]


def test_stamps_of_a_collection_never_go_back(pair: Pair, own: Session) -> None:
    first, second = pair
    ids = put(first, "raw", RAW, {**RAW, "sensor": 2})
    first.rows("BEGIN")
    first.rows("SELECT butler.associate('best', %s)", ids[:1])
    waiting = second.expect_blocked("SELECT butler.associate('best', %s)", ids[1:])
    first.rows("COMMIT")
    waiting.result()
    own.rows("UPDATE butler_internal.collection SET changed = '2100-01-01' WHERE collection = 'best'")
    first.rows("SELECT butler.disassociate('best', %s)", ids)
    begun, ended = own.rows("SELECT max(lower(known)), min(upper(known)) FROM butler_internal.dataset_tag")[0]
    assert ended > begun
    assert ended.year == 2100


@pytest.mark.parametrize(
    "call",
    [
        "SELECT butler.register_collection('new', 'run')",
        "SELECT butler.register_dataset_type('new', 'Dict', '{visit}')",
        "SELECT butler.register_datastore('new', 'file:///new/')",
        """SELECT butler.register_units('label', '[{"label": "new"}]')""",
        """SELECT butler.register_camera('{"camera": "New"}')""",
    ],
)
def test_the_same_definition_twice_at_once_is_made_once(pair: Pair, call: str) -> None:
    first, second = pair
    first.rows("BEGIN")
    (made,) = first.rows(call)
    waiting = second.expect_blocked(call)
    first.rows("COMMIT")
    (again,) = waiting.result()
    assert made != again or made == ("",)


def test_sensors_and_patches_loaded_at_once_miss_no_pair(pair: Pair) -> None:
    astronomer, cartographer = pair
    astronomer.call("register_units", "visit", [{"camera": "Cam", "visit": 50, "visit_name": "n50"}])
    sensors = [
        {"camera": "Cam", "visit": 50, "sensor": n, "region": square(60, 10, 0.1 * n)} for n in (1, 2, 3)
    ]
    patches = [
        {"skymap": "rings", "tract": 0, "patch": 50 + n, "region": square(60, 10, 0.1 + n)} for n in range(4)
    ]
    astronomer.rows("BEGIN")
    astronomer.call("register_units", "observed_sensor", sensors)
    waiting = cartographer.expect_blocked("SELECT butler.register_units('patch', %s)", json.dumps(patches))
    astronomer.rows("COMMIT")
    waiting.result()
    assert astronomer.scalar("SELECT count(*) FROM butler.sensor_patch_join WHERE visit = 50") == 12

    astronomer.call("register_units", "visit", [{"camera": "Cam", "visit": 51, "visit_name": "n51"}])
    cartographer.rows("BEGIN")
    more = [
        {"skymap": "rings", "tract": 0, "patch": 60 + n, "region": square(60, 10, 0.1 + n)} for n in range(4)
    ]
    cartographer.call("register_units", "patch", more)
    waiting = astronomer.expect_blocked(
        "SELECT butler.register_units('observed_sensor', %s)",
        json.dumps([{**row, "visit": 51} for row in sensors]),
    )
    cartographer.rows("COMMIT")
    waiting.result()
    assert astronomer.scalar("SELECT count(*) FROM butler.sensor_patch_join WHERE visit = 51") == 24
    assert astronomer.scalar("SELECT count(*) FROM butler.sensor_patch_join WHERE visit = 50") == 24


def test_two_loads_of_sensors_do_not_wait_for_each_other(pair: Pair) -> None:
    first, second = pair
    first.rows("BEGIN")
    first.call(
        "register_units",
        "observed_sensor",
        [{"camera": "Cam", "visit": 3, "sensor": 1, "region": square(10, 0)}],
    )
    second.call(
        "register_units",
        "observed_sensor",
        [{"camera": "Spec", "visit": 3, "sensor": 1, "region": square(10, 0)}],
    )
    first.rows("COMMIT")


def sensors(*places: float, camera: str = "Cam", visit: int = 70, first: int = 1) -> tuple[str, str]:
    rows = [
        {"camera": camera, "visit": visit, "sensor": n, "region": square(ra, 0.02)}
        for n, ra in enumerate(places, first)
    ]
    return "SELECT butler.register_units('observed_sensor', %s, true)", json.dumps(rows)


@pytest.fixture
def visit(pair: Pair) -> Pair:
    """A visit with a sensor on tract 0 and another that is nowhere; its region was given."""
    first, _ = pair
    row = {"camera": "Cam", "visit": 70, "visit_name": "n70", "region": square(10, 0)}
    first.call("register_units", "visit", [row])
    first.rows(*sensors(10, 60))
    return pair


def tracts_of_visit(session: Session) -> list[int]:
    derived = "SELECT DISTINCT tract FROM butler.sensor_patch_join WHERE visit = 70 ORDER BY 1"
    kept = session.column("SELECT tract FROM butler.visit_tract_join WHERE visit = 70 ORDER BY 1")
    assert kept == session.column(derived)
    patches = "tract, patch FROM butler.{} WHERE visit = 70 ORDER BY 1, 2"
    assert session.rows("SELECT " + patches.format("visit_patch_join")) == session.rows(
        "SELECT DISTINCT " + patches.format("sensor_patch_join")
    )
    return kept


@pytest.mark.parametrize("end", ["COMMIT", "ROLLBACK"])
def test_a_sensor_that_comes_to_a_tract_while_another_leaves_it_keeps_the_visit_there(
    visit: Pair, end: str
) -> None:
    comes, leaves = visit
    comes.rows("BEGIN")
    comes.rows(*sensors(10, first=3))
    waiting = leaves.expect_blocked(*sensors(60))
    comes.rows(end)
    waiting.result()
    assert tracts_of_visit(leaves) == ([0] if end == "COMMIT" else [])


@pytest.mark.parametrize("end", ["COMMIT", "ROLLBACK"])
def test_a_sensor_that_leaves_a_tract_while_another_comes_to_it_keeps_the_visit_there(
    visit: Pair, end: str
) -> None:
    leaves, comes = visit
    leaves.rows("BEGIN")
    leaves.rows(*sensors(60))
    waiting = comes.expect_blocked(*sensors(10, first=3))
    leaves.rows(end)
    waiting.result()
    assert tracts_of_visit(comes) == [0]


@pytest.fixture
def two_patches(visit: Pair) -> Pair:
    """The visit with either sensor on a patch of its own, of one tract."""
    patch = {"skymap": "rings", "tract": 0, "patch": 60, "region": square(60, 0)}
    visit[0].call("register_units", "patch", [patch])
    return visit


@pytest.mark.parametrize("comes_first", [True, False])
def test_a_visit_stays_on_a_patch_that_one_sensor_leaves_and_another_comes_to(
    two_patches: Pair, comes_first: bool
) -> None:
    first, second = two_patches
    calls = [sensors(10, first=3), sensors(61)]
    before, after = calls if comes_first else reversed(calls)
    first.rows("BEGIN")
    first.rows(*before)
    waiting = second.expect_blocked(*after)
    first.rows("COMMIT")
    waiting.result()
    assert tracts_of_visit(first) == [0]
    assert first.column("SELECT DISTINCT patch FROM butler.visit_patch_join WHERE visit = 70 ORDER BY 1") == [
        0,
        1,
        60,
    ]


def test_two_sensors_that_bring_a_visit_to_a_tract_at_once_make_one_pair(visit: Pair) -> None:
    first, second = visit
    first.rows("BEGIN")
    first.rows(*sensors(11))
    waiting = second.expect_blocked(*sensors(11, first=2))
    first.rows("COMMIT")
    waiting.result()
    assert tracts_of_visit(first) == [1]


@pytest.mark.parametrize("base_first", [True, False])
def test_a_name_registered_in_base_and_layer_at_once_is_in_one(
    database: Any, pair: Pair, base_first: bool
) -> None:
    engine = create_engine(
        database.dsn("owner").replace("postgresql://", "postgresql+psycopg2://"), poolclass=NullPool
    )
    with engine.begin() as connection:
        create_layer(connection, "mydb", "butler")
    first, second = pair
    calls = [
        "SELECT butler.register_collection('u/x', 'run')",
        "SELECT mydb.register_collection('u/x', 'run')",
    ]
    if not base_first:
        calls.reverse()
    first.rows("BEGIN")
    first.rows(calls[0])
    waiting = second.expect_blocked(calls[1])
    first.rows("COMMIT")
    with refused("UB202", "collection 'u/x' is already in registry (butler|mydb)", "choose another"):
        waiting.result()
    assert first.scalar("SELECT count(*) FROM mydb.collection WHERE collection = 'u/x'") == 1


def test_names_are_not_registered_under_layers_in_another_isolation_level(
    database: Any, write: Session
) -> None:
    engine = create_engine(
        database.dsn("owner").replace("postgresql://", "postgresql+psycopg2://"), poolclass=NullPool
    )
    with engine.begin() as connection:
        create_layer(connection, "mydb", "butler")
    with refused("UB601", "read committed"), write.transaction("REPEATABLE READ"):
        write.rows("SELECT mydb.register_collection('u/x', 'run')")


def test_a_unit_that_a_layer_needs_is_not_deleted_meanwhile(database: Any, own: Session, pair: Pair) -> None:
    engine = create_engine(
        database.dsn("owner").replace("postgresql://", "postgresql+psycopg2://"), poolclass=NullPool
    )
    with engine.begin() as connection:
        create_layer(connection, "mydb", "butler")
    own.rows("INSERT INTO butler_internal.label (label) VALUES ('fleeting')")
    person, _ = pair
    own.rows("BEGIN")
    own.rows("DELETE FROM butler_internal.label WHERE label = 'fleeting'")
    person.rows("SELECT mydb.open_run('u/y')")
    waiting = person.expect_blocked(
        "SELECT mydb.put('u/y', %s)", json.dumps([dataset("note", {"label": "fleeting"})])
    )
    own.rows("COMMIT")
    with refused("UB104", "no label 'fleeting'"):
        waiting.result()


def test_fifty_writers_of_one_data_id_leave_one_dataset(database: Any) -> None:
    outcomes: list[str] = []

    def write_once(session: Session) -> None:
        try:
            put(session, "raw", RAW)
            outcomes.append("won")
        except Exception as error:
            outcomes.append(str(getattr(error, "pgcode", error)))

    threads = [
        threading.Thread(target=write_once, args=(Session(database.connect("writer")),)) for _ in range(50)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["UB201"] * 49 + ["won"]


def test_two_sensors_of_a_visit_at_once_are_both_in_its_region(pair: Pair) -> None:
    first, second = pair
    first.call("register_units", "visit", [{"camera": "Cam", "visit": 900, "visit_name": "n900"}])

    def sensor(number: int, ra: float) -> str:
        return json.dumps([{"camera": "Cam", "visit": 900, "sensor": number, "region": square(ra, 0)}])

    first.rows("BEGIN")
    first.rows("SELECT butler.register_units('observed_sensor', %s)", sensor(1, 10))
    waiting = second.expect_blocked("SELECT butler.register_units('observed_sensor', %s)", sensor(2, 12))
    first.rows("COMMIT")
    waiting.result()
    assert first.scalar(
        "SELECT bool_and(public.st_intersects(v.region, o.region)) FROM butler.visit AS v"
        " JOIN butler.observed_sensor AS o USING (camera, visit) WHERE v.visit = 900"
    )


def test_two_cameras_that_would_share_a_view_are_not_both_registered(pair: Pair) -> None:
    first, second = pair

    def camera(name: str) -> str:
        return json.dumps(
            {"camera": name, "sensors": [], "filters": [], "extra": {"focus": {"type": "float"}}}
        )

    first.rows("BEGIN")
    first.rows("SELECT butler.register_camera(%s)", camera("Z-1"))
    waiting = second.expect_blocked("SELECT butler.register_camera(%s)", camera("Z 1"))
    first.rows("COMMIT")
    with refused("UB305", "visit_z_1", "another name"):
        waiting.result()


def test_rows_registered_in_opposite_orders_do_not_deadlock(pair: Pair) -> None:
    first, second = pair
    rows = [{"label": f"l{n}"} for n in range(2000)]
    failed: list[Exception] = []

    def register(session: Session, given: list[dict[str, str]]) -> None:
        try:
            session.call("register_units", "label", given)
        except Exception as error:
            failed.append(error)

    threads = [
        threading.Thread(target=register, args=arguments)
        for arguments in [(first, rows), (second, rows[::-1])]
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert first.scalar("SELECT count(*) FROM butler.label WHERE label ~ '^l[0-9]+$'") == 2000


def test_a_run_frozen_meanwhile_is_not_written_under_an_older_snapshot(pair: Pair) -> None:
    first, second = pair
    first.rows("BEGIN ISOLATION LEVEL REPEATABLE READ")
    first.rows("SELECT 1 FROM butler.collection")
    second.call("freeze_collection", "r/one")
    with refused("UB601", "read committed"):
        first.rows(*put_into(dataset("raw", RAW)))
    first.rows("ROLLBACK")


def begin_quantum(task: str = "isr") -> str:
    return f"SELECT butler.begin_quantum('r/one', '{task}', '{{\"visit\": 1}}')"


def test_two_sessions_that_begin_one_quantum_make_two_attempts(pair: Pair) -> None:
    first, second = pair
    first.rows("BEGIN")
    first.rows(begin_quantum())
    second.rows(begin_quantum("flat"))
    waiting = second.expect_blocked(begin_quantum())
    first.rows("COMMIT")
    waiting.result()
    assert first.rows("SELECT task, attempt FROM butler.quantum ORDER BY task, attempt") == [
        ("flat", 1),
        ("isr", 1),
        ("isr", 2),
    ]


END = "SELECT butler.end_quantum(%s, 'done')"


def test_a_quantum_ends_after_an_output_that_is_being_registered(pair: Pair) -> None:
    writer, ender = pair
    quantum = writer.scalar(begin_quantum())
    writer.rows("BEGIN")
    put(writer, "raw", RAW, quantum=quantum)
    waiting = ender.expect_blocked(END, quantum)
    writer.rows("COMMIT")
    waiting.result()
    assert writer.rows(
        "SELECT quantum_id, status FROM butler.dataset JOIN butler.quantum USING (quantum_id)"
    ) == [(quantum, "done")]


@pytest.mark.parametrize("what", ["output", "input"])
def test_what_waits_for_the_end_of_its_quantum_is_refused(pair: Pair, what: str) -> None:
    ender, writer = pair
    quantum = writer.scalar(begin_quantum())
    ender.rows("BEGIN")
    ender.rows(END, quantum)
    waiting = (
        writer.expect_blocked(*put_into(dataset("raw", RAW), quantum=quantum))
        if what == "output"
        else writer.expect_blocked("SELECT butler.predict_inputs(%s, '{}')", quantum)
    )
    ender.rows("COMMIT")
    with refused("UB301", f"quantum {quantum}"):
        waiting.result()
    assert writer.rows("SELECT FROM butler.dataset") == []


def test_an_input_that_comes_before_a_put_wins(pair: Pair) -> None:
    writer, planner = pair
    (one,) = put(planner, "raw", RAW, run="r/two")
    planner.rows("BEGIN")
    planner.rows("SELECT butler.associate('r/one', %s::uuid[])", [one])
    waiting = writer.expect_blocked(*put_into(dataset("raw", RAW)))
    planner.rows("COMMIT")
    with refused("UB201", f"as an input: dataset {one}", "another run"):
        waiting.result()
    assert writer.column("SELECT dataset_id FROM butler.dataset WHERE run = 'r/one'") == []

"""Puts of one statement beside each other, a freeze and a bulk load: one waits, and the rule holds whoever is first."""

from __future__ import annotations

import json
from typing import Any

import pytest
from db.session import Session, refused
from db.world import dataset
from sqlalchemy import NullPool, create_engine

from butler.schema.install import create_layer
from concurrency.conftest import Person

RAW = {"camera": "Cam", "visit": 1, "sensor": 1}

Pair = tuple[Person, Person]


def put(*datasets: dict[str, Any], run: str = "r/one") -> tuple[str, str, str]:
    return "SELECT butler.put(%s, %s)", run, json.dumps(datasets)


def raw(sensor: int = 1) -> dict[str, Any]:
    return dataset("raw", {**RAW, "sensor": sensor})


def test_of_two_puts_of_one_data_id_the_first_wins(pair: Pair) -> None:
    first, second = pair
    one = raw()
    first.rows("BEGIN")
    first.rows(*put(one))
    waiting = second.expect_blocked(*put(dataset("census", {}), raw()))
    first.rows("COMMIT")
    with refused("UB201", f"already: dataset {one['dataset_id']}", "another run"):
        waiting.result()
    assert [str(each) for each in first.column("SELECT dataset_id FROM butler.dataset")] == [
        one["dataset_id"]
    ]


def test_if_the_first_is_rolled_back_the_second_wins(pair: Pair) -> None:
    first, second = pair
    other = raw()
    first.rows("BEGIN")
    first.rows(*put(raw()))
    waiting = second.expect_blocked(*put(other))
    first.rows("ROLLBACK")
    assert waiting.result() == [(1,)]
    assert [str(each) for each in first.column("SELECT dataset_id FROM butler.dataset")] == [
        other["dataset_id"]
    ]


def test_a_put_repeated_while_the_first_is_in_flight_waits_and_changes_nothing(pair: Pair) -> None:
    first, second = pair
    given = [raw(1), raw(2)]
    first.rows("BEGIN")
    first.rows(*put(*given))
    waiting = second.expect_blocked(*put(*given))
    first.rows("COMMIT")
    assert waiting.result() == [(0,)]
    assert first.scalar("SELECT count(*) FROM butler.artifact") == 2


def test_puts_of_different_data_ids_do_not_wait(pair: Pair) -> None:
    first, second = pair
    first.rows("BEGIN")
    first.rows(*put(raw(1)))
    assert second.rows(*put(raw(2))) == [(1,)]
    first.rows("COMMIT")


def test_puts_of_the_same_data_ids_in_opposite_orders_do_not_deadlock(pair: Pair) -> None:
    first, second = pair
    first.rows("BEGIN")
    first.rows(*put(raw(1), dataset("census", {}), raw(2)))
    waiting = second.expect_blocked(*put(raw(2), dataset("census", {}), raw(1)))
    first.rows("COMMIT")
    with refused("UB201", "3 rows are wrong"):
        waiting.result()


def test_freezing_waits_for_a_put_and_the_next_finds_the_run_frozen(pair: Pair) -> None:
    writer, freezer = pair
    writer.rows("BEGIN")
    writer.rows(*put(raw(1)))
    freezing = freezer.expect_blocked("SELECT butler.freeze_collection('r/one')")
    writer.rows("COMMIT")
    freezing.result()
    freezer.rows("BEGIN")
    freezer.rows("SELECT butler.freeze_collection('r/two')")
    waiting = writer.expect_blocked(*put(raw(1), run="r/two"))
    freezer.rows("COMMIT")
    with refused("UB401", "frozen"):
        waiting.result()


def stage(loader: Session) -> None:
    loader.call("stage_datasets")
    loader.rows(
        "INSERT INTO pg_temp.butler_stage_dataset"
        " (row_number, dataset_id, camera, visit, sensor, path, formatter, size, sha256)"
        " VALUES (1, %s, 'Cam', 1, 1, 'p', 'f', 1, sha256(''))",
        raw()["dataset_id"],
    )


@pytest.mark.parametrize("put_first", [True, False])
def test_a_bulk_load_and_a_put_of_one_data_id_meet(pair: Pair, put_first: bool) -> None:
    loader, writer = pair
    one = raw()
    merge = "SELECT butler.merge_datasets('r/one', 'raw', 'main')"
    loader.rows("BEGIN")
    stage(loader)
    if put_first:
        writer.rows("BEGIN")
        writer.rows(*put(one))
        waiting = loader.expect_blocked(merge)
        writer.rows("COMMIT")
        with refused("UB201", "has it already"):
            waiting.result()
        loader.rows("ROLLBACK")
    else:
        loader.rows(merge)
        waiting = writer.expect_blocked(*put(one))
        loader.rows("COMMIT")
        with refused("UB201", "already: dataset"):
            waiting.result()


def under(root: str, given: dict[str, Any]) -> dict[str, Any]:
    return {**given, "artifacts": [{**artifact, "root": root} for artifact in given["artifacts"]]}


MOVE = "SELECT butler_common.relocate_datastore('main', 'file:///moved/')"


@pytest.mark.parametrize("registry", ["butler", "mydb"])
def test_a_put_that_waits_for_a_move_of_the_datastore_is_refused(
    database: Any, own: Session, pair: Pair, registry: str
) -> None:
    writer, _ = pair
    if registry == "mydb":
        with create_engine(database.dsn("owner"), poolclass=NullPool).begin() as connection:
            create_layer(connection, "mydb", "butler")
    writer.rows(f"SELECT {registry}.open_run('r/new')")
    given = json.dumps([under("file:///data/", raw())])
    own.rows("BEGIN")
    own.rows(MOVE)
    waiting = writer.expect_blocked(f"SELECT {registry}.put('r/new', %s)", given)
    own.rows("COMMIT")
    with refused("UB301", "written under file:///data/, where datastore 'main' isn't any more"):
        waiting.result()
    assert own.rows("SELECT FROM butler_internal.dataset") == []


def test_a_bulk_load_that_waits_for_a_move_of_the_datastore_is_refused(own: Session, pair: Pair) -> None:
    loader, _ = pair
    merge = "SELECT butler.merge_datasets('r/one', 'raw', 'main', p_root => %s)"
    own.rows("BEGIN")
    own.rows(MOVE)
    loader.rows("BEGIN")
    stage(loader)
    waiting = loader.expect_blocked(merge, "file:///data/")
    own.rows("COMMIT")
    with refused("UB301", "written under file:///data/, where datastore 'main' isn't any more", "anew"):
        waiting.result()
    loader.rows("ROLLBACK")
    loader.rows("BEGIN")
    stage(loader)
    assert loader.rows(merge, "file:///moved/") == []
    loader.rows("COMMIT")


def test_a_move_of_a_datastore_waits_for_a_put_in_flight(database: Any, pair: Pair) -> None:
    writer, _ = pair
    mover = Person(database.connect("owner"), writer._onlooker)
    writer.rows("BEGIN")
    writer.rows(*put(under("file:///data/", raw())))
    waiting = mover.expect_blocked(MOVE)
    writer.rows("COMMIT")
    assert waiting.result() == [("file:///data/",)]

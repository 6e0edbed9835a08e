"""A reaper of loose files beside puts, imports and holds: no dataset is left without its file."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from db.session import refused
from db.world import DAY, dataset, id_made

from concurrency.conftest import Person

RAW = {"camera": "Cam", "visit": 1, "sensor": 1}

Pair = tuple[Person, Person]


def put(given: dict[str, Any]) -> tuple[str, str]:
    return "SELECT butler.put('r/one', %s)", json.dumps([given])


def claim(given: dict[str, Any]) -> tuple[Any, ...]:
    return (
        "SELECT path FROM butler.claim_loose_files('main', %s, %s)",
        [given["artifacts"][0]["path"]],
        [datetime.now(UTC) - timedelta(days=30)],
    )


@pytest.fixture
def old() -> dict[str, Any]:
    return dataset("raw", RAW, dataset_id=id_made(8 * DAY))


def test_a_reaper_waits_for_a_put_in_flight_and_finds_its_dataset(pair: Pair, old: dict[str, Any]) -> None:
    writer, reaper = pair
    writer.call("hold_run", "r/one", "tomorrow")
    writer.rows("BEGIN")
    writer.rows(*put(old))
    # The hold has ended when the reaper looks: the put that it let in is waited for.
    reaper.call("release_run", "r/one")
    waiting = reaper.expect_watching(*claim(old))
    writer.rows("COMMIT")
    assert waiting.result() == []


def test_a_reaper_waits_for_a_put_in_flight_that_is_rolled_back(pair: Pair, old: dict[str, Any]) -> None:
    writer, reaper = pair
    writer.call("hold_run", "r/one", "tomorrow")
    writer.rows("BEGIN")
    writer.rows(*put(old))
    reaper.call("release_run", "r/one")
    waiting = reaper.expect_watching(*claim(old))
    writer.rows("ROLLBACK")
    assert waiting.result() == [(old["artifacts"][0]["path"],)]


def test_a_reaper_waits_for_a_bulk_load_in_flight(pair: Pair, old: dict[str, Any]) -> None:
    loader, reaper = pair
    loader.call("hold_run", "r/one", "tomorrow")
    loader.rows("BEGIN")
    loader.call("stage_datasets")
    loader.rows(
        "INSERT INTO pg_temp.butler_stage_dataset"
        " (row_number, dataset_id, camera, visit, sensor, path, formatter, size, sha256)"
        " VALUES (1, %s, 'Cam', 1, 1, %s, 'f', 1, sha256(''))",
        old["dataset_id"],
        old["artifacts"][0]["path"],
    )
    loader.rows("SELECT butler.merge_datasets('r/one', 'raw', 'main')")
    reaper.call("release_run", "r/one")
    waiting = reaper.expect_watching(*claim(old))
    loader.rows("COMMIT")
    assert waiting.result() == []


def test_a_reaper_that_has_waited_keeps_nobody_waiting(pair: Pair, old: dict[str, Any]) -> None:
    writer, reaper = pair
    writer.rows("BEGIN")
    writer.rows(*put(dataset("raw", RAW)))
    reaper.rows("BEGIN")
    waiting = reaper.expect_watching(*claim(old))
    writer.rows("COMMIT")
    assert waiting.result() == [(old["artifacts"][0]["path"],)]
    assert writer.rows(*put(dataset("raw", {**RAW, "sensor": 2}))) == [(1,)]
    reaper.rows("COMMIT")


def test_later_puts_into_a_run_do_not_wait_for_a_reaper_that_waits(
    pair: Pair, old: dict[str, Any], database: Any
) -> None:
    writer, reaper = pair
    later = Person(database.connect("writer"), writer._onlooker)
    later.rows("SET lock_timeout = '10s'")
    writer.rows("BEGIN")
    writer.rows(*put(dataset("raw", RAW)))
    waiting = reaper.expect_watching(*claim(old))
    later.rows("BEGIN")
    assert later.rows(*put(dataset("raw", {**RAW, "sensor": 2}))) == [(1,)]
    assert waiting.alive
    writer.rows("COMMIT")
    # Nor does the reaper wait for a put that has begun since.
    assert waiting.result() == [(old["artifacts"][0]["path"],)]
    later.rows("COMMIT")


def test_a_late_put_is_refused_while_its_file_is_being_deleted(pair: Pair, old: dict[str, Any]) -> None:
    writer, reaper = pair
    reaper.rows("BEGIN")
    assert reaper.rows(*claim(old)) == [(old["artifacts"][0]["path"],)]
    with refused("UB402", "may be gone"):
        writer.rows(*put(old))
    waiting = writer.expect_blocked("SELECT butler.hold_run('r/one', 'tomorrow')")
    reaper.rows("COMMIT")
    waiting.result()


def test_a_hold_is_not_ended_while_a_reaper_is_at_work(pair: Pair, old: dict[str, Any]) -> None:
    holder, reaper = pair
    holder.call("hold_run", "r/one", "tomorrow")
    reaper.rows("BEGIN")
    assert reaper.rows(*claim(old)) == []
    waiting = holder.expect_blocked("SELECT butler.release_run('r/one')")
    reaper.rows("COMMIT")
    assert waiting.result() == [(True,)]


def test_a_reaper_finds_the_hold_that_it_waited_for(pair: Pair, old: dict[str, Any]) -> None:
    holder, reaper = pair
    holder.rows("BEGIN")
    holder.call("hold_run", "r/one", "tomorrow")
    waiting = reaper.expect_blocked(*claim(old))
    holder.rows("COMMIT")
    assert waiting.result() == []

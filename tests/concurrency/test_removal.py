"""Removing what another makes use of at the same moment."""

from __future__ import annotations

import json
import time
from typing import Any
from uuid import UUID

import pytest
from db.session import refused
from db.world import dataset, put

from concurrency.conftest import Person

RAW = {"camera": "Cam", "visit": 1, "sensor": 1}

Pair = tuple[Person, Person]


def test_a_dataset_that_is_being_tagged_is_kept(pair: Pair) -> None:
    tagger, remover = pair
    (one,) = put(tagger, "raw", RAW)
    tagger.rows("BEGIN")
    tagger.rows("SELECT butler.associate('best', %s::uuid[])", [one])
    waiting = remover.expect_blocked("SELECT outcome, reason FROM butler.remove(%s::uuid[])", [one])
    tagger.rows("COMMIT")
    assert waiting.result() == [("kept", "in best")]


def test_a_dataset_that_is_being_removed_can_t_be_tagged(pair: Pair) -> None:
    remover, tagger = pair
    (one,) = put(tagger, "raw", RAW)
    remover.rows("BEGIN")
    remover.rows("SELECT butler.remove(%s::uuid[])", [one])
    waiting = tagger.expect_blocked("SELECT butler.associate('best', %s::uuid[])", [one])
    remover.rows("COMMIT")
    with refused("UB101", f"no dataset {one}"):
        waiting.result()


@pytest.mark.parametrize("verb", ["remove", "unstore"])
def test_of_two_removals_one_finds_it_done(pair: Pair, verb: str) -> None:
    first, second = pair
    (one,) = put(first, "raw", RAW)
    sql = f"SELECT outcome FROM butler.{verb}(%s::uuid[])"
    first.rows("BEGIN")
    first.rows(sql, [one])
    waiting = second.expect_blocked(sql, [one])
    first.rows("COMMIT")
    assert waiting.result() == [("done before",)]


def test_a_put_in_flight_is_in_the_run_before_the_run_is_removed(pair: Pair) -> None:
    writer, remover = pair
    writer.rows("BEGIN")
    put(writer, "raw", RAW)
    waiting: Any = remover.expect_blocked("SELECT outcome FROM butler.remove_collection('r/one', true)")
    writer.rows("COMMIT")
    assert waiting.result() == [("removed",), ("collection removed",)]


def test_what_is_being_restored_isn_t_deleted(pair: Pair, own: Any) -> None:
    restorer, _ = pair
    (one,) = put(restorer, "raw", RAW)
    restorer.rows("SELECT butler.unstore(%s::uuid[])", [one])
    restorer.rows("BEGIN")
    restorer.rows("SELECT butler.restore(%s::uuid[])", [one])
    assert own.table("claim_trash", "main", "0", 10) == []
    restorer.rows("COMMIT")
    assert own.table("claim_trash", "main", "0", 10) == []


def test_what_is_being_deleted_isn_t_restored(pair: Pair, own: Any) -> None:
    restorer, _ = pair
    (one,) = put(restorer, "raw", RAW)
    restorer.rows("SELECT butler.unstore(%s::uuid[])", [one])
    own.rows("BEGIN")
    own.rows("SELECT butler.claim_trash('main', '0', 10)")
    waiting = restorer.expect_blocked("SELECT butler.restore(%s::uuid[])", [one])
    own.rows("COMMIT")
    with refused("UB402", "deleted"):
        waiting.result()


NIGHT = "night/whole.fits"
HOLD = "SELECT dataset_id FROM butler.hold_trash('main', %s::uuid[])"
DROP = "SELECT butler.drop_trash('main', %s::uuid[])"
REGISTER = "SELECT butler.put('r/one', %s)"


def file_of_the_night() -> tuple[UUID, str]:
    """A dataset, and how it is registered with a file whose name doesn't carry its id."""
    given = dataset("raw", RAW, path=NIGHT)
    return UUID(given["dataset_id"]), json.dumps([given])


@pytest.fixture
def trashed(pair: Pair, own: Any) -> Any:
    """A dataset whose deletion has begun: claimed, with its file still there."""
    writer, _ = pair
    one, registered = file_of_the_night()
    writer.rows(REGISTER, registered)
    writer.rows("SELECT butler.remove(%s::uuid[])", [one])
    assert [row["delete_bytes"] for row in own.table("claim_trash", "main", "0", 10)] == [True]
    return one


def test_while_one_deletes_a_file_no_other_can_end_it_and_nobody_registers_it_anew(
    pair: Pair, own: Any, trashed: Any
) -> None:
    slow, quick = pair
    slow.rows("BEGIN")
    assert slow.column(HOLD, [trashed]) == [trashed]
    assert own.table("claim_trash", "main", "0", 10) == []
    assert quick.column(HOLD, [trashed]) == []
    waiting = quick.expect_blocked(DROP, [trashed])
    _, registered = file_of_the_night()
    with refused("UB201", f"{NIGHT} is being deleted", "Try again"):
        own.rows(REGISTER, registered)
    slow.rows(DROP, [trashed])
    slow.rows("COMMIT")
    assert waiting.result() == [(0,)]
    own.rows(REGISTER, registered)


def test_what_another_has_ended_meanwhile_isn_t_held(pair: Pair, trashed: Any) -> None:
    slow, quick = pair
    quick.rows("BEGIN")
    assert quick.column(HOLD, [trashed]) == [trashed]
    quick.rows(DROP, [trashed])
    assert slow.column(HOLD, [trashed]) == []
    quick.rows("COMMIT")
    assert slow.column(HOLD, [trashed]) == []


def test_what_one_held_that_died_is_given_to_the_next(pair: Pair, own: Any, trashed: Any) -> None:
    died, following = pair
    died.rows("BEGIN")
    assert died.column(HOLD, [trashed]) == [trashed]
    died.connection.close()
    while not (claimed := own.table("claim_trash", "main", "0", 10)):
        time.sleep(0.01)  # until the server has noticed
    assert [row["dataset_id"] for row in claimed] == [trashed]
    assert following.column(HOLD, [trashed]) == [trashed]


def test_the_trash_isn_t_held_under_another_isolation_level(pair: Pair, trashed: Any) -> None:
    one, _ = pair
    with refused("UB601", "read committed"), one.transaction("REPEATABLE READ"):
        one.rows(HOLD, [trashed])


def test_an_input_isn_t_given_back_to_a_run_that_is_making_one_of_its_name(pair: Pair) -> None:
    writer, restorer = pair
    (read,) = put(writer, "raw", RAW)
    writer.rows("SELECT butler.associate('r/two', %s::uuid[])", [read])
    writer.rows("SELECT butler.remove(%s::uuid[], '', true)", [read])
    writer.rows("BEGIN")
    (made,) = put(writer, "raw", RAW, run="r/two")
    waiting = restorer.expect_blocked("SELECT butler.restore(%s::uuid[])", [read])
    writer.rows("COMMIT")
    with refused("UB201", f"{read}.*has made dataset {made}"):
        waiting.result()


def test_a_chain_that_is_being_frozen_keeps_its_members(pair: Pair) -> None:
    freezer, remover = pair
    freezer.call("set_chain", "all", ["r/two"])
    freezer.rows("BEGIN")
    freezer.rows("SELECT butler.freeze_collection('all')")
    waiting = remover.expect_blocked("SELECT butler.remove_collection('r/two', true)")
    freezer.rows("COMMIT")
    with refused("UB401", "a chain that has 'r/two' was frozen meanwhile"):
        waiting.result()
    assert freezer.column("SELECT member FROM butler.collection_chain") == ["r/two"]

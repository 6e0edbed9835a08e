"""What two sessions change at once is counted as it is in the end, and nobody waits for a count."""

from __future__ import annotations

import threading
from typing import Any
from uuid import UUID

import pytest
from db.counting import as_counted, as_it_is, misses
from db.session import Json, Session
from db.world import dataset, put

from concurrency.conftest import Person

NOTE = {"label": "twilight"}
Pair = tuple[Person, Person]


def in_two_pieces(session: Session) -> UUID:
    given = dataset("note", NOTE, "image", "mask")
    session.call("put", "r/one", [given])
    return UUID(given["dataset_id"])


def lose(session: Session, dataset_id: UUID, component: str) -> tuple[str, str, Json]:
    given = [{"dataset_id": str(dataset_id), "component": component, "fault": "missing"}]
    return "SELECT butler.mark_lost(%s, %s)", "main", Json(given)


def agree(own: Session) -> bool:
    return as_counted(own) == as_it_is(own) and misses(own) == []


def test_two_pieces_of_one_dataset_are_lost_at_once(pair: Pair, own: Session) -> None:
    first, second = pair
    made = in_two_pieces(first)
    with first.transaction():
        first.rows(*lose(first, made, "image"))
        waiting = second.expect_blocked(*lose(second, made, "mask"))
    assert waiting.result() == [(1,)]
    assert own.rows("SELECT state, datasets, artifacts FROM butler.storage_use") == [("lost", 1, 2)]
    assert agree(own)


@pytest.mark.parametrize("lost_first", [True, False])
def test_a_dataset_is_given_up_while_a_piece_of_it_is_lost(
    pair: Pair, own: Session, lost_first: bool
) -> None:
    first, second = pair
    made = in_two_pieces(first)
    losing = lose(first, made, "image")
    giving_up = ("SELECT butler.unstore(%s::uuid[])", [made])
    begun, later = (losing, giving_up) if lost_first else (giving_up, losing)
    with first.transaction():
        first.rows(*begun)
        waiting = second.expect_blocked(*later)
    waiting.result()
    assert sorted(own.column("SELECT state FROM butler.storage_use")) == ["lost", "trashed"]
    assert agree(own)


def test_pieces_of_one_dataset_are_changed_at_once_by_hand(pair: Pair, own: Session, database: Any) -> None:
    """Past the functions, which lock the dataset first: the trigger locks it."""
    made = in_two_pieces(pair[0])
    onlooker = Session(database.connect("superuser"))
    first, second = (Person(database.connect("owner"), onlooker) for _ in range(2))
    statement = "UPDATE butler_internal.artifact SET state = 'lost' WHERE component = %s"
    with first.transaction():
        first.rows(statement, "image")
        waiting = second.expect_blocked(statement, "mask")
    waiting.result()
    assert own.rows("SELECT state, datasets FROM butler.storage_use") == [("lost", 1)]
    assert made
    assert agree(own)


def test_a_put_and_a_fold_wait_for_nobody(pair: Pair, own: Session) -> None:
    first, second = pair
    put(first, "note", NOTE)
    with first.transaction():
        put(first, "note", NOTE, run="r/two")
        assert second.call("fold_storage_use") == 2
        with second.transaction():
            put(second, "note", NOTE, run="r/three")
            assert second.call("fold_storage_use") == 2
            put(first, "note", NOTE, run="r/four")
            assert first.call("fold_storage_use") == 0  # the other one does it
            assert agree(own)
        assert agree(own)
    assert agree(own)
    assert second.call("fold_storage_use") == 4
    assert own.rows("SELECT FROM butler_internal.storage_change") == []
    assert agree(own)


def test_one_that_counts_anew_corrects_nothing_that_another_has(pair: Pair, own: Session) -> None:
    first, second = pair
    put(first, "note", NOTE)
    own.rows("DELETE FROM butler_internal.storage_change")
    with first.transaction():
        assert first.call("recompute_storage_use") == 2
        waiting = second.expect_blocked("SELECT butler.recompute_storage_use()")
        put(own, "note", NOTE, run="r/two")
    assert waiting.result() == [(0,)]
    assert agree(own)


def test_counts_are_right_in_every_snapshot_while_many_write(database: Any, own: Session) -> None:
    """Puts, removals and folds at once, and one who asks all the time."""
    failures: list[Exception] = []

    def work(n: int) -> None:
        session = Session(database.connect("writer"))
        try:
            for turn in range(30):
                (made,) = put(session, "note", NOTE, run=f"r/{n}-{turn}")
                session.rows("SELECT butler.remove(%s::uuid[], '', false, false)", [made])
                if turn % 3:
                    session.rows("SELECT butler.restore(%s::uuid[])", [made])
                session.call("fold_storage_use")
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(3)]
    for thread in threads:
        thread.start()
    looks = 0
    while any(thread.is_alive() for thread in threads):
        assert misses(own) == []
        looks += 1
    for thread in threads:
        thread.join()
    assert failures == []
    assert looks > 3
    assert agree(own)

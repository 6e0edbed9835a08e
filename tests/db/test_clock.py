"""The server's clock steps back, and what was read as of a time that has passed is read as of it again.

Nobody sets a clock here: rows say what they would if it had been ahead.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from db.bulk import row, stage_and_merge
from db.session import Session
from db.world import put

RAW = {"camera": "Cam", "visit": 1, "sensor": 1}
OTHER = {"camera": "Cam", "visit": 1, "sensor": 2}
AHEAD = "interval '1 hour'"


@pytest.fixture
def one(write: Session) -> UUID:
    (one,) = put(write, "raw", RAW)
    return one


def set_the_clock_back(own: Session) -> None:
    """All that is there was done an hour later."""
    own.rows(
        f"UPDATE butler_internal.collection SET changed = changed + {AHEAD}, put_until = put_until + {AHEAD}"
    )
    own.rows(f"UPDATE butler_internal.dataset SET created = created + {AHEAD}, changed = changed + {AHEAD}")
    own.rows(
        "UPDATE butler_internal.dataset_tag SET known ="
        f" tstzrange(lower(known) + {AHEAD}, CASE WHEN NOT upper_inf(known) THEN upper(known) + {AHEAD} END)"
    )


def created(session: Session, *ids: UUID) -> list[Any]:
    return [
        session.scalar("SELECT created FROM butler.dataset WHERE dataset_id = %s", dataset_id)
        for dataset_id in ids
    ]


def seen(session: Session, as_of: Any, collection: str = "r/one") -> set[UUID]:
    rows = session.table("query_datasets", "raw", [collection], {}, True, as_of)
    return {found["dataset_id"] for found in rows}


def test_a_put_is_dated_after_those_before_it(write: Session, own: Session, one: UUID) -> None:
    (soon,) = put(write, "bias", {"camera": "Cam", "sensor": 1})
    set_the_clock_back(own)
    (pinned,) = created(write, soon)
    before = seen(write, pinned)
    later = [put(write, "raw", {**OTHER, "camera": camera})[0] for camera in ("Cam", "Spec")]
    times = created(write, one, soon, *later)
    assert times == sorted(set(times)), "each later than the one before"
    assert seen(write, pinned) == before == {one}


def test_a_bulk_load_is_dated_after_the_puts_before_it(write: Session, own: Session, one: UUID) -> None:
    set_the_clock_back(own)
    with write.transaction():
        for sensor in (1, 2):
            stage_and_merge(write, row(sensor, sensor), run="r/one", dataset_type="bias")
    loaded = write.column("SELECT created FROM butler.dataset WHERE dataset_type = 'bias' ORDER BY sensor")
    assert created(write, one)[0] < loaded[0] < loaded[1]


STAMPS = {
    "associate": "SELECT butler.associate('r/one', %(ids)s::uuid[])",
    "disassociate": "SELECT butler.disassociate('r/one', %(ids)s::uuid[])",
    "freeze": "SELECT butler.freeze_collection('r/one'), butler.freeze_collection('r/one', false)",
    "unstore": "SELECT butler.unstore(%(mine)s::uuid[])",
    "remove": "SELECT butler.remove(%(mine)s::uuid[])",
}


@pytest.mark.parametrize("stamp", STAMPS)
def test_a_put_is_dated_after_every_other_change_of_its_run_to_the_microsecond(
    write: Session, own: Session, one: UUID, stamp: str
) -> None:
    input_ids = put(write, "raw", {**RAW, "camera": "Spec"}, run="r/two")
    with write.connection.cursor() as cursor:
        cursor.execute(STAMPS[stamp], {"ids": input_ids, "mine": [one]})
    # By less than puts notice among themselves.
    own.rows("UPDATE butler_internal.collection SET changed = changed + interval '5 seconds'")
    pinned = own.scalar("SELECT changed FROM butler_internal.collection WHERE collection = 'r/one'")
    before = seen(write, pinned)
    (later,) = put(write, "raw", OTHER)
    assert created(write, later)[0] > pinned
    assert seen(write, pinned) == before


def test_a_change_is_dated_after_the_puts_before_it(write: Session, own: Session, one: UUID) -> None:
    set_the_clock_back(own)
    write.call("freeze_collection", "r/one")
    frozen = write.scalar("SELECT changed FROM butler.collection WHERE collection = 'r/one'")
    assert frozen > created(write, one)[0]
    assert seen(write, frozen) == {one}


def test_a_run_that_was_not_touched_meanwhile_has_the_clock_s_time(write: Session, own: Session) -> None:
    put(write, "raw", RAW, run="r/two")
    own.rows(
        f"UPDATE butler_internal.collection SET put_until = put_until + {AHEAD} WHERE collection = 'r/two'"
    )
    ids = put(write, "raw", RAW)
    assert write.scalar(
        "SELECT created BETWEEN clock_timestamp() - interval '1 hour' AND clock_timestamp()"
        " FROM butler.dataset WHERE dataset_id = %s",
        ids[0],
    )


def test_a_clock_that_goes_forward_is_believed(write: Session, own: Session, one: UUID) -> None:
    set_the_clock_back(own)
    own.rows(
        f"UPDATE butler_internal.collection SET changed = changed - {AHEAD}, put_until = put_until - 2 * {AHEAD}"
    )
    (later,) = put(write, "raw", OTHER)
    assert write.scalar(
        "SELECT created <= clock_timestamp() FROM butler.dataset WHERE dataset_id = %s", later
    )
    assert own.scalar(
        "SELECT put_until BETWEEN clock_timestamp() AND clock_timestamp() + interval '10 seconds'"
        " FROM butler_internal.collection WHERE collection = 'r/one'"
    )

"""What the tables say of calibrations, and keep, even from the owner and around every function."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from db.session import Session, refused
from db.world import put

BIAS: dict[str, Any] = {"camera": "Cam", "sensor": 1}
FLAT: dict[str, Any] = {**BIAS, "physical_filter": "Cam-r"}
ALWAYS = "[2026-03-01,)"
"""Believed since a day in March."""


@pytest.fixture(autouse=True)
def calib(write: Session) -> None:
    write.call("register_collection", "calib", "calibration")


def key(own: Session, dataset_type: str, collection: str = "calib", **units: Any) -> int:
    columns, marks = ("".join(f", {word}" for word in words) for words in (units, ["%s"] * len(units)))
    number: int = own.scalar(
        f"INSERT INTO butler_internal.calibration_key (collection_id, dataset_type_id{columns})"
        f" SELECT c.collection_id, t.dataset_type_id{marks}"
        " FROM butler_internal.collection AS c, butler_internal.dataset_type AS t"
        " WHERE c.collection = %s AND t.dataset_type = %s RETURNING calibration_key_id",
        *units.values(),
        collection,
        dataset_type,
    )
    return number


def certify(
    own: Session, of: int, dataset: UUID | None, valid: str = "(,)", known: str = ALWAYS, reason: str = ""
) -> None:
    own.rows(
        "INSERT INTO butler_internal.calibration (calibration_key_id, dataset_id, valid, known, actor, reason)"
        " VALUES (%s, %s, %s, %s, 'me', %s)",
        of,
        dataset,
        valid,
        known,
        reason,
    )


def end_belief(own: Session, dataset: UUID) -> None:
    own.rows(
        "UPDATE butler_internal.calibration SET known = tstzrange(lower(known), '2026-04-01') WHERE dataset_id = %s",
        dataset,
    )


def test_a_key_has_the_digest_of_the_data_id_that_it_spells_out(own: Session, write: Session) -> None:
    (bias,), (flat,) = put(write, "bias", BIAS), put(write, "flat", FLAT)
    certify(own, key(own, "bias", **BIAS), bias)
    certify(own, key(own, "flat", **FLAT), flat)
    assert write.rows(
        "SELECT b.dataset_type, b.camera, b.sensor, b.physical_filter, b.dataset_id = d.dataset_id"
        " FROM butler.calibration AS b JOIN butler.dataset AS d USING (dataset_type, camera, sensor) ORDER BY 1"
    ) == [("bias", "Cam", 1, None, True), ("flat", "Cam", 1, "Cam-r", True)]


@pytest.mark.parametrize(
    ("dataset_type", "units", "constraint"),
    [
        ("bias", {"camera": "Cam", "sensor": 77}, "fk_calibration_key_physical_sensor"),
        ("flat", {**BIAS, "physical_filter": "Spec-r"}, "fk_calibration_key_physical_filter"),
        ("bias", {"camera": "Cam"}, "fk_calibration_key_dataset_type"),
        ("bias", FLAT, "fk_calibration_key_dataset_type"),
        ("raw", BIAS, "fk_calibration_key_dataset_type"),
    ],
    ids=["no such sensor", "another camera's filter", "without the sensor", "a filter more", "of a visit"],
)
def test_a_key_of_what_there_is_not_is_refused(
    own: Session, dataset_type: str, units: dict[str, Any], constraint: str
) -> None:
    with refused("23503", constraint=constraint):
        key(own, dataset_type, **units)


def test_a_calibration_may_be_of_a_camera_as_a_whole(own: Session, write: Session) -> None:
    write.call("register_dataset_type", "camera_model", "Dict", ["camera"], "")
    (model,) = put(write, "camera_model", {"camera": "Cam"})
    certify(own, key(own, "camera_model", camera="Cam"), model)
    assert write.rows("SELECT camera, sensor, dataset_id FROM butler.calibration") == [("Cam", None, model)]


def test_two_calibrations_are_not_believed_of_the_same_time(own: Session, write: Session) -> None:
    (one,), (other,) = put(write, "bias", BIAS), put(write, "bias", BIAS, run="r/two")
    of = key(own, "bias", **BIAS)
    certify(own, of, one, "[2026-01-01,2026-02-01)")
    certify(own, of, other, "[2026-02-01,2026-03-01)")
    certify(own, of, other, "[2026-01-01,2026-02-01)", "[2026-02-01,2026-03-01)")
    with refused("23P01", constraint="ex_calibration_valid"):
        certify(own, of, other, "[2026-01-31,2026-02-01)")
    with refused("23P01", constraint="ex_calibration_valid"):
        certify(own, of, None, "[2026-01-31,2026-02-01)", reason="fogged")


@pytest.mark.parametrize(
    "valid",
    [
        "empty",
        "[2026-01-01,2026-02-01]",
        "(2026-01-01,2026-02-01)",
        "[2026-01-01,infinity)",
        "[-infinity,2026-01-01)",
        "[0044-03-15 BC,2026-01-01)",
        "[2026-01-01,37000-01-01)",
    ],
)
def test_validity_is_half_open_and_its_ends_are_written_one_way(
    own: Session, write: Session, valid: str
) -> None:
    (one,) = put(write, "bias", BIAS)
    with refused("23514", constraint="ck_calibration_valid"):
        certify(own, key(own, "bias", **BIAS), one, valid)


@pytest.mark.parametrize(
    "known",
    ["empty", "(,)", "(2026-01-01,)", "[2026-01-01,2026-02-01]", "[2026-01-01,infinity)", "[-infinity,)"],
)
def test_what_is_believed_now_is_written_one_way(own: Session, write: Session, known: str) -> None:
    (one,) = put(write, "bias", BIAS)
    with refused("23514", constraint="ck_calibration_known"):
        certify(own, key(own, "bias", **BIAS), one, known=known)


@pytest.mark.parametrize("valid", ["(,)", "[2026-01-01,)", "(,2026-01-01)", "[2026-01-01,2026-01-02)"])
def test_validity_may_be_open_at_either_end(own: Session, write: Session, valid: str) -> None:
    (one,) = put(write, "bias", BIAS)
    certify(own, key(own, "bias", **BIAS), one, valid)
    assert write.column(
        "SELECT dataset_id FROM butler.calibration WHERE known @> 'infinity'::timestamptz AND valid && '[2026-01-01 01:00,2026-01-02)'"
        " OR valid @> '2025-12-31'::timestamp"
    ) == [one]


def test_that_there_is_none_is_said_by_a_row_without_a_dataset_and_with_a_reason(
    own: Session, write: Session
) -> None:
    of = key(own, "bias", **BIAS)
    with refused("23514", constraint="ck_calibration_reason"):
        certify(own, of, None, "[2026-01-01,2026-02-01)")
    certify(own, of, None, "[2026-01-01,2026-02-01)", reason="fogged")
    assert write.rows("SELECT sensor, dataset_id, reason FROM butler.calibration") == [(1, None, "fogged")]
    assert write.rows("SELECT FROM butler.dataset_collection WHERE collection_type = 'calibration'") == []


def test_a_dataset_that_is_valid_twice_is_in_its_collection_once_and_as_long_as_it_is_believed(
    own: Session, write: Session
) -> None:
    (one,) = put(write, "bias", BIAS)
    of = key(own, "bias", **BIAS)
    certify(own, of, one, "[2026-01-01,2026-02-01)")
    certify(own, of, one, "[2026-03-01,2026-04-01)")
    held = "SELECT collection FROM butler.dataset_collection WHERE dataset_id = %s AND collection_type = 'calibration'"
    assert write.column(held, one) == ["calib"]
    end_belief(own, one)
    assert write.column(held, one) == []


def test_only_a_calibration_collection_certifies(own: Session, write: Session) -> None:
    (one,) = put(write, "bias", BIAS)
    with refused("UB401", "best certifies nothing: it is a tagged collection", "calibration collection"):
        certify(own, key(own, "bias", "best", **BIAS), one)


def test_only_what_has_the_type_and_data_id_of_the_key_is_certified(own: Session, write: Session) -> None:
    (other_sensor,), (flat,) = put(write, "bias", {**BIAS, "sensor": 2}), put(write, "flat", FLAT)
    of = key(own, "bias", **BIAS)
    for wrong in (other_sensor, flat):
        with refused("UB301", f"dataset {wrong} is not the bias that is certified in calib", "data ID"):
            certify(own, of, wrong)
    with refused("23503", constraint="fk_calibration_dataset"):
        certify(own, of, UUID(int=5))


@pytest.mark.parametrize("verb", ["unstore", "remove"])
def test_only_what_is_there_is_certified(own: Session, write: Session, verb: str) -> None:
    (one,) = put(write, "bias", BIAS)
    write.table(verb, [one])
    with refused("UB101", f"dataset {one} is {verb}d, and can't be certified in calib", "Restore"):
        certify(own, key(own, "bias", **BIAS), one)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE butler_internal.calibration SET valid = '[2026-01-01,)'",
        "UPDATE butler_internal.calibration SET dataset_id = NULL, reason = 'fogged'",
        "UPDATE butler_internal.calibration SET reason = 'better'",
        "UPDATE butler_internal.calibration SET known = '[2026-02-01,2026-04-01)'",
        "DELETE FROM butler_internal.calibration",
    ],
)
def test_what_was_believed_is_changed_and_removed_by_nobody(
    own: Session, write: Session, change: str
) -> None:
    (one,) = put(write, "bias", BIAS)
    certify(own, key(own, "bias", **BIAS), one)
    with refused("UB401", f"what calib says of dataset {one} is kept as it was believed", "another row"):
        own.rows(change)


def test_a_belief_ends_once(own: Session, write: Session) -> None:
    (one,) = put(write, "bias", BIAS)
    certify(own, key(own, "bias", **BIAS), one)
    end_belief(own, one)
    with refused("UB401", f"what calib says of dataset {one} is kept", "another row"):
        own.rows("UPDATE butler_internal.calibration SET known = '[2026-03-01,)'")


def test_a_key_stays_as_it_is(own: Session) -> None:
    key(own, "bias", **BIAS)
    for change in (
        "UPDATE butler_internal.calibration_key SET sensor = 2",
        "DELETE FROM butler_internal.calibration_key",
    ):
        with refused("UB401", "a key of calib is kept", "another key"):
            own.rows(change)
    with refused("UB401", "rows of calibration", "Withdraw"):
        own.rows("TRUNCATE butler_internal.calibration, butler_internal.calibration_key")


@pytest.mark.parametrize("verb", ["unstore", "remove"])
def test_what_was_certified_once_is_kept_even_with_force(own: Session, write: Session, verb: str) -> None:
    (one,) = put(write, "bias", BIAS)
    certify(own, key(own, "bias", **BIAS), one)

    def outcome() -> list[tuple[Any, ...]]:
        return write.rows(f"SELECT outcome, reason, dataset_ids FROM butler.{verb}(%s, 'old', true)", [one])

    assert outcome() == [("kept", "certified in calib", [one])]
    with refused("UB401", "certifies calibrations", "Withdraw"):
        write.table("remove_collection", "calib")
    end_belief(own, one)
    assert outcome() == [("kept", "once certified in calib", [one])]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE butler_internal.dataset SET state = 'removed', changed = now()",
        "DELETE FROM butler_internal.dataset",
    ],
)
def test_what_was_certified_once_is_kept_from_who_goes_around_the_functions(
    own: Session, write: Session, change: str
) -> None:
    (one,) = put(write, "bias", BIAS)
    own.rows("DELETE FROM butler_internal.artifact")
    certify(own, key(own, "bias", **BIAS), one)
    with refused("UB401", f"dataset {one} is certified in calib", "withdraw"):
        own.rows(change)
    end_belief(own, one)
    with refused("UB401", f"dataset {one} is kept, as it was once certified in calib", "earlier time"):
        own.rows(change)
    assert write.column("SELECT dataset_id FROM butler.dataset") == [one]


def test_datasets_are_not_associated_with_a_calibration_collection_and_it_says_why(write: Session) -> None:
    (bias,) = put(write, "bias", BIAS)
    with refused("UB202", "'calib' is a calibration collection", "with times"):
        write.rows("SELECT butler.associate('calib', %s::uuid[])", [bias])

"""A certification and a removal of the same dataset: whoever is first, no certified dataset is removed."""

from __future__ import annotations

from uuid import UUID

import pytest
from db.session import Session, refused
from db.world import put

from butler.testing.databases import Database
from concurrency.conftest import Person

CERTIFY = (
    "INSERT INTO butler_internal.calibration (calibration_key_id, dataset_id, valid, known, actor)"
    " SELECT k.calibration_key_id, %s, '(,)', '[2026-03-01,)', 'me' FROM butler_internal.calibration_key AS k"
)


@pytest.fixture
def bias(own: Session, write: Session) -> UUID:
    """A dataset, with a key to certify it by."""
    write.call("register_collection", "calib", "calibration")
    own.rows(
        "INSERT INTO butler_internal.calibration_key (collection_id, dataset_type_id, camera, sensor)"
        " SELECT c.collection_id, t.dataset_type_id, 'Cam', 1"
        " FROM butler_internal.collection AS c, butler_internal.dataset_type AS t"
        " WHERE c.collection = 'calib' AND t.dataset_type = 'bias'"
    )
    (one,) = put(write, "bias", {"camera": "Cam", "sensor": 1})
    return one


@pytest.fixture
def owner(database: Database) -> Person:
    return Person(database.connect("owner"), Session(database.connect("superuser")))


def test_a_removal_waits_for_a_certification_and_is_refused(
    pair: tuple[Person, Person], owner: Person, bias: UUID
) -> None:
    writer, reader = pair
    owner.rows("BEGIN")
    owner.rows(CERTIFY, bias)
    waiting = writer.expect_blocked("SELECT butler.remove(%s)", [bias])
    owner.rows("COMMIT")
    with refused("UB401", f"dataset {bias} is certified in calib", "withdraw"):
        waiting.result()
    assert reader.column(
        "SELECT dataset_id FROM butler.calibration JOIN butler.dataset USING (dataset_id)"
    ) == [bias]


def test_a_certification_waits_for_a_removal_and_is_refused(
    pair: tuple[Person, Person], owner: Person, bias: UUID
) -> None:
    writer, reader = pair
    writer.rows("BEGIN")
    writer.rows("SELECT butler.remove(%s)", [bias])
    waiting = owner.expect_blocked(CERTIFY, bias)
    writer.rows("COMMIT")
    with refused("UB101", f"dataset {bias} is removed, and can't be certified", "another one"):
        waiting.result()
    assert reader.rows("SELECT FROM butler.calibration") == []


def test_a_certification_waits_for_a_removal_that_is_rolled_back_and_holds(
    pair: tuple[Person, Person], owner: Person, bias: UUID
) -> None:
    writer, reader = pair
    writer.rows("BEGIN")
    writer.rows("SELECT butler.remove(%s)", [bias])
    waiting = owner.expect_blocked(CERTIFY, bias)
    writer.rows("ROLLBACK")
    waiting.result()
    assert reader.column("SELECT dataset_id FROM butler.calibration") == [bias]

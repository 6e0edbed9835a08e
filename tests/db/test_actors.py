"""Who did something is the role that was set, as a service sets that of whom it serves, or else the login."""

from __future__ import annotations

from typing import Any

import pytest

from butler.schema.objects import sql_root
from db.session import Json, Session, refused
from db.world import dataset, put

RAW = {"camera": "Cam", "visit": 1, "sensor": 1}


@pytest.fixture
def service(database: Any) -> Session:
    """A login that may be everybody, and is the writer now."""
    session = Session(database.connect("superuser"))
    session.rows("SET ROLE butler_writer")
    return session


def test_what_it_does_is_recorded_as_the_writer_s(service: Session, own: Session) -> None:
    service.call("open_run", "r/served")
    service.call("hold_run", "r/served", "tomorrow")
    unstored = put(service, "raw", RAW, {**RAW, "sensor": 2})
    removed = put(service, "note", {"label": "twilight"})
    lost = put(service, "background", {"skymap": "rings", "tract": 1})
    service.rows("SELECT * FROM butler.unstore(%s)", unstored)
    service.rows("SELECT * FROM butler.remove(%s)", removed)
    service.rows(
        "SELECT butler.mark_lost('main', %s)",
        Json([{"dataset_id": str(lost[0]), "component": "", "fault": "missing"}]),
    )
    service.rows("SELECT * FROM butler.remove_collection('best')")
    told = {
        "owner": own.column("SELECT owner FROM butler.collection WHERE collection = 'r/served'"),
        "holder": own.column("SELECT held_by FROM butler.run_hold"),
        "removers": own.column(
            "SELECT DISTINCT changed_by FROM butler_internal.dataset WHERE changed_by IS NOT NULL"
        ),
        "finder": own.column("SELECT found_by FROM butler.lost_artifact"),
        "collection": own.column(
            "SELECT removed_by FROM butler_internal.collection WHERE removed_by IS NOT NULL"
        ),
    }
    assert told == {what: ["butler_writer"] for what in told}
    assert service.call("release_run", "r/served")


def test_it_has_the_rights_of_the_role_that_was_set(service: Session, own: Session) -> None:
    with refused("UB401", "only the owner may delete it sooner"):
        service.table("claim_trash", "main", "0", 10)
    assert own.table("claim_trash", "main", "0", 10) == []


def test_a_role_that_was_set_loads_in_bulk(service: Session) -> None:
    with service.transaction():
        service.call("stage_datasets")
        service.rows(
            "INSERT INTO pg_temp.butler_stage_dataset (row_number, dataset_id, path, formatter, size, sha256)"
            " VALUES (1, %s, 'p', 'f', 1, sha256(''))",
            dataset("census", {})["dataset_id"],
        )
        assert service.table("merge_datasets", "r/one", "census", "main") == []


def test_nobody_says_who_he_is(write: Session) -> None:
    with refused("42501"):
        write.rows("SET ROLE butler_owner")
    with refused("42501"):
        write.rows("SELECT set_config('role', 'butler_owner', true)")


def test_one_function_says_who_acts_and_of_the_login_only_records_ask_beside() -> None:
    named = [
        file.name
        for folder in ("common", "functions", "triggers", "views")
        for file in (sql_root() / folder).rglob("*.sql")
        if "session_user" in file.read_text(encoding="utf-8")
    ]
    assert sorted(named) == ["actor.sql", "is_own.sql", "record.sql"]

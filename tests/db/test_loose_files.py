"""Which files that no dataset has may be deleted."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import NullPool, create_engine

from butler.schema.install import create_layer
from db.session import Json, Session, refused
from db.world import DAY, dataset, id_made

RAW = {"camera": "Cam", "visit": 1, "sensor": 1}
OLD = id_made(8 * DAY)


def loose(session: Session, *files: str, modified: timedelta = 30 * DAY) -> set[str]:
    """Give those of these files, all of one age, that may go."""
    found = session.column(
        "SELECT path FROM butler.claim_loose_files('main', %s, %s)",
        list(files),
        [datetime.now(UTC) - modified] * len(files),
    )
    assert len(found) == len(set(found))
    return set(found)


def name(dataset_id: uuid.UUID, more: str = "") -> str:
    return f"r/one/raw/Cam_1_{dataset_id.hex}{more}"


def test_a_file_of_an_old_id_that_nobody_has_may_go(write: Session) -> None:
    gone = {name(OLD, ".fits"), name(OLD, "-mask.fits"), name(OLD), f"_{OLD.hex}.json"}
    kept = [name(id_made(6 * DAY), ".fits"), name(id_made(), ".fits"), name(id_made(-DAY), ".fits")]
    assert loose(write, *gone, *kept, "r/one/notes.txt", f"{OLD.hex}/x", "") == gone


def test_the_grace_period_is_the_database_s_and_an_hour_is_left_after_it(
    write: Session, own: Session
) -> None:
    own.rows("UPDATE butler_common.installation SET grace_period = '10 days'")
    assert loose(write, name(OLD), name(id_made(10 * DAY + timedelta(minutes=30)))) == set()
    assert loose(write, name(id_made(11 * DAY))) != set()
    with refused("23514", constraint="ck_installation_grace_period"):
        own.rows("UPDATE butler_common.installation SET grace_period = '0'")


def test_a_file_whose_id_does_not_tell_is_as_old_as_it_was_modified(write: Session) -> None:
    file = name(uuid.uuid4())
    assert loose(write, file, modified=8 * DAY) == {file}
    assert loose(write, file, modified=6 * DAY) == set()
    assert (
        write.column(
            "SELECT path FROM butler.claim_loose_files('main', %s, ARRAY[NULL::timestamptz])",
            [file],
        )
        == []
    )


@pytest.mark.parametrize("change", ["", "unstore", "remove"])
def test_a_file_named_by_a_dataset_s_id_stays_whatever_became_of_it(write: Session, change: str) -> None:
    write.call("hold_run", "r/one", "tomorrow")
    given = dataset("raw", RAW, dataset_id=OLD)
    write.call("put", "r/one", [given])
    write.call("release_run", "r/one")
    if change:
        write.rows(f"SELECT * FROM butler.{change}(ARRAY[%s]::uuid[])", OLD)
    assert loose(write, given["artifacts"][0]["path"], name(OLD, ".other")) == set()


def test_a_file_that_a_dataset_of_another_name_has_stays(write: Session) -> None:
    given = dataset("raw", RAW)
    given["artifacts"][0]["path"] = name(OLD, ".fits")
    with refused("UB402", "may be gone"):
        write.call("put", "r/one", [given])
    write.rows("SELECT butler.hold_run('r/one', now() + interval '1 hour', 'old files')")
    write.call("put", "r/one", [given])
    write.rows("SELECT butler.release_run('r/one')")
    assert loose(write, name(OLD, ".fits"), name(OLD, ".json")) == {name(OLD, ".json")}


@pytest.mark.parametrize("age", [timedelta(0), 8 * DAY])
@pytest.mark.parametrize("held", [False, True])
def test_a_file_that_is_being_written_for_another_s_put_does_not_go_with_who_says_that_he_has_it(
    write: Session, own: Session, age: timedelta, held: bool
) -> None:
    """Else that put would register what is gone."""
    if held or age:
        write.call("hold_run", "r/one", "tomorrow")
    theirs, mine = dataset("raw", RAW, dataset_id=id_made(age)), dataset("raw", RAW | {"sensor": 2})
    mine["artifacts"][0]["path"] = theirs["artifacts"][0]["path"]
    write.call("put", "r/one", [mine])
    write.rows("SELECT * FROM butler.remove(ARRAY[%s]::uuid[])", mine["dataset_id"])
    ((_, goes),) = own.rows("SELECT dataset_id, delete_bytes FROM butler.claim_trash('main', '0')")
    assert not goes
    write.call("put", "r/one", [theirs])
    own.rows("SELECT butler.drop_trash('main', ARRAY[%s]::uuid[])", mine["dataset_id"])
    write.rows("SELECT * FROM butler.remove(ARRAY[%s]::uuid[])", theirs["dataset_id"])
    assert own.column("SELECT delete_bytes FROM butler.claim_trash('main', '0')") == [True]


def test_the_id_is_what_stands_at_the_end_of_a_name(write: Session) -> None:
    young = id_made()
    assert loose(write, f"r/one/raw_{OLD.hex}_{young.hex}.fits") == set()
    assert loose(write, f"r/one/raw_{young.hex}_{OLD.hex}-mask.fits.gz") != set()


def test_a_file_of_a_layer_s_dataset_stays(write: Session, database: Any) -> None:
    with create_engine(database.dsn("owner"), poolclass=NullPool).begin() as connection:
        create_layer(connection, "mydb_ann", "butler")
    write.rows("SELECT mydb_ann.register_collection('u/ann', 'run')")
    write.rows("SELECT mydb_ann.hold_run('u/ann', 'tomorrow')")
    assert loose(write, name(OLD)) == set()
    given = dataset("raw", RAW, dataset_id=OLD)
    write.rows("SELECT mydb_ann.put('u/ann', %s)", Json([given]))
    write.rows("SELECT mydb_ann.release_run('u/ann')")
    assert loose(write, given["artifacts"][0]["path"]) == set()


def test_all_files_stay_while_a_run_is_held_for_which_they_may_be_meant(write: Session) -> None:
    write.call("hold_run", "r/one", "tomorrow")
    assert loose(write, name(OLD)) == set()
    write.call("release_run", "r/one")
    assert loose(write, name(OLD)) == {name(OLD)}


def test_the_runs_for_whose_sake_all_files_stay_are_told_to_everybody(
    write: Session, read: Session, own: Session, database: Any
) -> None:
    with create_engine(database.dsn("owner"), poolclass=NullPool).begin() as connection:
        create_layer(connection, "mydb_ann", "butler")
    write.rows("SELECT mydb_ann.register_collection('u/ann', 'run')")
    write.rows("SELECT mydb_ann.hold_run('u/ann', 'tomorrow')")
    write.call("hold_run", "r/one", "tomorrow")
    told = [("butler", "r/one", "butler_writer"), ("mydb_ann", "u/ann", "butler_writer")]
    for registry in ("butler", "mydb_ann"):
        assert read.rows(f"SELECT registry, run, held_by FROM {registry}.held_runs()") == told
    assert read.rows("SELECT until FROM butler.held_runs() WHERE registry = 'mydb_ann'") == own.rows(
        "SELECT until FROM mydb_ann_internal.run_hold"
    )
    write.call("release_run", "r/one")
    # One that has ended less than an hour ago keeps files, too.
    ago = (
        "UPDATE mydb_ann_internal.run_hold SET since = now() - interval '2 days', until = now() - interval %s"
    )
    for ended, kept in (("30 minutes", True), ("90 minutes", False)):
        own.rows(ago, ended)
        assert bool(read.rows("SELECT run FROM butler.held_runs()")) is kept
        assert (loose(write, name(OLD)) == set()) is kept


def test_who_may_not_put_claims_nothing(read: Session, write: Session) -> None:
    with refused("42501"):
        loose(read, name(OLD))
    with refused("UB301", "no datastore 'attic'"):
        write.rows("SELECT butler.claim_loose_files('attic', '{}', '{}')")
    with refused("UB601"), write.transaction("REPEATABLE READ"):
        loose(write, name(OLD))


def test_a_file_that_another_dataset_names_by_its_whole_uri_stays(write: Session) -> None:
    file = name(OLD, ".json")
    assert loose(write, file) == {file}
    write.call("put", "r/one", [dataset("raw", RAW, path=f"file:///data/{file}")])
    assert loose(write, file) == set()


@pytest.mark.parametrize("function", ["hold_run('r/one', 'tomorrow')", "release_run('r/one')"])
def test_nobody_waits_for_a_reaper_that_may_wait_for_him(write: Session, function: str) -> None:
    """The server can't see that the reaper waits, as it looks for puts again and again."""
    with refused("UB601", "has put something", "End the transaction"), write.transaction():
        write.call("put", "r/one", [dataset("raw", RAW)])
        write.rows(f"SELECT butler.{function}")


def test_a_reaper_gives_up_where_a_put_does_not_end(write: Session, own: Session) -> None:
    with write.transaction():
        write.call("put", "r/one", [dataset("raw", RAW)])
        own.rows("SET lock_timeout = '20ms'")
        with refused("55P03", "transactions with puts in them", "idle"):
            loose(own, name(OLD))
    assert loose(own, name(OLD)) == {name(OLD)}


def test_a_hold_of_a_run_that_was_frozen_is_released(write: Session) -> None:
    write.call("hold_run", "r/one", "tomorrow")
    write.call("freeze_collection", "r/one")
    assert write.scalar("SELECT butler.release_run('r/one')")

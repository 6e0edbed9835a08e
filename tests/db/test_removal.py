"""Datasets that are unstored, removed and restored; collections that go; files that go last."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import NullPool, create_engine

from butler.schema.install import create_layer
from db.session import Session, refused
from db.world import dataset, put

RAW = {"camera": "Cam", "visit": 1, "sensor": 1}
OTHER = {"camera": "Cam", "visit": 1, "sensor": 2}


def carry_out(
    session: Session, verb: str, *ids: UUID, why: str = "", force: bool = False, dry: bool = False
) -> dict[tuple[str, str], set[UUID]]:
    """Give what became of datasets: outcome and reason with the ids."""
    return {
        (row["outcome"], row["reason"]): set(row["dataset_ids"])
        for row in session.table(verb, list(ids), why, force, dry)
    }


def find(
    session: Session, *collections: str, as_of: Any = None, data_id: dict[str, Any] = RAW
) -> UUID | None:
    rows = session.table("find_dataset", "raw", data_id, list(collections), as_of, False)
    return rows[0]["dataset_id"] if rows else None


def tag(session: Session, *ids: UUID, collection: str = "best") -> None:
    session.rows("SELECT butler.associate(%s, %s::uuid[])", collection, list(ids))


def now(session: Session) -> Any:
    return session.scalar("SELECT clock_timestamp()")


def claim(session: Session, older_than: str | None = "0", limit: int = 1000) -> list[tuple[UUID, bool]]:
    return [
        (row["dataset_id"], row["delete_bytes"])
        for row in session.table("claim_trash", "main", older_than, limit)
    ]


def drop(session: Session, *ids: UUID) -> int:
    return int(session.call("drop_trash", "main", list(ids)))


def restore(session: Session, *ids: UUID) -> int:
    return int(session.call("restore", list(ids)))


def test_a_removed_dataset_frees_its_name_and_keeps_its_provenance(write: Session) -> None:
    (one,) = put(write, "raw", RAW)
    before = now(write)
    assert carry_out(write, "remove", one, why="cloudy") == {("removed", ""): {one}}
    assert find(write, "r/one") is None
    assert write.scalar("SELECT count(*) FROM butler.dataset") == 0
    assert write.rows(
        "SELECT dataset_id, state, changed_by, change_reason, bytes > 0 FROM butler.removal"
    ) == [(one, "removed", "butler_writer", "cloudy", True)]
    (successor,) = put(write, "raw", RAW)
    assert find(write, "r/one") == successor
    with refused("UB402", f"{one} was removed .* by butler_writer: cloudy"):
        find(write, "r/one", as_of=before)


def test_an_unstored_dataset_keeps_its_name_and_has_no_files(write: Session) -> None:
    (one,) = put(write, "raw", RAW)
    assert carry_out(write, "unstore", one) == {("unstored", ""): {one}}
    (found,) = write.table("find_dataset", "raw", RAW, ["r/one"])
    assert (found["dataset_id"], found["state"], found["path"]) == (one, "unstored", None)
    with refused("UB201"):
        put(write, "raw", RAW)


def test_a_dry_run_says_the_same_and_changes_nothing(write: Session) -> None:
    one, other = put(write, "raw", RAW, OTHER)
    tag(write, other)
    before = write.rows("TABLE butler.dataset")
    planned = write.table("remove", [one, other], "", False, True)
    assert write.rows("TABLE butler.dataset") == before
    assert write.table("remove", [one, other], "", False, False) == planned
    assert [(row["outcome"], row["datasets"], row["files"]) for row in planned] == [
        ("removed", 1, 1),
        ("kept", 1, 1),
    ]
    assert all(row["bytes"] > 0 for row in planned)


def test_what_a_tag_holds_is_kept_and_the_tag_is_named(write: Session) -> None:
    one, other = put(write, "raw", RAW, OTHER)
    tag(write, one)
    assert carry_out(write, "remove", one, other) == {("removed", ""): {other}, ("kept", "in best"): {one}}
    assert find(write, "best") == one


def test_with_force_it_leaves_its_tags_which_remember_it(write: Session) -> None:
    (one,) = put(write, "raw", RAW)
    tag(write, one)
    before = now(write)
    carry_out(write, "remove", one, force=True)
    assert find(write, "best") is None
    with refused("UB402", f"{one} was removed"):
        find(write, "best", as_of=before)
    (successor,) = put(write, "raw", RAW)
    tag(write, successor)
    assert find(write, "best") == successor


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize(("frozen", "verb"), [("r/one", "remove"), ("best", "remove"), ("best", "unstore")])
def test_what_is_frozen_is_kept_even_with_force(write: Session, frozen: str, verb: str, force: bool) -> None:
    (one,) = put(write, "raw", RAW)
    tag(write, one)
    write.call("freeze_collection", frozen)
    assert carry_out(write, verb, one, force=force) == {("kept", f"in {frozen}, which is frozen"): {one}}


def test_doing_it_again_is_no_error_and_says_who_did_it(write: Session) -> None:
    (one,) = put(write, "raw", RAW)
    carry_out(write, "remove", one, why="cloudy")
    for verb in ("remove", "unstore"):
        (((outcome, reason), ids),) = carry_out(write, verb, one).items()
        assert (outcome, ids) == ("done before", {one})
        assert reason.startswith("removed at ")
        assert reason.endswith("by butler_writer: cloudy")


def test_an_unknown_dataset_is_named_and_nothing_is_removed(write: Session) -> None:
    (one,) = put(write, "raw", RAW)
    with refused("UB101", "no dataset 0"):
        carry_out(write, "remove", one, UUID(int=5))
    assert find(write, "r/one") == one


@pytest.mark.parametrize("verb", ["remove", "unstore"])
def test_a_restored_dataset_is_as_it_was(write: Session, verb: str) -> None:
    (one,) = put(write, "raw", RAW)
    tag(write, one)
    (before,) = write.table("get_dataset", one)
    carry_out(write, verb, one, force=True)
    assert restore(write, one) == 1
    assert write.table("get_dataset", one) == [before]
    assert find(write, "r/one") == find(write, "best") == one
    assert restore(write, one) == 0
    assert write.rows("TABLE butler.removal") == []


def test_a_tag_that_has_a_successor_by_now_keeps_it_when_the_dataset_is_restored(write: Session) -> None:
    (one,) = put(write, "raw", RAW)
    tag(write, one)
    carry_out(write, "remove", one, force=True)
    (successor,) = put(write, "raw", RAW, run="r/two")
    tag(write, successor)
    restore(write, one)
    assert (find(write, "best"), find(write, "r/one")) == (successor, one)


def test_what_can_t_be_restored_says_why(write: Session) -> None:
    one, other = put(write, "raw", RAW, OTHER)
    carry_out(write, "remove", one, other)
    (successor,) = put(write, "raw", RAW)
    with refused("UB201", f"{one} can't be restored: {successor} has its name", "Remove that one"):
        restore(write, one)
    write.call("freeze_collection", "r/one")
    with refused("UB401", "r/one is frozen", "released"):
        restore(write, other)
    write.call("freeze_collection", "r/one", False)
    with refused("UB101", "no dataset"):
        restore(write, uuid4())


def test_files_are_deleted_after_the_delay_and_no_sooner_by_a_writer(write: Session, own: Session) -> None:
    (one,) = put(write, "raw", RAW)
    carry_out(write, "remove", one)
    assert claim(write, None) == []
    with refused("UB401", "only the owner"):
        claim(write, "6 days")
    own.rows("UPDATE butler_common.installation SET trash_delay = '0'")
    assert claim(write, None) == [(one, True)]


def test_a_file_that_is_being_deleted_can_t_be_restored(write: Session, own: Session) -> None:
    (one,) = put(write, "raw", RAW)
    carry_out(write, "unstore", one)
    assert claim(own) == [(one, True)]
    with refused("UB402", "bytes .* are deleted"):
        restore(write, one)
    assert claim(own) == [(one, True)], "what a dead process had claimed is given again"
    assert drop(write, one) == 1
    assert drop(write, one) == 0
    assert claim(own) == []
    with refused("UB402", "bytes .* are deleted"):
        restore(write, one)


def test_what_is_being_deleted_is_counted_no_more_and_listed_until_its_bytes_are_gone(
    write: Session, own: Session
) -> None:
    raw = put(write, "raw", RAW)[0]
    write.call("remove", [raw])
    assert write.rows("SELECT state, artifacts FROM butler.storage_use") == [("trashed", 1)]
    claim(own)
    assert write.rows("SELECT state, artifacts FROM butler.storage_use") == []
    assert write.column("SELECT state FROM butler.artifact WHERE dataset_id = %s", raw) == ["deleting"]
    explained = (
        "SELECT col_description('butler.storage_use'::regclass, attnum) FROM pg_attribute"
        " WHERE attrelid = 'butler.storage_use'::regclass AND attname = 'state'"
    )
    assert "claimed to be deleted isn't counted: in the view\nartifact" in write.scalar(explained)
    drop(own, raw)
    assert write.column("SELECT state FROM butler.artifact WHERE dataset_id = %s", raw) == []


def test_nobody_forgets_an_artifact_that_nobody_claimed(write: Session) -> None:
    one, other = put(write, "raw", RAW, OTHER)
    carry_out(write, "remove", one)
    assert drop(write, one, other) == 0


def test_the_trash_is_emptied_in_pieces(write: Session, own: Session) -> None:
    ids = set(put(write, "raw", RAW, OTHER))
    carry_out(write, "remove", *ids)
    emptied = set()
    for _ in ids:
        ((one, _),) = claim(own, "0", 1)
        emptied.add(one)
        drop(write, one)
    assert emptied == ids


def file_at(session: Session, data_id: dict[str, Any], path: str, run: str = "r/one") -> UUID:
    given = dataset("raw", data_id, path=path)
    session.call("put", run, [given])
    return UUID(given["dataset_id"])


def test_a_shared_file_goes_with_its_last_dataset(write: Session, own: Session) -> None:
    one, other = file_at(write, RAW, "night/whole.fits"), file_at(write, OTHER, "night/whole.fits")
    carry_out(write, "remove", one)
    assert claim(own) == [(one, False)]
    drop(write, one)
    carry_out(write, "remove", other)
    assert claim(own) == [(other, True)]


def test_of_a_shared_file_whose_datasets_all_go_the_bytes_go_too(write: Session, own: Session) -> None:
    ids = [file_at(write, RAW, "night/whole.fits"), file_at(write, OTHER, "night/whole.fits")]
    carry_out(write, "remove", *ids)
    assert claim(own) == [(min(ids), False), (max(ids), True)]


def test_no_dataset_is_registered_for_a_file_that_is_being_deleted(write: Session, own: Session) -> None:
    one = file_at(write, RAW, "night/whole.fits")
    carry_out(write, "remove", one)
    claim(own)
    with refused("UB201", "night/whole.fits is being deleted"):
        file_at(write, OTHER, "night/whole.fits")
    drop(write, one)
    file_at(write, OTHER, "night/whole.fits")


def alias(session: Session, data_id: dict[str, Any], of: UUID) -> UUID:
    """File another dataset for the file of a put, whose path carries that one's id."""
    ((path,),) = session.rows("SELECT path FROM butler.artifact WHERE dataset_id = %s", of)
    assert of.hex in path
    return file_at(session, data_id, path)


def test_a_file_of_a_put_that_another_dataset_has_too_stays(write: Session, own: Session) -> None:
    (original,) = put(write, "raw", RAW)
    copy = alias(write, OTHER, original)
    carry_out(write, "remove", copy)
    assert claim(own) == [(copy, False)]
    drop(own, copy)
    (third,) = put(write, "raw", {**RAW, "visit": 2})
    again = alias(write, OTHER, original)
    carry_out(write, "remove", original, third)
    assert dict(claim(own)) == {original: False, third: True}
    drop(own, original, third)
    carry_out(write, "remove", again)
    assert claim(own) == [(again, True)]


@pytest.mark.parametrize(
    "path",
    [
        *("night/%77hole.fits", "night/caf%c3%a9.fits", "a b.fits", "night/%2bx.fits", "x%5Fy.fits"),
        *("night/{id}.fits", "night/{.fits", "night/}{.fits", "https://archive.org/{}.fits"),
    ],
)
def test_a_file_has_one_spelling(write: Session, path: str) -> None:
    with refused("UB305", "is no path of an artifact"):
        file_at(write, RAW, path)


def test_no_interval_makes_the_delay_shorter_for_a_writer(write: Session) -> None:
    (one,) = put(write, "raw", RAW)
    carry_out(write, "remove", one)
    with refused("UB401", "only the owner"):
        claim(write, "-1000 months 30007 days")
    assert restore(write, one) == 1


def test_a_dataset_is_deleted_or_restored_with_all_of_its_files(write: Session, own: Session) -> None:
    given = dataset("raw", RAW, "a", "b")
    write.call("put", "r/one", [given])
    one = UUID(given["dataset_id"])
    carry_out(write, "remove", one)
    assert claim(own, "0", 1) == [(one, True), (one, True)]
    with refused("UB402", "deleted"):
        restore(write, one)


def test_what_can_t_be_deleted_doesn_t_stand_in_the_way(write: Session, own: Session) -> None:
    stuck, free = put(write, "raw", RAW, OTHER)
    carry_out(write, "remove", stuck)
    assert claim(own, "0", 1) == [(stuck, True)]
    carry_out(write, "remove", free)
    rows = own.table("claim_trash", "main", "0", 1, [stuck])
    assert [row["dataset_id"] for row in rows] == [free]


def test_what_a_run_reads_by_now_isn_t_restored_into_it(write: Session) -> None:
    (one,) = put(write, "raw", RAW)
    carry_out(write, "remove", one)
    (other,) = put(write, "raw", RAW, run="r/two")
    tag(write, other, collection="r/one")
    with refused("UB201", f"{one} can't be restored: {other} has its name"):
        restore(write, one)


def test_an_input_that_a_run_has_made_since_isn_t_given_back_to_it(write: Session) -> None:
    (read,) = put(write, "raw", RAW)
    tag(write, read, collection="r/two")
    carry_out(write, "remove", read, force=True)
    (made,) = put(write, "raw", RAW, run="r/two")
    with refused(
        "UB201", f"{read} can't be restored: run r/two, whose input it was, has made dataset {made}"
    ):
        restore(write, read)
    carry_out(write, "remove", made)
    with refused(
        "UB201", f"{read} can't be restored.*{made}|{made} can't be restored.*{read}", "one of the two"
    ):
        restore(write, made, read)
    assert restore(write, read) == 1
    assert find(write, "r/two") == read


def test_of_two_datasets_of_one_name_one_is_restored(write: Session) -> None:
    (first,) = put(write, "raw", RAW)
    carry_out(write, "remove", first)
    (second,) = put(write, "raw", RAW)
    carry_out(write, "remove", second)
    with refused("UB201", "^2 rows are wrong.*together with", "one of the two") as caught:
        restore(write, first, second)
    assert {str(first), str(second)} <= set(re.findall(r"[0-9a-f-]{36}", caught.value.diag.message_primary))
    assert restore(write, second, second) == 1
    assert find(write, "r/one") == second


def test_of_two_that_a_tag_held_in_turn_the_later_comes_back(write: Session) -> None:
    (first,) = put(write, "raw", RAW)
    tag(write, first)
    carry_out(write, "remove", first, force=True)
    (second,) = put(write, "raw", RAW, run="r/two")
    tag(write, second)
    carry_out(write, "remove", second, force=True)
    assert restore(write, first, second) == 2
    assert find(write, "best") == second


def test_a_run_that_comes_back_is_described_anew(write: Session) -> None:
    (one,) = put(write, "census", {})
    assert write.call("set_run_environment", "r/one", one)
    assert write.call("open_run", "r/one") is True
    write.table("remove_collection", "r/one", True)
    write.call("register_collection", "r/one", "run")
    assert write.call("open_run", "r/one") is False


def test_a_name_that_was_removed_says_so_to_whoever_wants_it_otherwise(write: Session, alice: Any) -> None:
    write.table("remove_collection", "best")
    for statement in (
        "SELECT butler.register_collection('best', 'run')",
        "SELECT alice.register_collection('best', 'tagged')",
    ):
        with refused("UB202", "'best' was a tagged collection, and was removed at", "another name"):
            write.rows(statement)


def test_a_file_ingested_in_place_is_never_deleted(write: Session, own: Session) -> None:
    one = file_at(write, RAW, "file:///archive/one.fits")
    carry_out(write, "remove", one)
    assert claim(own) == [(one, False)]


def test_a_run_goes_with_its_datasets_only(write: Session) -> None:
    one, other = put(write, "raw", RAW, OTHER)
    with refused("UB401", "'r/one' has 2 datasets", "with its datasets"):
        write.table("remove_collection", "r/one")
    write.call("set_chain", "all", ["r/one", "r/two"])
    before = now(write)
    rows = write.table("remove_collection", "r/one", True, "bad flat")
    assert [(row["outcome"], row["reason"], row["datasets"]) for row in rows] == [
        ("removed", "", 2),
        ("chain changed", "all has it no more", 0),
        ("collection removed", "r/one", 0),
    ]
    assert write.column("SELECT collection FROM butler.collection WHERE collection_type = 'run'") == ["r/two"]
    assert write.column("SELECT member FROM butler.collection_chain") == ["r/two"]
    with refused("UB103", "no collection 'r/one'"):
        find(write, "r/one")
    for collection in ("r/one", "all"):
        with refused("UB402", "bad flat"):
            find(write, collection, as_of=before)
    assert write.call("register_collection", "r/one", "run")
    assert restore(write, one, other) == 2
    assert find(write, "r/one") == one


def test_a_run_stays_with_what_is_kept(write: Session) -> None:
    one, _ = put(write, "raw", RAW, OTHER)
    tag(write, one)
    rows = write.table("remove_collection", "r/one", True)
    assert [(row["outcome"], row["reason"], row["datasets"]) for row in rows] == [
        ("removed", "", 1),
        ("kept", "in best", 1),
        ("collection kept", "1 of the datasets of r/one are kept", 0),
    ]
    assert find(write, "r/one") == one
    assert find(write, "r/one", data_id=OTHER) is None


def test_a_tag_goes_and_its_datasets_stay(write: Session) -> None:
    (one,) = put(write, "raw", RAW)
    tag(write, one)
    before = now(write)
    write.table("remove_collection", "best")
    with refused("UB103"):
        find(write, "best")
    assert find(write, "r/one") == one
    assert find(write, "best", as_of=before) == one
    write.call("register_collection", "best", "tagged")
    assert find(write, "best") is None


def test_a_tag_goes_with_the_datasets_that_nothing_else_holds(write: Session) -> None:
    one, other = put(write, "raw", RAW, OTHER)
    write.call("register_collection", "second", "tagged")
    tag(write, one, other)
    tag(write, one, collection="second")
    rows = write.table("remove_collection", "best", True)
    assert [(row["outcome"], row["reason"]) for row in rows] == [
        ("removed", ""),
        ("kept", "in second"),
        ("collection removed", "best"),
    ]
    assert (find(write, "second"), find(write, "r/one", data_id=OTHER)) == (one, None)


def test_a_dry_run_of_a_collection_changes_nothing(write: Session) -> None:
    put(write, "raw", RAW)
    write.call("set_chain", "all", ["r/one"])
    planned = write.table("remove_collection", "r/one", True, "", False, True)
    assert find(write, "all")
    assert write.table("remove_collection", "r/one", True) == planned


@pytest.mark.parametrize("frozen", ["all", "r/two"])
def test_a_collection_that_something_frozen_needs_stays(write: Session, frozen: str) -> None:
    write.call("set_chain", "all", ["r/two"])
    write.call("freeze_collection", frozen)
    with refused("UB401", "frozen"):
        write.table("remove_collection", "r/two")


@pytest.fixture
def alice(database: Any) -> Callable[..., Any]:
    engine = create_engine(database.dsn("owner"), poolclass=NullPool)
    with engine.begin() as connection:
        create_layer(connection, "alice", "butler")

    @contextmanager
    def of(session: Session) -> Iterator[None]:
        session.rows("SET search_path = alice")
        yield
        session.rows("RESET search_path")

    return of


def test_what_a_personal_tag_holds_is_kept_for_it(write: Session, alice: Any) -> None:
    (one,) = put(write, "raw", RAW)
    write.rows("SELECT alice.register_collection('mine', 'tagged')")
    write.rows("SELECT alice.associate('mine', %s::uuid[])", [one])
    for force in (False, True):
        assert carry_out(write, "remove", one, force=force) == {("kept", "in mine of layer alice"): {one}}


def test_a_layer_can_t_remove_what_lies_under_it(write: Session, alice: Any) -> None:
    (one,) = put(write, "raw", RAW)
    rows = write.rows("SELECT outcome, reason FROM alice.remove(%s::uuid[])", [one])
    assert rows == [("kept", "of a layer under this registry")]
    with refused("UB401", "belongs to a layer under"):
        write.rows("SELECT alice.remove_collection('r/one', true)")
    assert find(write, "r/one") == one


def test_a_personal_chain_forgets_a_run_of_the_release_that_is_removed(write: Session, alice: Any) -> None:
    write.rows("SELECT alice.register_collection('mine', 'chained')")
    write.rows("SELECT alice.set_chain('mine', ARRAY['r/two', 'r/one'])")
    write.table("remove_collection", "r/two", True)
    assert write.column("SELECT member FROM alice.collection_chain") == ["r/one"]

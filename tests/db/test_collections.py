"""Tags, chains, find-first, and what was known when."""

from __future__ import annotations

import itertools
from typing import Any
from uuid import UUID

import pytest

from db.session import Session, refused
from db.world import dataset, put

RAW = {"camera": "Cam", "visit": 1, "sensor": 1}
OTHER = {"camera": "Cam", "visit": 1, "sensor": 2}


def now(session: Session) -> Any:
    return session.scalar("SELECT clock_timestamp()")


def find(session: Session, data_id: dict[str, Any], *collections: str, as_of: Any = None) -> UUID | None:
    rows = session.table("find_dataset", "raw", data_id, list(collections), as_of, False)
    return rows[0]["dataset_id"] if rows else None


def associate(session: Session, collection: str, *ids: UUID) -> int:
    return int(session.rows("SELECT butler.associate(%s, %s::uuid[])", collection, list(ids))[0][0])


def disassociate(session: Session, collection: str, *ids: UUID) -> int:
    return int(session.rows("SELECT butler.disassociate(%s, %s::uuid[])", collection, list(ids))[0][0])


@pytest.mark.parametrize("collection_type", ["run", "tagged", "chained", "calibration"])
def test_a_collection_is_registered_once_and_described(write: Session, collection_type: str) -> None:
    assert write.call("register_collection", "u/me/x", collection_type, "What for.")
    assert not write.call("register_collection", "u/me/x", collection_type)
    assert write.rows(
        "SELECT collection_type, owner, doc, frozen FROM butler.collection WHERE collection = 'u/me/x'"
    ) == [(collection_type, "butler_writer", "What for.", False)]
    assert write.scalar("SELECT count(*) FROM butler.run WHERE run = 'u/me/x'") == (collection_type == "run")


@pytest.mark.parametrize(
    "name", ["u/me/été", "a b", "'; DROP SCHEMA butler; --", '"q"', "100%", "a\\b", "🔭", "é" * 127]
)
def test_a_name_is_any_text_within_the_rules(write: Session, name: str) -> None:
    assert write.call("register_collection", name, "run")
    (dataset_id,) = put(write, "raw", RAW, run=name)
    assert find(write, RAW, name) == dataset_id
    assert write.column("SELECT run FROM butler.dataset") == [name]
    with refused("UB101") as caught:
        write.table("find_dataset", "raw", OTHER, [name])
    assert name in caught.value.diag.message_primary


def test_a_dataset_can_be_in_many_collections_and_is_stored_once(write: Session) -> None:
    (dataset_id,) = put(write, "raw", RAW)
    for name in ("t1", "t2", "t3"):
        write.call("register_collection", name, "tagged")
        assert associate(write, name, dataset_id) == 1
        assert associate(write, name, dataset_id, dataset_id) == 0
        assert find(write, RAW, name) == dataset_id
    assert write.scalar("SELECT count(*) FROM butler.artifact") == 1
    assert write.column("SELECT collection FROM butler.dataset_collection ORDER BY 1") == [
        "r/one",
        "t1",
        "t2",
        "t3",
    ]


def test_a_tag_refuses_another_dataset_of_the_same_data_id_naming_both(write: Session) -> None:
    (one,), (other,) = put(write, "raw", RAW), put(write, "raw", RAW, run="r/two")
    associate(write, "best", one)
    with refused("UB201", f"holds dataset {one} of the same type and data ID as {other}", "Disassociate"):
        associate(write, "best", other)
    with refused("UB201", f"{one}|{other}"):
        write.call("register_collection", "both", "tagged")
        associate(write, "both", one, other)
    assert disassociate(write, "best", one, other) == 1
    assert associate(write, "best", other) == 1
    assert find(write, RAW, "best") == other


def test_twins_among_thousands_are_named(write: Session) -> None:
    write.call("register_units", "label", [{"label": f"l{n}"} for n in range(1000)])
    many = put(write, "note", *({"label": f"l{n}"} for n in range(1000)))
    (twin,) = put(write, "note", {"label": "l500"}, run="r/two")
    for ids in ([*many, twin], [twin, *many]):
        with refused("UB201", f"{twin}.*{many[500]}|{many[500]}.*{twin}"):
            associate(write, "best", *ids)
    assert associate(write, "best", *many, *many) == 1000


def test_many_conflicts_are_named_at_once(write: Session) -> None:
    ones = put(write, "raw", RAW, OTHER)
    others = put(write, "raw", RAW, OTHER, run="r/two")
    associate(write, "best", *ones)
    with refused("UB201", "^2 rows are wrong") as caught:
        associate(write, "best", *others)
    assert all(str(dataset_id) in caught.value.diag.message_detail for dataset_id in [*ones, *others])


def test_the_first_collection_that_has_it_wins(write: Session) -> None:
    (one,), (two,) = put(write, "raw", RAW), put(write, "raw", RAW, run="r/two")
    (only,) = put(write, "raw", OTHER, run="r/two")
    assert find(write, RAW, "r/one", "r/two") == one
    assert find(write, RAW, "r/two", "r/one") == two
    assert find(write, OTHER, "r/one", "r/two") == only
    rows = write.table("query_datasets", "raw", ["r/one", "r/two"])
    assert [(row["dataset_id"], row["collection"]) for row in rows] == [(one, "r/one"), (only, "r/two")]
    assert len(write.table("query_datasets", "raw", ["r/one", "r/two"], {}, False)) == 3


def test_datasets_are_listed_by_the_band_of_their_visit_or_filter(write: Session, own: Session) -> None:
    own.rows("UPDATE butler_internal.visit SET physical_filter = 'Cam-g' WHERE camera = 'Cam' AND visit = 2")
    for visit in (1, 2):
        put(write, "raw", {"camera": "Cam", "visit": visit, "sensor": 1})
    put(write, "flat", {"camera": "Cam", "sensor": 1, "filter": "Cam-g"})
    put(write, "coadd", {"tract": 1, "patch": 0, "band": "g"})
    for dataset_type, data_id in (
        ("raw", {"camera": "Cam", "visit": 2, "sensor": 1}),
        ("flat", {"camera": "Cam", "sensor": 1, "physical_filter": "Cam-g"}),
        ("coadd", {"skymap": "rings", "tract": 1, "patch": 0, "abstract_filter": "g"}),
    ):
        (row,) = write.table("query_datasets", dataset_type, ["r/one"], {"band": "g"})
        assert row["data_id"] == data_id
        assert write.table("query_datasets", dataset_type, ["r/one"], {"abstract_filter": "i"}) == []
    assert write.table("query_datasets", "raw", ["r/one"], {"band": "g", "visit": 1, "camera": "Cam"}) == []


def test_chains_of_chains_are_walked_depth_first_and_met_once(write: Session) -> None:
    for n in range(1, 6):
        write.call("register_collection", f"run{n}", "run")
    for name in ("inner", "middle"):
        write.call("register_collection", name, "chained")
    write.call("set_chain", "inner", ["run2", "run3"])
    write.call("set_chain", "middle", ["run1", "inner", "run2", "run4"])
    write.call("set_chain", "all", ["middle", "run3", "run5"])
    with refused("UB101") as caught:
        write.table("find_dataset", "raw", RAW, ["all", "run1"])
    assert '"searched": ["run1", "run2", "run3", "run4", "run5"]' in caught.value.diag.message_detail
    ids = {n: put(write, "raw", RAW, run=f"run{n}")[0] for n in (5, 4, 3)}
    assert find(write, RAW, "all") == ids[3]
    assert write.rows(
        "SELECT member FROM butler.collection_chain WHERE collection = 'all' ORDER BY position"
    ) == [
        ("middle",),
        ("run3",),
        ("run5",),
    ]


def test_an_empty_chain_is_said_to_be_empty(write: Session) -> None:
    with refused("UB101", "in all", "Searched nothing: the chain is empty"):
        write.table("find_dataset", "raw", RAW, ["all"])


def test_a_cycle_is_refused_however_long(write: Session) -> None:
    names = [f"c{n}" for n in range(5)]
    for name in names:
        write.call("register_collection", name, "chained")
    for chain, member in itertools.pairwise(names):
        write.call("set_chain", chain, [member])
    with refused("UB202", "'c4' would hold itself"):
        write.call("set_chain", "c4", ["r/one", "c0"])
    write.call("set_chain", "c1", ["r/one"])
    write.call("set_chain", "c4", ["r/one", "c0"])


def test_chains_are_not_changed_in_another_isolation_level(write: Session) -> None:
    for level in ("REPEATABLE READ", "SERIALIZABLE"):
        with refused("UB601", "read committed"), write.transaction(level):
            write.call("set_chain", "all", ["r/one"])


def test_a_frozen_collection_takes_nothing_and_a_released_one_does(write: Session) -> None:
    (dataset_id,) = put(write, "raw", RAW)
    for name in ("r/one", "best", "all"):
        write.call("freeze_collection", name)
    calls: list[tuple[Any, ...]] = [
        ("open_run", "r/one"),
        ("put", "r/one", [dataset("raw", OTHER)]),
        ("set_chain", "all", ["r/one"]),
        ("begin_quantum", "r/one", "task"),
        ("set_run_environment", "r/one", dataset_id),
    ]
    for call in calls:
        with refused("UB401", "is frozen", "freeze_collection"):
            write.table(*call)
    with refused("UB401", "'best' is frozen"):
        associate(write, "best", dataset_id)
    assert find(write, RAW, "r/one") == dataset_id
    for name in ("r/one", "best", "all"):
        write.call("freeze_collection", name, False)
    assert associate(write, "best", dataset_id) == 1


def test_the_past_is_read_as_it_was(write: Session) -> None:
    before = now(write)
    (one,) = put(write, "raw", RAW)
    write.call("set_chain", "all", ["best"])
    put_ = now(write)
    associate(write, "best", one)
    tagged = now(write)
    disassociate(write, "best", one)
    (two,) = put(write, "raw", RAW, run="r/two")
    associate(write, "best", two)
    write.call("set_chain", "all", ["r/one", "best"])
    changed = now(write)
    assert find(write, RAW, "r/one", as_of=before) is None
    assert find(write, RAW, "r/one", as_of=put_) == one
    assert find(write, RAW, "best", as_of=put_) is None
    assert find(write, RAW, "best", as_of=tagged) == one
    assert find(write, RAW, "best", as_of=changed) == two
    assert find(write, RAW, "all", as_of=before) is None
    assert find(write, RAW, "all", as_of=tagged) == one
    assert find(write, RAW, "all", as_of=changed) == one
    assert find(write, RAW, "all") == one
    rows = write.table("query_datasets", "raw", ["best"], {}, True, tagged)
    assert [row["dataset_id"] for row in rows] == [one]
    with refused("UB101", "as of"):
        write.table("find_dataset", "raw", RAW, ["r/one"], before)


def test_a_change_and_its_reverse_in_one_transaction_leave_a_history(write: Session, own: Session) -> None:
    (one,) = put(write, "raw", RAW)
    with write.transaction():
        associate(write, "best", one)
        disassociate(write, "best", one)
        associate(write, "best", one)
        write.call("set_chain", "all", ["r/one"])
        write.call("set_chain", "all", ["r/two"])
    assert own.scalar("SELECT count(*) FROM butler_internal.dataset_tag") == 2
    assert own.scalar("SELECT bool_and(NOT isempty(known)) FROM butler_internal.dataset_tag")
    assert find(write, RAW, "best") == one


def test_what_was_there_and_was_removed_since_isn_t_fallen_through(write: Session, own: Session) -> None:
    (one,), (_two,) = put(write, "raw", RAW), put(write, "raw", RAW, run="r/two")
    then = now(write)
    own.rows(
        "UPDATE butler_internal.dataset SET state = 'removed', changed = clock_timestamp(), changed_by = 'eve', change_reason = 'bad flat'"
        " WHERE dataset_id = %s",
        one,
    )
    assert find(write, RAW, "r/one", "r/two") == _two
    with refused("UB402", f"dataset {one} was removed at .* by eve: bad flat", "as of now"):
        find(write, RAW, "r/one", "r/two", as_of=then)


def test_find_first_in_bulk_agrees_with_one_by_one(write: Session) -> None:
    ids = [RAW, OTHER, {**RAW, "visit": 2}, {**OTHER, "visit": 2}]
    put(write, "raw", *ids[:2])
    put(write, "raw", *ids[1:], run="r/two")
    associate(write, "best", *put(write, "raw", *ids, run="r/three")[:1])
    write.call("set_chain", "all", ["r/two", "best"])
    for collections in (["r/one", "r/two"], ["all", "r/three"], ["best", "all"], ["r/three"]):
        rows = write.table("query_datasets", "raw", collections)
        one_by_one = {dataset_id for data_id in ids if (dataset_id := find(write, data_id, *collections))}
        assert {row["dataset_id"] for row in rows} == one_by_one


def test_chains_that_share_members_do_not_multiply(write: Session, read: Session) -> None:
    below = ["r/one"]
    for level in range(30):
        names = [f"c/{level}/{side}" for side in "ab"]
        for name in names:
            write.call("register_collection", name, "chained")
            write.rows("SELECT butler.set_chain(%s, %s::text[])", name, below)
        below = names
    read.rows("SET statement_timeout = '300s'")
    assert read.table("find_dataset", "census", {}, [below[0]], None, False) == []


def test_a_chain_may_be_deep(write: Session) -> None:
    put(write, "census", {})
    below = "r/one"
    for level in range(100):
        write.call("register_collection", f"deep/{level}", "chained")
        write.rows("SELECT butler.set_chain(%s, %s::text[])", f"deep/{level}", [below])
        below = f"deep/{level}"
    assert len(write.table("find_dataset", "census", {}, [below])) == 1


# Inputs of a run ------------------------------------------------------------------------------------------


def test_a_run_resolves_its_inputs_and_what_it_made(write: Session) -> None:
    (read_by_it,) = put(write, "raw", RAW)
    assert associate(write, "r/two", read_by_it) == 1
    assert associate(write, "r/two", read_by_it) == 0
    (made,) = put(write, "raw", OTHER, run="r/two")
    assert find(write, RAW, "r/two") == read_by_it
    assert find(write, OTHER, "r/two") == made
    listed = write.table("query_datasets", "raw", ["r/two"], {})
    assert {(row["dataset_id"], row["run"]) for row in listed} == {(read_by_it, "r/one"), (made, "r/two")}
    assert set(
        write.column("SELECT dataset_id FROM butler.dataset_collection WHERE collection = 'r/two'")
    ) == {
        read_by_it,
        made,
    }


def test_what_a_run_made_is_no_input_of_it(write: Session) -> None:
    (made,) = put(write, "raw", RAW)
    assert associate(write, "r/one", made) == 0
    assert write.column("SELECT collection FROM butler.dataset_collection") == ["r/one"]


def test_what_a_run_makes_and_what_it_reads_never_meet(write: Session) -> None:
    (one,) = put(write, "raw", RAW)
    (made,) = put(write, "raw", RAW, run="r/two")
    with refused("UB201", f"r/two holds dataset {made} of the same type and data ID as {one}"):
        associate(write, "r/two", one)
    (other,) = put(write, "raw", OTHER)
    associate(write, "r/two", other)
    with refused("UB201", f"r/two has raw of this data ID as an input: dataset {other}", "another run"):
        put(write, "raw", OTHER, run="r/two")


def test_inputs_of_a_run_are_read_as_of_a_time_and_taken_out_again(write: Session) -> None:
    (one,) = put(write, "raw", RAW)
    before = now(write)
    associate(write, "r/two", one)
    between = now(write)
    assert disassociate(write, "r/two", one) == 1
    assert [find(write, RAW, "r/two", as_of=when) for when in (before, between, None)] == [None, one, None]

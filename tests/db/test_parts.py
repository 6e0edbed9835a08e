"""Parts of files: several datasets of one file, which is copied, shared and deleted as one."""

from __future__ import annotations

import itertools
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import NullPool, create_engine

from butler.schema.install import create_layer
from butler.values import new_dataset_ids
from db.session import Json, Session, refused
from db.world import DAY, dataset, id_made

SENSORS = (1, 2, 3)


def parts(*sensors: int, ids: list[UUID] | None = None, first: UUID | None = None) -> list[dict[str, Any]]:
    """Give the sensors of one file as `put` takes them: the file bears the first one's id."""
    ids = ids or new_dataset_ids(len(sensors))
    file = f"r/bias_{(first or ids[0]).hex}.fits"
    return [
        dataset("bias", {"camera": "Cam", "sensor": n}, dataset_id=made, path=f"{file}#SCI,{n}")
        for n, made in zip(sensors, ids, strict=True)
    ]


def put_parts(session: Session, *sensors: int, schema: str = "butler", run: str = "r/one") -> dict[int, UUID]:
    given = parts(*sensors)
    session.rows(f"SELECT {schema}.put(%s, %s::jsonb)", run, Json(given))
    return {n: UUID(one["dataset_id"]) for n, one in zip(sensors, given, strict=True)}


def claimed(session: Session, schema: str = "butler") -> list[tuple[UUID, bool]]:
    """Claim what is in the trash and forget it; give which were to take their file along."""
    rows = session.rows(f"SELECT dataset_id, delete_bytes FROM {schema}.claim_trash('main', '0')")
    session.rows(f"SELECT {schema}.drop_trash('main', %s::uuid[])", [row[0] for row in rows])
    return [(row[0], row[1]) for row in rows]


def give_up(session: Session, verb: str, ids: list[UUID]) -> None:
    session.rows(f"SELECT butler.{verb}(%s::uuid[], '', false, false)", ids)


def test_a_part_is_kept_beside_its_file(write: Session, own: Session, read: Session) -> None:
    ids = put_parts(write, 1, 2)
    file = f"r/bias_{ids[1].hex}.fits"
    assert own.rows("SELECT path FROM butler_internal.artifact ORDER BY dataset_id") == [
        ("r/bias_{}.fits#SCI,1",),
        (f"{file}#SCI,2",),
    ]
    root = read.scalar("SELECT root FROM butler.datastore WHERE datastore = 'main'")
    seen = [(root + file, file, "SCI,1"), (root + file, file, "SCI,2")]
    assert read.rows("SELECT uri, path, part FROM butler.artifact ORDER BY dataset_id") == seen
    assert read.rows(
        "SELECT uri, part FROM butler.dataset_wide WHERE state = 'present' ORDER BY dataset_id"
    ) == [(uri, part) for uri, _, part in seen]
    (found,) = read.table("get_dataset", ids[2])
    assert found["path"] == f"{file}#SCI,2"


def test_what_is_a_whole_file_has_no_part(write: Session, read: Session) -> None:
    write.call("put", "r/one", [dataset("raw", {"camera": "Cam", "visit": 1, "sensor": 1})])
    assert read.column("SELECT part FROM butler.artifact") == [None]


def test_the_id_of_a_dataset_in_a_part_s_name_is_a_part_s_name(write: Session, read: Session) -> None:
    (made,) = new_dataset_ids(1)
    raw = {"camera": "Cam", "visit": 1, "sensor": 1}
    write.call("put", "r/one", [dataset("raw", raw, dataset_id=made, path=f"r/{made.hex}#{made.hex}")])
    assert read.rows("SELECT path, part FROM butler.artifact") == [(f"r/{made.hex}", made.hex)]


@pytest.mark.parametrize("part", ["0", "SCI", "SCI,1", "a/b.fits", "a%20b", "N%2A1", "file%3Ax", "%23"])
@pytest.mark.parametrize(
    "file", ["r/x.fits", "r/a%23b.fits", "file:///data/x.fits", "file:///data/a%23b.fits"]
)
def test_parts_have_one_spelling(write: Session, read: Session, file: str, part: str) -> None:
    raw = {"camera": "Cam", "visit": 1, "sensor": 1}
    write.call("put", "r/one", [dataset("raw", raw, path=f"{file}#{part}")])
    ((uri, found),) = read.rows("SELECT uri, part FROM butler.artifact")
    assert (uri.endswith(file), found) == (True, part)


@pytest.mark.parametrize(
    "path",
    [
        "r/x.fits#",
        "r/x.fits#a#b",
        "file:///x.fits#",
        "r/x.fits#a b",
        "r/x.fits#%41",
        "file:///x.fits#%41",
        "r/x.fits#{}",
        "r/x.fits#" + 256 * "x",
        "#SCI",
        "file:///#SCI",
        "r/..#SCI",
        "r/x.zip#../x",
        "r/x.zip#a/../x",
        "r/x.zip#a%2fx",
    ],
)
def test_what_names_no_part_is_refused(write: Session, path: str) -> None:
    raw = {"camera": "Cam", "visit": 1, "sensor": 1}
    with refused("UB305", "is no path of an artifact", "the part of the file"):
        write.call("put", "r/one", [dataset("raw", raw, path=path)])


@pytest.mark.parametrize("order", list(itertools.permutations(SENSORS)))
def test_the_file_goes_with_the_last_of_its_datasets(
    write: Session, own: Session, order: tuple[int, ...]
) -> None:
    ids = put_parts(write, *SENSORS)
    gone = []
    for n in order:
        write.table("remove", [ids[n]], "", False, False)
        gone += claimed(own)
    assert gone == [(ids[order[0]], False), (ids[order[1]], False), (ids[order[2]], True)]


def test_of_datasets_that_go_together_one_takes_the_file(write: Session, own: Session) -> None:
    ids = put_parts(write, *SENSORS)
    write.table("unstore", list(ids.values()), "", False, False)
    assert claimed(own) == [(ids[1], False), (ids[2], False), (ids[3], True)]


def test_the_file_outlives_the_dataset_whose_id_it_bears(write: Session, own: Session) -> None:
    ids = put_parts(write, *SENSORS)
    write.table("remove", [ids[1]], "", False, False)
    assert claimed(own) == [(ids[1], False)]
    file = own.scalar("SELECT DISTINCT path FROM butler.artifact")
    loose = own.column("SELECT path FROM butler.claim_loose_files('main', ARRAY[%s], ARRAY[now()])", file)
    assert loose == []
    assert own.column("SELECT path FROM butler.claims_of_files('main', ARRAY[%s], '{}')", file) == [file]
    assert own.column("SELECT DISTINCT path FROM butler.claims_of_datasets(%s::uuid[])", [ids[2]]) == [file]


def test_a_layer_s_part_keeps_the_file_of_the_release(write: Session, own: Session, database: Any) -> None:
    with create_engine(database.dsn("owner"), poolclass=NullPool).begin() as connection:
        create_layer(connection, "mydb_ann", "butler")
    own.rows("SELECT mydb_ann.register_collection('u/ann', 'run')")
    ids = put_parts(write, 1, 2)
    mine = parts(3, first=ids[1])
    own.rows("SELECT mydb_ann.put('u/ann', %s::jsonb)", Json(mine))
    write.table("remove", list(ids.values()), "", False, False)
    assert claimed(own) == [(ids[1], False), (ids[2], False)]
    third = UUID(mine[0]["dataset_id"])
    own.rows("SELECT mydb_ann.remove(%s::uuid[], '', false, false)", [third])
    assert claimed(own, "mydb_ann") == [(third, True)]


def test_no_part_is_registered_of_a_file_that_is_being_deleted(write: Session, own: Session) -> None:
    ids = put_parts(write, 1, 2)
    write.table("remove", list(ids.values()), "", False, False)
    own.rows("SELECT * FROM butler.claim_trash('main', '0')")
    with refused("UB201", f"the file r/bias_{ids[1].hex}.fits is being deleted"):
        write.call("put", "r/one", parts(3, first=ids[1]))


def test_a_restored_part_keeps_the_file(write: Session, own: Session) -> None:
    ids = put_parts(write, *SENSORS)
    write.table("remove", list(ids.values()), "", False, False)
    write.call("restore", [ids[2]])
    assert claimed(own) == [(ids[1], False), (ids[3], False)]


def test_a_part_of_a_file_that_a_reaper_may_be_deleting_is_refused(write: Session) -> None:
    old = id_made(8 * DAY)
    with refused("UB402", f"may be gone: it bears the id of no dataset, {old}"):
        write.call("put", "r/one", parts(2, first=old))
    write.rows("SELECT butler.hold_run('r/one', now() + interval '1 hour', 'raws of a week ago')")
    assert write.call("put", "r/one", parts(2, first=old)) == 1


def test_a_part_of_the_old_file_of_a_dataset_is_taken(write: Session) -> None:
    first = id_made(8 * DAY)
    write.rows("SELECT butler.hold_run('r/one', now() + interval '1 hour', 'raws of a week ago')")
    write.call("put", "r/one", parts(1, ids=[first]))
    write.rows("SELECT butler.release_run('r/one')")
    assert write.call("put", "r/one", parts(2, first=first)) == 1


def test_a_load_of_parts_is_held_to_the_same(write: Session, own: Session) -> None:
    old, (first, second) = id_made(8 * DAY), new_dataset_ids(2)
    with refused("UB402", f"may be gone: it bears the id of no dataset, {old}"):
        load(write, {first: f"r/bias_{old.hex}.fits#SCI,1"})
    load(write, {first: f"r/bias_{first.hex}.fits#SCI,1", second: f"r/bias_{first.hex}.fits#SCI,2"})
    assert own.column("SELECT path FROM butler_internal.artifact ORDER BY dataset_id") == [
        "r/bias_{}.fits#SCI,1",
        f"r/bias_{first.hex}.fits#SCI,2",
    ]


def load(session: Session, paths: dict[UUID, str]) -> None:
    with session.transaction():
        session.call("stage_datasets")
        for n, (made, path) in enumerate(paths.items(), 1):
            session.rows(
                "INSERT INTO pg_temp.butler_stage_dataset"
                " (row_number, dataset_id, camera, sensor, path, formatter, size, sha256)"
                " VALUES (%s, %s, 'Cam', %s, %s, 'json', 3, sha256(''))",
                n,
                made,
                n,
                path,
            )
        session.rows("SELECT butler.merge_datasets('r/one', 'bias', 'main')")


def two_at_once(own: Session, other: Session, held: int) -> tuple[set[UUID], set[UUID]]:
    """Have two sessions claim the same datasets, and the other one hold so many of them while this one goes on."""
    mine = own.table("claim_trash", "main", "0")
    theirs = other.table("claim_trash", "main", "0")
    assert mine == theirs
    ids = [row["dataset_id"] for row in mine]
    deleted: list[set[UUID]] = []
    with other.transaction():
        first = {row["dataset_id"] for row in other.table("hold_trash", "main", ids[:held])}
        for session, kept in (
            (own, {row["dataset_id"] for row in own.table("hold_trash", "main", ids)}),
            (other, first),
        ):
            deleted.append({row["dataset_id"] for row in mine if row["delete_bytes"]} & kept)
            session.rows("SELECT butler.drop_trash('main', %s::uuid[])", list(kept))
    return deleted[0], deleted[1]


@pytest.mark.parametrize("held", [1, 2, 3])
def test_of_two_that_empty_the_trash_one_deletes_the_file(
    write: Session, own: Session, database: Any, held: int
) -> None:
    ids = put_parts(write, *SENSORS)
    give_up(write, "remove", list(ids.values()))
    mine, theirs = two_at_once(own, Session(database.connect("owner")), held)
    assert (mine, theirs) == ((set(), {ids[3]}) if held == 3 else ({ids[3]}, set()))
    assert own.rows("SELECT FROM butler_internal.artifact") == []


def test_the_same_parts_again_are_no_error(write: Session) -> None:
    given = parts(*SENSORS)
    assert [write.call("put", "r/one", given) for _ in range(2)] == [3, 0]
    other = [
        {**given[0], "artifacts": [{**given[0]["artifacts"][0], "path": given[1]["artifacts"][0]["path"]}]}
    ]
    with refused("UB201", "is taken"):
        write.call("put", "r/one", other)


def test_the_bytes_of_a_file_count_once(write: Session, read: Session) -> None:
    ids = put_parts(write, *SENSORS)
    plan = write.table("remove", list(ids.values()), "", False, True)
    assert [(row["datasets"], row["files"], row["bytes"]) for row in plan] == [(3, 1, 3)]
    used = "SELECT state, datasets, bytes FROM butler.storage_use ORDER BY state"
    assert read.rows(used) == [("present", 3, 3)]
    write.table("remove", [ids[1]], "", False, False)
    assert read.rows(used) == [("present", 2, 3), ("trashed", 1, 0)]
    write.table("remove", [ids[2], ids[3]], "", False, False)
    assert read.rows(used) == [("trashed", 3, 3)]


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["remove", "unstore", "restore", "empty"]),
        st.sets(st.sampled_from(range(4)), min_size=1),
    ),
    max_size=8,
)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_a_file_is_there_as_long_as_a_dataset_may_want_it(
    write: Session, own: Session, steps: list[tuple[str, set[int]]]
) -> None:
    """Two files of two sensors each, against a model: the state of each dataset, and what is still in the trash."""
    write.rows("SELECT butler.register_collection('r/model', 'run')")
    left = own.column("SELECT dataset_id FROM butler.dataset")
    give_up(write, "remove", left)
    claimed(own)
    ids = [*put_parts(write, 1, 2, run="r/model").values()]
    ids += put_parts(write, 3, run="r/model").values()
    fourth = parts(1, first=ids[2])
    write.call("put", "r/one", fourth)
    ids.append(UUID(fourth[0]["dataset_id"]))
    file_of = [ids[0], ids[0], ids[2], ids[2]]
    state = ["present"] * 4
    there, files = set(range(4)), {ids[0], ids[2]}
    for verb, chosen in steps:
        if verb == "empty":
            deleted = [file_of[ids.index(one)] for one, takes in claimed(own) if takes]
            assert len(deleted) == len(set(deleted))
            files -= set(deleted)
            there -= {n for n in there if state[n] != "present"}
        elif verb == "restore":
            fit = [n for n in chosen if n in there]
            write.rows("SELECT butler.restore(%s::uuid[])", [ids[n] for n in fit])
            for n in fit:
                state[n] = "present"
        else:
            fit = [n for n in chosen if state[n] == "present"]
            give_up(write, verb, [ids[n] for n in fit])
            for n in fit:
                state[n] = verb
        assert files == {file_of[n] for n in there}

"""A put as one statement: files are there, and `put` makes them datasets, all or none."""

from __future__ import annotations

import copy
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import NullPool, create_engine

from butler.schema.install import create_layer
from butler.values import made_at, new_dataset_id
from db.session import Json, Session, refused
from db.world import DAY, contents, dataset, id_made

RAW = {"camera": "Cam", "visit": 1, "sensor": 1}


def changed(given: dict[str, Any], **artifact: Any) -> dict[str, Any]:
    """Give a dataset with another value in its first artifact."""
    other = copy.deepcopy(given)
    other["artifacts"][0] |= artifact
    return other


def test_datasets_of_any_types_and_datastores_come_in_at_once(write: Session) -> None:
    write.call("register_datastore", "second", "file:///second/")
    raw = dataset("raw", RAW)
    others = [
        dataset(
            "coadd", {"skymap": "rings", "tract": 0, "patch": 1, "abstract_filter": "r"}, "image", "mask"
        ),
        dataset("defects", {"camera": "Cam", "sensor": 1, "visit_range": "1..3"}, datastore="second"),
        dataset("census", {}),
    ]
    assert write.call("put", "r/one", [raw, *others]) == 4
    assert write.rows(
        "SELECT d.dataset_type, a.datastore, a.component, a.uri"
        " FROM butler.artifact AS a JOIN butler.dataset AS d USING (dataset_id) ORDER BY 1, 3"
    ) == [
        (each["dataset_type"], part["datastore"], part["component"], f"file:///{root}/{part['path']}")
        for each, root in ((others[2], "data"), (others[0], "data"), (others[1], "second"), (raw, "data"))
        for part in each["artifacts"]
    ]
    (found,) = write.table("find_dataset", "raw", RAW, ["r/one"])
    assert (str(found["dataset_id"]), found["data_id"], found["path"]) == (
        raw["dataset_id"],
        RAW,
        raw["artifacts"][0]["path"],
    )


def test_a_data_id_may_be_written_as_people_do(write: Session) -> None:
    write.call("put", "r/one", [dataset("raw", {"exposure": "Cam-1", "detector": "S2", "instrument": "Cam"})])
    assert write.rows("SELECT camera, visit, sensor FROM butler.dataset") == [("Cam", 1, 2)]


def test_the_same_again_changes_nothing(write: Session, own: Session) -> None:
    given = [dataset("raw", RAW, "image", "mask"), dataset("census", {})]
    assert write.call("put", "r/one", given) == 2
    before = own.rows("SELECT * FROM butler_internal.dataset ORDER BY 1"), contents(own)
    assert write.call("put", "r/one", given) == 0
    assert write.call("put", "r/one", given[:1]) == 0
    assert (own.rows("SELECT * FROM butler_internal.dataset ORDER BY 1"), contents(own)) == before
    # Of a put that was repeated with more the new ones come in.
    assert write.call("put", "r/one", [*given, dataset("note", {"label": "twilight"})]) == 1


def test_the_same_again_is_known_however_old_it_is(write: Session) -> None:
    old = [dataset("raw", RAW, dataset_id=id_made(30 * DAY))]
    write.call("hold_run", "r/one", "tomorrow", "an import")
    assert write.call("put", "r/one", old) == 1
    assert write.call("release_run", "r/one")
    assert write.call("put", "r/one", old) == 0


@pytest.mark.parametrize(
    "change", ["data_id", "path", "size", "sha256", "component", "another", "dataset_type", "run"]
)
def test_an_id_with_other_values_is_refused(write: Session, own: Session, change: str) -> None:
    given = dataset("raw", RAW)
    write.call("put", "r/one", [given])
    before = contents(own)
    other: dict[str, Any] = {
        "data_id": {**given, "data_id": {**RAW, "sensor": 2}},
        "path": changed(given, path="elsewhere"),
        "size": changed(given, size=4),
        "sha256": changed(given, sha256="0" * 64),
        "component": changed(given, component="image"),
        "another": {
            **given,
            "artifacts": [*given["artifacts"], *changed(given, component="mask")["artifacts"]],
        },
        "dataset_type": {**given, "dataset_type": "bias", "data_id": {"camera": "Cam", "sensor": 1}},
        "run": given,
    }[change]
    with refused("UB201", f"dataset id {given['dataset_id']} is taken|already", "."):
        write.call("put", "r/two" if change == "run" else "r/one", [other])
    assert contents(own) == before


def test_an_id_of_another_registry_is_taken(write: Session, own: Session, database: Any) -> None:
    given = dataset("raw", RAW)
    write.call("put", "r/one", [given])
    with create_engine(database.dsn("owner"), poolclass=NullPool).begin() as connection:
        create_layer(connection, "mydb_ann", "butler")
    write.rows("SELECT mydb_ann.register_collection('u/ann', 'run')")
    with refused("UB201", "is taken"):
        write.rows("SELECT mydb_ann.put('u/ann', %s)", Json([given]))
    assert write.rows("SELECT mydb_ann.put('u/ann', %s)", Json([dataset("raw", RAW)])) == [(1,)]


WRONG: dict[str, tuple[Callable[[], Any], str, str]] = {
    "no object": (lambda: 7, "UB301", "7 is no dataset id"),
    "no id": (lambda: {**dataset("raw", RAW), "dataset_id": None}, "UB301", "no dataset id"),
    "half an id": (lambda: {**dataset("raw", RAW), "dataset_id": "018f"}, "UB301", '"018f" is no dataset id'),
    "an unknown type": (lambda: dataset("rwa", RAW), "UB102", "no dataset type 'rwa'"),
    "no type": (lambda: {**dataset("raw", RAW), "dataset_type": None}, "UB102", "no dataset type"),
    "an unknown visit": (lambda: dataset("raw", {**RAW, "visit": 99}), "UB104", "visit 99"),
    "a sensor not read": (lambda: dataset("raw", {**RAW, "sensor": 3}), "UB104", "."),
    "a unit too few": (lambda: dataset("raw", {"camera": "Cam", "visit": 1}), "UB301", "lacks sensor"),
    "a unit too many": (lambda: dataset("bias", RAW), "UB301", "unit visit is not one of"),
    "a word unknown": (lambda: dataset("raw", {**RAW, "chip": 1}), "UB301", "chip is not a unit"),
    "a fraction": (lambda: dataset("raw", {**RAW, "sensor": 1.5}), "UB301", "not a whole number"),
    "several cameras": (lambda: dataset("raw", {"visit": 1, "sensor": 1}), "UB302", "Cam, Spec"),
    "no data ID": (lambda: dataset("raw", None), "UB301", "."),
    "no artifacts": (lambda: {**dataset("raw", RAW), "artifacts": []}, "UB402", "no artifact"),
    "artifacts no list": (lambda: {**dataset("raw", RAW), "artifacts": {"a": 1}}, "UB402", "no artifact"),
    "an artifact no object": (
        lambda: {**dataset("raw", RAW), "artifacts": [1]},
        "UB301",
        "not an object but 1",
    ),
    "an unknown datastore": (lambda: dataset("raw", RAW, datastore="attic"), "UB301", "no datastore 'attic'"),
    "no path": (lambda: changed(dataset("raw", RAW), path=None), "UB301", "lacks path"),
    "no size": (lambda: changed(dataset("raw", RAW), size="NaN"), "UB301", "size = NaN"),
    "no sum": (lambda: changed(dataset("raw", RAW), sha256="zz"), "UB301", "sha256 = 'zz'"),
    "half a sum": (lambda: changed(dataset("raw", RAW), sha256="00"), "UB301", "sha256 = '00'"),
    "an id of version 4": (lambda: dataset("raw", RAW, dataset_id=uuid.uuid4()), "UB301", "not of version 7"),
    "an old id": (
        lambda: dataset("raw", RAW, dataset_id=id_made(8 * DAY)),
        "UB402",
        "grace period is 7 days",
    ),
    "an id ahead": (lambda: dataset("raw", RAW, dataset_id=id_made(-DAY)), "UB301", ", and now is "),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_is_named_and_nothing_comes_in(write: Session, own: Session, what: str) -> None:
    make, code, message = WRONG[what]
    before = contents(own)
    good = dataset("census", {})
    with refused(code, message):
        write.call("put", "r/one", [make()])
    with refused(code, message) as caught:
        write.call("put", "r/one", [good, make()])
    assert '"row": 2' in caught.value.diag.message_detail
    assert contents(own) == before


def test_a_root_that_is_given_is_compared(write: Session, own: Session) -> None:
    given = [changed(dataset("census", {}), root="file:///data/")]
    assert write.call("put", "r/one", given) == 1
    own.rows("SELECT butler_common.relocate_datastore('main', 'file:///moved/')")
    before = contents(own)
    late = changed(dataset("raw", RAW), root="file:///data/")
    with refused("UB301", "written under file:///data/, where datastore 'main' isn't any more", "anew"):
        write.call("put", "r/one", [dataset("note", {"label": "twilight"}), late])
    assert contents(own) == before
    assert write.call("put", "r/one", [changed(late, root="file:///moved/")]) == 1
    assert write.call("put", "r/one", given) == 0, "it was put before, and has moved with the others"


def test_the_uri_follows_the_datastore_and_a_whole_uri_stays(write: Session, own: Session) -> None:
    given = dataset("raw", RAW, "image", "mask")
    write.call("put", "r/one", [changed(given, path="s3://b/q")])
    own.rows("SELECT butler_common.relocate_datastore('main', 'swift://new/')")
    assert write.column("SELECT uri FROM butler.artifact ORDER BY 1") == [
        "s3://b/q",
        f"swift://new/{given['artifacts'][1]['path']}",
    ]


@pytest.mark.parametrize("path", ["../b", "/b", "a//b", "", "a\nb", "%2e%2e/b", "s3://b", "a b"])
def test_a_path_that_leads_elsewhere_is_refused(write: Session, own: Session, path: str) -> None:
    before = contents(own)
    with refused("UB305", "is no path of an artifact", "relative to the root"):
        write.call("put", "r/one", [dataset("census", {}), changed(dataset("raw", RAW), path=path)])
    assert contents(own) == before


def test_each_dataset_has_a_file_of_its_own(write: Session, own: Session) -> None:
    before = contents(own)
    nothing: tuple[Any, ...] = ([], None)
    for artifacts in nothing:
        without = {**dataset("census", {}), "artifacts": artifacts}
        with refused("UB402", f"dataset {without['dataset_id']} has no artifact"):
            write.call("put", "r/one", [dataset("raw", RAW, "image", "mask"), without])
    without.pop("artifacts")
    with refused("UB402", "no artifact"):
        write.call("put", "r/one", [dataset("raw", RAW, "image", "mask"), without])
    assert contents(own) == before


@pytest.mark.parametrize("change", ["unstore", "remove"])
def test_what_was_removed_since_is_not_said_to_be_there(write: Session, change: str) -> None:
    given = dataset("raw", RAW)
    write.call("put", "r/one", [given])
    write.rows(f"SELECT * FROM butler.{change}(ARRAY[%s]::uuid[])", given["dataset_id"])
    with refused("UB201", "is taken|already"):
        write.call("put", "r/one", [given])


def test_all_that_is_wrong_is_named_at_once(write: Session, own: Session) -> None:
    there = dataset("raw", RAW)
    write.call("put", "r/one", [there])
    before = contents(own)
    one = id_made()
    twice = [dataset("census", {}), dataset("census", {})]
    bad = [
        dataset("raw", RAW),
        dataset("raw", {**RAW, "visit": 99}),
        *twice,
        dataset("note", {"label": "twilight"}, dataset_id=one),
        dataset("sky_map", {}, dataset_id=one),
    ]
    with refused(
        "UB201", f"6 rows are wrong: row 1: run r/one has raw .*already: dataset {there['dataset_id']}"
    ):
        write.call("put", "r/one", bad)
    assert contents(own) == before


@pytest.mark.parametrize("value", [{}, "x", 1, None])
def test_what_is_no_list_is_refused(write: Session, value: Any) -> None:
    with refused("UB301", "not given as a JSON array"):
        write.rows("SELECT butler.put('r/one', %s::jsonb)", Json(value))
    with refused("UB301", "not given as a JSON array"):
        write.rows("SELECT butler.put('r/one', NULL)")
    assert write.scalar("SELECT butler.put('r/one', '[]')") == 0


def test_a_run_is_there_before_and_takes_something(write: Session, own: Session) -> None:
    given = [dataset("raw", RAW)]
    with refused("UB103", "r/new"):
        write.call("put", "r/new", given)
    with refused("UB202", "tagged"):
        write.call("put", "best", given)
    write.call("freeze_collection", "r/one")
    with refused("UB401", "frozen"):
        write.call("put", "r/one", given)
    assert own.rows("SELECT FROM butler_internal.dataset") == []


def test_a_dataset_that_the_run_has_as_an_input_is_refused(write: Session) -> None:
    given = dataset("raw", RAW)
    write.call("put", "r/one", [given])
    write.rows("SELECT * FROM butler.associate('r/two', ARRAY[%s]::uuid[])", given["dataset_id"])
    with refused("UB201", f"as an input: dataset {given['dataset_id']}"):
        write.call("put", "r/two", [dataset("raw", RAW)])
    assert write.call("put", "r/two", [dataset("raw", {**RAW, "sensor": 2})]) == 1


def test_it_is_durable_and_read_committed(write: Session) -> None:
    with refused("UB601"), write.transaction("REPEATABLE READ"):
        write.call("put", "r/one", [dataset("raw", RAW)])
    write.rows("SET synchronous_commit = off")
    with write.transaction():
        write.call("put", "r/one", [dataset("raw", RAW)])
        assert write.scalar("SELECT current_setting('synchronous_commit')") == "on"


def test_only_a_quantum_that_runs_has_outputs(write: Session) -> None:
    nobody = uuid.uuid4()
    with refused("UB301", f"quantum {nobody} is not running"):
        write.call("put", "r/one", [dataset("raw", RAW)], nobody)


def test_a_held_run_takes_ids_of_any_age_and_version(write: Session) -> None:
    old = [dataset("raw", RAW, dataset_id=uuid.uuid4()), dataset("census", {}, dataset_id=id_made(400 * DAY))]
    with refused("UB301", "2 rows are wrong"):
        write.call("put", "r/one", old)
    write.call("hold_run", "r/two", "tomorrow")
    with refused("UB301", "2 rows are wrong"):
        write.call("put", "r/one", old)
    write.call("hold_run", "r/one", "tomorrow", "from the old archive")
    assert write.call("put", "r/one", old) == 2


def test_a_hold_is_listed_renewed_and_ended(write: Session, read: Session, own: Session) -> None:
    write.call("hold_run", "r/one", "tomorrow", "an import")
    ((run, held_by, since, _, reason),) = read.rows("SELECT * FROM butler.run_hold")
    assert (run, held_by, reason) == ("r/one", "butler_writer", "an import")
    write.call("hold_run", "r/one", "tomorrow", "still an import")
    assert read.rows("SELECT since, reason FROM butler.run_hold") == [(since, "still an import")]
    own.rows(
        "UPDATE butler_internal.run_hold SET since = since - interval '2 days', until = until - interval '2 days'"
    )
    assert read.rows("SELECT * FROM butler.run_hold") == []
    with refused("UB402"):
        write.call("put", "r/one", [dataset("raw", RAW, dataset_id=id_made(8 * DAY))])
    write.call("hold_run", "r/one", "tomorrow")
    assert read.scalar("SELECT since FROM butler.run_hold") > since
    assert write.call("release_run", "r/one")
    assert not write.call("release_run", "r/one")
    assert read.rows("SELECT * FROM butler.run_hold") == []


@pytest.mark.parametrize("until", ["yesterday", "infinity", "2100-01-01", None])
def test_a_hold_has_an_end(write: Session, until: str | None) -> None:
    with refused("UB301", "can't be held until"):
        write.call("hold_run", "r/one", until)


@pytest.mark.parametrize("reason", ["two\nlines", "\x1b[2J", "x" * 1001])
def test_a_hold_s_reason_is_a_line(write: Session, reason: str) -> None:
    with refused("UB305", "is not a reason", "Write a line"):
        write.call("hold_run", "r/one", "tomorrow", reason)


def test_who_holds_ends_nobody_else_s(write: Session, own: Session) -> None:
    own.call("hold_run", "r/one", "tomorrow")
    assert not write.call("release_run", "r/one")
    assert write.rows("SELECT run, held_by FROM butler.run_hold") == [("r/one", "butler_owner")]


@pytest.mark.parametrize(
    "call", [("put", "r/one", [{}]), ("hold_run", "r/one", "tomorrow"), ("release_run", "r/one")]
)
def test_a_reader_neither_puts_nor_holds(still: dict[str, Session], call: tuple[Any, ...]) -> None:
    with refused("42501"):
        still["reader"].call(*call)


def test_a_version_7_id_says_when_it_was_made(still: dict[str, Session]) -> None:
    made = new_dataset_id()
    told = still["owner"].rows(
        "SELECT butler_common.uuid7_time(%s),"
        " butler_common.uuid7_time('017f22e2-79b0-7cc3-98c4-dc0c0c07398f') = '2022-02-22T19:22:22Z',"
        " butler_common.uuid7_time(gen_random_uuid()) IS NULL",
        made,
    )
    assert told == [(made_at(made), True, True)]

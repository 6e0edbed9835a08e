"""Puts, finds and lists: what the functions give when all is well."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from db.session import Session, refused
from db.world import TEMPLATE, artifact, contents, put

RAW = {"camera": "Cam", "visit": 1, "sensor": 1}


@pytest.mark.parametrize(
    ("dataset_type", "typed", "units"),
    [
        (
            "raw",
            {"instrument": "Cam", "exposure": "1", "detector": "S2"},
            {"camera": "Cam", "visit": 1, "sensor": 2},
        ),
        ("raw", {"exposure": "Cam-1", "detector": 2}, {"camera": "Cam", "visit": 1, "sensor": 2}),
        (
            "flat",
            {"camera": "Cam", "sensor": "S1", "filter": "Cam-r"},
            {"camera": "Cam", "sensor": 1, "physical_filter": "Cam-r"},
        ),
        (
            "coadd",
            {"tract": "0", "patch": 1, "band": "r"},
            {"skymap": "rings", "tract": 0, "patch": 1, "abstract_filter": "r"},
        ),
        (
            "defects",
            {"camera": "Cam", "sensor": 1, "visit_range": "1..3"},
            {"camera": "Cam", "sensor": 1, "visit_range": "1..3"},
        ),
        (
            "defects",
            {"camera": "Cam", "sensor": 1, "visit_range": "2.."},
            {"camera": "Cam", "sensor": 1, "visit_range": "2.."},
        ),
        ("snap_image", {"camera": "Cam", "visit": 1, "snap": 1}, {"camera": "Cam", "visit": 1, "snap": 1}),
        ("reference", {"sky_pixel": 17}, {"sky_pixel": 17}),
        ("note", {"label": "twilight"}, {"label": "twilight"}),
        ("sky_map", {}, {"skymap": "rings"}),
        ("census", {}, {}),
    ],
)
def test_a_data_id_is_completed_and_found_as_it_was_typed(
    write: Session, dataset_type: str, typed: dict[str, Any], units: dict[str, Any]
) -> None:
    (begun,) = write.table("begin_put", "r/one", dataset_type, [typed], TEMPLATE, "main")
    assert begun["data_id"] == units
    assert list(begun["units"]) == [u for u in UNITS if u in units]
    assert (begun["storage_class"], begun["there_already"]) == ("Dict", False)
    write.call("finish_put", [artifact(begun["dataset_id"], "p")])
    for data_id in (typed, units):
        (found,) = write.table("find_dataset", dataset_type, data_id, ["r/one"])
        assert found["dataset_id"] == begun["dataset_id"]
        assert found["data_id"] == units
        assert (found["run"], found["datastore"], found["path"], found["size"]) == ("r/one", "main", "p", 3)
    assert write.table("get_dataset", begun["dataset_id"]) == [found]


UNITS = [
    "camera",
    "abstract_filter",
    "physical_filter",
    "sensor",
    "visit",
    "snap",
    "visit_range",
    "skymap",
    "tract",
    "patch",
    "sky_pixel",
    "label",
]


def test_units_have_one_order_everywhere(read: Session) -> None:
    assert read.column("SELECT unit FROM butler.unit ORDER BY position") == UNITS


def test_ids_are_version_7_and_ordered(write: Session) -> None:
    rows = write.table(
        "begin_put", "r/one", "bias", [{"camera": "Cam", "sensor": n} for n in (1, 2, 3)], TEMPLATE, "main"
    )
    later = write.table("begin_put", "r/one", "census", [{}], TEMPLATE, "main")
    assert all(
        row["dataset_id"].version == 7 and row["dataset_id"].variant == uuid.RFC_4122
        for row in [*rows, *later]
    )
    assert max(row["dataset_id"] for row in rows).int >> 80 <= later[0]["dataset_id"].int >> 80


@pytest.mark.parametrize(
    ("pattern", "hint"),
    [
        ("{run}/{dataset_type}/{data_id}", "r/one/raw/Cam_Cam-1_S1"),
        ("{camera}/{night}/{visit_name}_{sensor_name}_{abstract_filter}", "Cam/2026-01-01/Cam-1_S1_r"),
        ("a b\n?*{visit}", "a-b-1"),
        ("/../{visit}//..hidden/-rf", "1/hidden/rf"),
        ("{visit:05}", None),
        ("{visit", "visit"),
    ],
)
def test_a_template_gives_a_safe_relative_path(write: Session, pattern: str, hint: str | None) -> None:
    if hint is None:
        with refused("UB305", "visit:05"):
            write.table("begin_put", "r/one", "raw", [RAW], pattern, "main")
        return
    (begun,) = write.table("begin_put", "r/one", "raw", [RAW], pattern, "main")
    assert begun["hint"].strip("-") == hint


def test_a_put_is_not_there_until_it_is_finished(write: Session) -> None:
    (begun,) = write.table("begin_put", "r/one", "raw", [RAW], TEMPLATE, "main")
    assert write.table("find_dataset", "raw", RAW, ["r/one"], None, False) == []
    (intent,) = write.table("unfinished_puts", "0")
    assert intent["dataset_id"] == begun["dataset_id"]
    assert (intent["dataset_type"], intent["datastore"], intent["begun_by"]) == (
        "raw",
        "main",
        "butler_writer",
    )
    assert write.table("unfinished_puts", "1 hour") == []
    assert write.call("finish_put", [artifact(begun["dataset_id"], "p")]) == 1
    assert write.table("unfinished_puts", "0") == []


def test_a_put_given_up_can_t_be_finished_and_leaves_nothing(write: Session, own: Session) -> None:
    before = contents(own)
    (begun,) = write.table("begin_put", "r/one", "raw", [RAW], TEMPLATE, "main")
    assert write.column("SELECT butler.abandon_put(%s)", [begun["dataset_id"]]) == [begun["dataset_id"]]
    with refused("UB101", "was given up at 20"):
        write.call("finish_put", [artifact(begun["dataset_id"], "p")])
    assert write.column("SELECT butler.forget_puts(%s)", [begun["dataset_id"]]) == [1]
    with refused("UB101", "has begun"):
        write.call("finish_put", [artifact(begun["dataset_id"], "p")])
    assert contents(own) == before


def test_giving_up_what_was_finished_keeps_it(write: Session) -> None:
    (dataset_id,) = put(write, "raw", RAW)
    assert write.column("SELECT butler.abandon_put(%s)", [dataset_id]) == []
    assert write.table("get_dataset", dataset_id)


def test_one_bad_artifact_of_many_puts_leaves_none(write: Session, own: Session) -> None:
    rows = write.table(
        "begin_put", "r/one", "bias", [{"camera": "Cam", "sensor": n} for n in (1, 2)], TEMPLATE, "main"
    )
    before = contents(own)
    good = artifact(rows[0]["dataset_id"], "a")
    for bad, code in [
        ({**artifact(rows[1]["dataset_id"], "b"), "path": "../b"}, "23514"),
        ({**artifact(rows[1]["dataset_id"], "b"), "size": -1}, "23514"),
        ({**artifact(rows[1]["dataset_id"], "b"), "sha256": "00"}, "23514"),
        ({**artifact(rows[1]["dataset_id"], "b"), "sha256": "zz"}, "22023"),
        ({**artifact(rows[1]["dataset_id"], "b"), "formatter": None}, "23502"),
        ({**good}, "23505"),
    ]:
        with refused(code):
            write.call("finish_put", [good, bad])
        assert contents(own) == before


def test_a_dataset_may_have_many_artifacts(write: Session) -> None:
    (begun,) = write.table("begin_put", "r/one", "raw", [RAW], TEMPLATE, "main")
    write.call("finish_put", [artifact(begun["dataset_id"], f"p.{c}", c) for c in ("image", "mask")])
    assert [row["component"] for row in write.table("find_dataset", "raw", RAW, ["r/one"])] == [
        "image",
        "mask",
    ]
    assert write.rows("SELECT component, uri FROM butler.artifact ORDER BY 1") == [
        ("image", "file:///data/p.image"),
        ("mask", "file:///data/p.mask"),
    ]


def test_the_uri_follows_the_datastore_and_a_whole_uri_stays(write: Session, own: Session) -> None:
    (begun,) = write.table("begin_put", "r/one", "raw", [RAW], TEMPLATE, "main")
    write.call(
        "finish_put", [artifact(begun["dataset_id"], "p"), artifact(begun["dataset_id"], "s3://b/q", "x")]
    )
    own.rows("UPDATE butler_internal.datastore SET root = 'swift://new/'")
    assert write.column("SELECT uri FROM butler.artifact ORDER BY 1") == ["s3://b/q", "swift://new/p"]


def test_what_the_run_has_is_passed_over_if_asked(write: Session) -> None:
    (there,) = put(write, "raw", RAW)
    with refused("UB201", f"already: dataset {there}", "another run"):
        write.table("begin_put", "r/one", "raw", [RAW], TEMPLATE, "main")
    rows = write.table("begin_put", "r/one", "raw", [RAW, {**RAW, "sensor": 2}], TEMPLATE, "main", None, True)
    assert [(row["there_already"], row["dataset_id"] == there) for row in rows] == [
        (True, True),
        (False, False),
    ]
    assert len(write.table("unfinished_puts", "0")) == 1


def test_a_run_says_that_it_needs_an_environment_until_it_has_one(write: Session) -> None:
    (begun,) = write.table("begin_put", "r/new", "census", [{}], TEMPLATE, "main")
    assert begun["needs_environment"]
    write.call("finish_put", [artifact(begun["dataset_id"], "p")])
    assert write.call("set_run_environment", "r/new", begun["dataset_id"])
    assert not write.call("set_run_environment", "r/new", begun["dataset_id"])
    (again,) = write.table("begin_put", "r/new", "note", [{"label": "twilight"}], TEMPLATE, "main")
    assert not again["needs_environment"]
    with refused("23503", constraint="fk_run_environment"):
        write.call("set_run_environment", "r/one", uuid.uuid4())


def test_two_cameras_with_the_same_visit_number_never_meet(write: Session) -> None:
    spec = {**RAW, "camera": "Spec"}
    (one,) = put(write, "raw", RAW)
    (other,) = put(write, "raw", spec)
    assert write.table("find_dataset", "raw", RAW, ["r/one"])[0]["dataset_id"] == one
    assert write.table("find_dataset", "raw", spec, ["r/one"])[0]["dataset_id"] == other
    assert write.rows(
        "SELECT v.camera, v.visit_name, d.dataset_id FROM butler.dataset AS d JOIN butler.visit AS v USING (camera, visit) ORDER BY 1"
    ) == [("Cam", "Cam-1", one), ("Spec", "Spec-1", other)]
    assert write.rows(
        "SELECT camera, count(*) FROM butler.visit_dataset_join GROUP BY camera ORDER BY 1"
    ) == [
        ("Cam", 1),
        ("Spec", 1),
    ]


@pytest.mark.parametrize(
    ("data_id", "found"),
    [
        ({}, 4),
        ({"camera": "Cam"}, 2),
        ({"visit": 1}, 4),
        ({"camera": "Cam", "sensor": "S2"}, 1),
        ({"sensor": 2}, 2),
        ({"camera": "Cam", "visit": "Cam-1"}, 2),
        ({"visit": 2}, 0),
    ],
)
def test_a_query_is_limited_by_the_units_given(write: Session, data_id: dict[str, Any], found: int) -> None:
    put(write, "raw", *({"camera": c, "visit": 1, "sensor": s} for c in ("Cam", "Spec") for s in (1, 2)))
    rows = write.table("query_datasets", "raw", ["r/one"], data_id)
    assert len(rows) == found
    assert rows == sorted(rows, key=lambda row: (row["data_id"]["camera"], row["data_id"]["sensor"]))


def test_a_failed_search_says_what_is_near(write: Session) -> None:
    put(write, "raw", RAW, run="r/two")
    with refused("UB101", "no raw with .*camera=Cam.* in r/one", "run r/two has it"):
        write.table("find_dataset", "raw", RAW, ["r/one"])
    with refused("UB101", "sensor=2", r"near it: .*sensor=1.* in r/two"):
        write.table("find_dataset", "raw", {**RAW, "sensor": 2}, ["r/two"])
    with refused(
        "UB101", "sensor=3", "Sensor 3 of camera Cam was not read in visit 1. Sensors of that visit: 1, 2"
    ):
        write.table("find_dataset", "raw", {**RAW, "sensor": 3}, ["r/two"])


def test_beginning_a_put_does_not_make_what_the_caller_wrote_before_less_durable(write: Session) -> None:
    with write.transaction():
        write.call("register_collection", "r/durable", "run")
        write.table("begin_put", "r/durable", "census", [{}], TEMPLATE, "main")
        assert write.scalar("SELECT current_setting('synchronous_commit')") != "off"
    with write.transaction():
        write.table("begin_put", "r/one", "census", [{}], TEMPLATE, "main")
        assert write.scalar("SELECT current_setting('synchronous_commit')") == "off"


def test_the_type_of_environments_is_there_from_the_start(read: Session) -> None:
    assert read.rows(
        "SELECT storage_class, units FROM butler.dataset_type WHERE dataset_type = 'run_environment'"
    ) == [("Dict", [])]

"""What is asked before a put and after it: runs that are opened, data IDs completed, datasets found and listed."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from butler.ingest.file_names import FileNames
from db.session import Session, refused
from db.world import contents, dataset, put

RAW = {"camera": "Cam", "visit": 1, "sensor": 1}


def prepare(
    session: Session, dataset_type: str, *data_ids: Any, run: str = "r/one", skip: bool = False
) -> Any:
    return session.table("prepare_put", run, dataset_type, list(data_ids), skip)


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
    (prepared,) = prepare(write, dataset_type, typed)
    assert (prepared["row_number"], prepared["data_id"], prepared["existing"]) == (1, units, None)
    assert write.call("put", "r/one", [given := dataset(dataset_type, typed)]) == 1
    for data_id in (typed, units):
        (found,) = write.table("find_dataset", dataset_type, data_id, ["r/one"])
        assert (str(found["dataset_id"]), found["data_id"]) == (given["dataset_id"], units)
        assert (found["run"], found["datastore"], found["size"]) == ("r/one", "main", 3)
        assert found["path"] == given["artifacts"][0]["path"]
    assert write.table("get_dataset", uuid.UUID(given["dataset_id"])) == [found]


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


@pytest.mark.parametrize(
    ("dataset_type", "data_id", "names"),
    [
        (
            "raw",
            RAW,
            {
                "visit": {
                    "visit_name": "Cam-1",
                    "night": "2026-01-01",
                    "observation_type": "science",
                    "physical_filter": "Cam-r",
                    "abstract_filter": "r",
                },
                "sensor": {"sensor_name": "S1"},
            },
        ),
        (
            "flat",
            {"camera": "Cam", "sensor": 2, "physical_filter": "Cam-g"},
            {"sensor": {"sensor_name": "S2"}, "physical_filter": {"abstract_filter": "g"}},
        ),
        ("camera_geometry", {"camera": "Cam"}, {}),
        ("background", {"skymap": "rings", "tract": 1}, {}),
        ("census", {}, {}),
    ],
)
def test_what_a_file_name_may_say_of_a_unit_is_given_by_the_unit(
    still: dict[str, Session], dataset_type: str, data_id: dict[str, Any], names: dict[str, Any]
) -> None:
    assert [row["names"] for row in prepare(still["writer"], dataset_type, data_id)] == [names]


@pytest.mark.parametrize(
    ("dataset_type", "data_id", "name"),
    [
        ("raw", RAW, "raw/Cam_Cam-1_S1"),
        ("flat", {"camera": "Cam", "sensor": 2, "physical_filter": "Cam-g"}, "flat/Cam_S2_Cam-g"),
        ("snap_image", {"camera": "Cam", "visit": 1, "snap": 0}, "snap_image/Cam_Cam-1_0"),
        ("coadd", {"skymap": "rings", "tract": 0, "patch": 1, "abstract_filter": "r"}, "coadd/r_rings_0_1"),
    ],
)
def test_files_are_named_by_what_is_given(
    still: dict[str, Session], dataset_type: str, data_id: dict[str, Any], name: str
) -> None:
    names = FileNames()
    (row,) = prepare(still["writer"], dataset_type, data_id)
    names.learn(row["data_id"], row["names"])
    assert names.fill("{dataset_type}/{data_id}", "r/one", dataset_type, row["data_id"]) == name


def test_what_nobody_said_of_a_visit_is_in_no_file_name(write: Session) -> None:
    write.call("register_units", "visit", [{"camera": "Cam", "visit": 9, "visit_name": "n9"}])
    (row,) = prepare(write, "visit_summary", {"camera": "Cam", "visit": 9})
    assert row["names"] == {"visit": {"visit_name": "n9"}}


def test_it_writes_nothing_not_even_the_run(write: Session, read: Session, own: Session) -> None:
    before = contents(own)
    rows = prepare(write, "raw", RAW, {**RAW, "sensor": 2}, run="r/new")
    assert [(row["row_number"], row["data_id"]["sensor"]) for row in rows] == [(1, 1), (2, 2)]
    read.rows("BEGIN READ ONLY")
    assert prepare(read, "raw", RAW, {**RAW, "sensor": 2}, run="r/new") == rows
    read.rows("COMMIT")
    assert contents(own) == before


def test_what_the_run_has_is_passed_over_if_asked(write: Session) -> None:
    (there,) = put(write, "raw", RAW)
    with refused("UB201", f"already: dataset {there}", "another run"):
        prepare(write, "raw", RAW)
    rows = prepare(write, "raw", RAW, {**RAW, "sensor": 2}, skip=True)
    assert [row["existing"] for row in rows] == [there, None]
    assert [row["existing"] for row in prepare(write, "raw", RAW, run="r/two")] == [None]
    write.rows("SELECT * FROM butler.remove(%s)", [there])
    assert [row["existing"] for row in prepare(write, "raw", RAW)] == [None]


@pytest.mark.parametrize("skip", [False, True])
def test_what_the_run_has_as_an_input_is_refused(write: Session, skip: bool) -> None:
    (there,) = put(write, "raw", RAW)
    write.rows("SELECT * FROM butler.associate('r/two', %s)", [there])
    with refused("UB201", f"as an input: dataset {there}", "different data IDs"):
        prepare(write, "raw", RAW, run="r/two", skip=skip)


def test_all_that_is_wrong_is_named_at_once(write: Session) -> None:
    (there,) = put(write, "raw", RAW)
    bad = [RAW, {**RAW, "visit": 99}, {"camera": "Cam"}, {**RAW, "sensor": 2}, {**RAW, "sensor": "S2"}]
    with refused("UB201", "^5 rows are wrong") as caught:
        prepare(write, "raw", *bad)
    told = caught.value.diag.message_detail
    for word in (str(there), "no visit 99", "lacks", "given twice", '"row": 5'):
        assert word in told


@pytest.mark.parametrize("run", ["r/one", "r/new"])
def test_a_run_is_opened_and_says_whether_its_environment_is_described(write: Session, run: str) -> None:
    assert write.call("open_run", run) is False
    (described,) = put(write, "census", {}, run=run)
    assert write.call("set_run_environment", run, described)
    assert not write.call("set_run_environment", run, described)
    assert write.call("open_run", run) is True
    with refused("23503", constraint="fk_run_environment"):
        write.call("set_run_environment", "r/two", uuid.uuid4())


def test_a_run_that_can_t_be_put_into_is_not_opened(write: Session, own: Session) -> None:
    write.call("freeze_collection", "r/one")
    before = contents(own)
    for run, code, message in (
        ("r/one", "UB401", "'r/one' is frozen"),
        ("best", "UB202", "tagged collection"),
        ("a//b", "UB305", "not a name"),
    ):
        with refused(code, message):
            write.call("open_run", run)
    assert contents(own) == before


def test_a_run_that_is_opened_is_there_for_good(write: Session) -> None:
    write.rows("SET synchronous_commit = off")
    with write.transaction():
        write.call("open_run", "r/durable")
        assert write.scalar("SELECT current_setting('synchronous_commit')") == "on"
    with write.transaction():
        write.call("open_run", "r/durable")
        assert write.scalar("SELECT current_setting('synchronous_commit')") == "off", "nothing is written"


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


def test_the_type_of_environments_is_there_from_the_start(read: Session) -> None:
    assert read.rows(
        "SELECT storage_class, units FROM butler.dataset_type WHERE dataset_type = 'run_environment'"
    ) == [("Dict", [])]

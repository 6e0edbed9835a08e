"""Registering cameras, sky maps and units: idempotent, strict, and complete."""

from __future__ import annotations

import json
from typing import Any

import pytest

from db.session import Session, refused
from db.world import camera, contents, populate, square

JOINS = {
    "visit_tract_join": "camera, visit, skymap, tract",
    "visit_patch_join": "camera, visit, skymap, tract, patch",
}


def test_the_same_again_changes_nothing(write: Session, own: Session) -> None:
    before = contents(own)
    with write.transaction():
        for name in ("Cam", "Spec"):
            more: dict[str, Any] = (
                {"extra": {"gain": {"type": "float", "doc": "Gain.", "unit": "e/adu"}}}
                if name == "Cam"
                else {}
            )
            write.call("register_camera", camera(name, **more))
        assert write.call("register_units", "label", [{"label": "twilight"}]) == 0
        assert not write.call("register_dataset_type", "raw", "Dict", ["detector", "exposure"])
        assert not write.call("register_datastore", "main", "file:///data/")
    assert contents(own) == before


def test_everything_can_be_registered_twice(write: Session, own: Session) -> None:
    before = contents(own)
    populate(write)
    assert contents(own) == before


def test_what_wasn_t_given_is_added_and_what_was_stays(write: Session) -> None:
    """Headers of one file may know what another's don't."""
    write.call("register_units", "visit", [{"camera": "Cam", "visit": 1, "airmass": 1.5}])
    assert write.rows(
        "SELECT airmass, exposure_time FROM butler.visit WHERE camera = 'Cam' AND visit = 1"
    ) == [(1.5, 30.0)]
    with refused("UB202", "airmass = 1.5, not 1.6", "replace"):
        write.call("register_units", "visit", [{"camera": "Cam", "visit": 1, "airmass": 1.6}])
    write.rows(
        "SELECT butler.register_units('visit', %s, true)", '[{"camera": "Cam", "visit": 1, "airmass": 1.6}]'
    )
    assert write.scalar("SELECT airmass FROM butler.visit WHERE camera = 'Cam' AND visit = 1") == 1.6


def test_replacing_one_row_leaves_the_others_columns(write: Session) -> None:
    rows = (
        '[{"camera": "Cam", "visit": 1, "airmass": 1.5}, {"camera": "Cam", "visit": 2, "exposure_time": 31}]'
    )
    write.rows("SELECT butler.register_units('visit', %s, true)", rows)
    assert write.rows(
        "SELECT visit, airmass, exposure_time FROM butler.visit WHERE camera = 'Cam' AND visit < 3 ORDER BY 1"
    ) == [
        (1, 1.5, 30.0),
        (2, None, 31.0),
    ]


def test_a_row_given_twice_counts_once_if_it_agrees(write: Session, own: Session) -> None:
    assert write.call("register_units", "label", [{"label": "a"}, {"label": "a"}]) == 1
    before = contents(own)
    with refused("UB202", "label b is registered with doc"):
        write.call("register_units", "label", [{"label": "b", "doc": "x"}, {"label": "b", "doc": "y"}])
    assert contents(own) == before


def test_a_dataset_type_brings_the_units_that_its_units_need(read: Session) -> None:
    units = dict(read.rows("SELECT dataset_type, units FROM butler.dataset_type"))
    assert units["raw"] == ["camera", "sensor", "visit"]
    assert units["snap_image"] == ["camera", "visit", "snap"]
    assert units["coadd"] == ["abstract_filter", "skymap", "tract", "patch"]
    assert units["census"] == []
    assert read.rows("SELECT unit FROM butler.dataset_type_unit WHERE dataset_type = 'bias' ORDER BY 1") == [
        ("camera",),
        ("sensor",),
    ]


def test_times_without_a_zone_are_utc_whatever_the_session_s_zone(write: Session) -> None:
    write.rows("SET timezone = 'Asia/Tokyo'")
    write.call(
        "register_units",
        "visit",
        [{"camera": "Cam", "visit": 4, "visit_name": "n4", "public_after": "2027-01-01T00:00:00"}],
    )
    write.rows("RESET timezone")
    assert (
        write.scalar("SELECT public_after::text FROM butler.visit WHERE visit = 4")
        == "2027-01-01 00:00:00+00"
    )


def test_a_camera_s_own_fields_have_a_view_with_types_and_comments(write: Session) -> None:
    extra = {
        "gain": {"type": "float", "doc": "Gain of the amplifier.", "unit": "e/adu"},
        "mode": {"type": "text"},
        "count": {"type": "integer"},
        "parked": {"type": "boolean"},
    }
    write.call("register_camera", camera("Odd-Cam 2", extra=extra))
    rows = [
        {
            "camera": "Odd-Cam 2",
            "visit": 1,
            "visit_name": "a",
            "extra": {"gain": 2.5, "mode": "fast", "count": 3, "parked": True},
        },
        {
            "camera": "Odd-Cam 2",
            "visit": 2,
            "visit_name": "b",
            "extra": {"gain": "high", "mode": 7, "count": "x", "parked": "y"},
        },
        {"camera": "Odd-Cam 2", "visit": 3, "visit_name": "c"},
    ]
    write.call("register_units", "visit", rows)
    assert write.rows('SELECT visit, gain, mode, "count", parked FROM butler.visit_odd_cam_2 ORDER BY 1') == [
        (1, 2.5, "fast", 3, True),
        (2, None, "7", None, None),
        (3, None, None, None, None),
    ]
    comments = dict(
        write.rows(
            "SELECT attname, col_description(attrelid, attnum) FROM pg_attribute WHERE attrelid = 'butler.visit_odd_cam_2'::regclass AND attnum > 0"
        )
    )
    assert comments["gain"] == "Gain of the amplifier. Unit: e/adu."
    assert all(comments.values())
    assert write.rows("SELECT camera, visit FROM butler.visit_cam WHERE gain = 1.5") == [("Cam", 1)]


def test_a_camera_s_view_follows_its_definition(write: Session, read: Session) -> None:
    write.rows(
        "SELECT butler.register_camera(%s, true)",
        '{"camera": "Cam", "extra": {"pressure": {"type": "float", "doc": "Of the air.", "unit": "hPa"}}}',
    )
    assert read.rows("SELECT camera, visit, pressure FROM butler.visit_cam WHERE visit = 1") == [
        ("Cam", 1, None)
    ]


def test_a_sky_map_is_its_tracts_and_patches(read: Session) -> None:
    assert read.rows(
        "SELECT tract, count(*) FROM butler.patch WHERE skymap = 'rings' GROUP BY 1 ORDER BY 1"
    ) == [(0, 2), (1, 2)]


def test_the_same_layout_under_two_names_is_recognised(write: Session) -> None:
    for name in ("a", "b"):
        write.call("register_skymap", {"skymap": name, "kind": "rings", "n": 7, "tracts": []})
    assert len(set(write.column("SELECT definition_hash FROM butler.skymap WHERE skymap IN ('a', 'b')"))) == 1
    assert len(set(write.column("SELECT definition_hash FROM butler.skymap"))) == 2


def test_bands_of_two_cameras_are_one(read: Session) -> None:
    assert read.column("SELECT band FROM butler.band ORDER BY 1") == ["g", "r"]
    assert read.scalar("SELECT count(*) FROM butler.physical_filter WHERE abstract_filter = 'r'") == 2


@pytest.mark.parametrize("name", ["line\nbreak", "", " ", "é" * 128, "x" * 300])
def test_a_camera_s_bad_name_leaves_nothing(write: Session, own: Session, name: str) -> None:
    before = contents(own)
    with refused("23514", constraint="ck_camera_name"):
        write.call("register_camera", camera(name))
    assert contents(own) == before


@pytest.mark.parametrize(
    ("unit", "row", "lacking"),
    [
        ("label", {"label": None}, "label"),
        ("visit", {"camera": "Cam", "visit": 77, "visit_name": None}, "visit_name"),
        ("visit", {"camera": "Cam", "visit": 77}, "visit_name"),
        ("visit", {"camera": None, "visit": 77, "visit_name": "n"}, "camera"),
        ("sensor", {"camera": "Cam", "sensor": 77, "sensor_name": None}, "sensor_name"),
        ("physical_filter", {"camera": "Cam", "physical_filter": None}, "physical_filter"),
    ],
)
def test_a_row_without_a_value_that_it_needs_is_named(
    write: Session, own: Session, unit: str, row: dict[str, Any], lacking: str
) -> None:
    before = contents(own)
    with refused("UB301", f"^a row of .* has no {lacking}$", "Give it") as caught:
        write.call("register_units", unit, [row])
    assert json.loads(caught.value.diag.message_detail)["row"] == 1
    assert contents(own) == before


def test_each_row_without_a_name_is_named_and_one_that_is_there_needs_none(write: Session) -> None:
    there = {"camera": "Cam", "visit": 1, "visit_name": None}
    with refused("UB301", "^2 rows are wrong: row 2: a row of visit has no visit_name; row 3"):
        write.call("register_units", "visit", [there, {**there, "visit": 77}, {**there, "visit": 78}])
    assert write.call("register_units", "visit", [there]) == 0


@pytest.mark.parametrize("name", [None, "", "line\nbreak", " x", "1 x"])
def test_other_names_are_judged_in_words_too(write: Session, own: Session, name: Any) -> None:
    before = contents(own)
    with refused("UB305", "is not a name for a storage class"):
        write.rows("SELECT butler.register_dataset_type('new', %s, '{}')", name)
    if name != "1 x":
        with refused("UB305", "is not a name for a datastore"):
            write.rows("SELECT butler.register_datastore(%s, 'file:///new/')", name)
    assert contents(own) == before


def test_a_wrong_sensor_takes_the_whole_camera_with_it(write: Session, own: Session) -> None:
    before = contents(own)
    with refused("23514"):
        write.call(
            "register_camera",
            {**camera("New"), "sensors": [{"sensor": 1, "sensor_name": "a", "nx": -1, "ny": 1}]},
        )
    assert contents(own) == before


def test_overlaps_follow_a_region_that_is_replaced(write: Session) -> None:
    def patches() -> list[Any]:
        return write.column(
            "SELECT tract FROM butler.sensor_patch_join WHERE camera = 'Cam' AND visit = 1 AND sensor = 1 ORDER BY 1"
        )

    assert set(patches()) == {0}
    with write.transaction():
        write.rows(
            "SELECT butler.register_units('observed_sensor', %s::jsonb, true)",
            str([{"camera": "Cam", "visit": 1, "sensor": 1, "region": square(11, 0)}]).replace("'", '"'),
        )
    assert set(patches()) == {1}
    with write.transaction():
        write.rows(
            "SELECT butler.register_units('patch', %s::jsonb, true)",
            str(
                [{"skymap": "rings", "tract": 1, "patch": n, "region": square(50, 50)} for n in (0, 1)]
            ).replace("'", '"'),
        )
    assert patches() == []


def test_a_visit_overlaps_a_tract_or_a_patch_as_long_as_one_of_its_sensors_does(
    write: Session, own: Session
) -> None:
    def tracts() -> list[int]:
        for view, columns in JOINS.items():
            derived = f"SELECT DISTINCT {columns} FROM butler.sensor_patch_join ORDER BY {columns}"
            assert write.rows(f"SELECT {columns} FROM butler.{view} ORDER BY {columns}") == write.rows(
                derived
            )
        return write.column(
            "SELECT tract FROM butler.visit_tract_join WHERE camera = 'Cam' AND visit = 1 ORDER BY 1"
        )

    def move(sensor: int, ra: float) -> None:
        row = {"camera": "Cam", "visit": 1, "sensor": sensor, "region": square(ra, 0)}
        write.rows("SELECT butler.register_units('observed_sensor', %s, true)", json.dumps([row]))

    def move_patch(tract: int, patch: int, ra: float) -> None:
        row = {"skymap": "rings", "tract": tract, "patch": patch, "region": square(ra, 0)}
        write.rows("SELECT butler.register_units('patch', %s, true)", json.dumps([row]))

    assert tracts() == [0]
    move(sensor=1, ra=11)
    assert tracts() == [0, 1]
    move(sensor=2, ra=11)
    assert tracts() == [1]
    move(sensor=2, ra=10)
    assert tracts() == [0, 1]
    own.rows("DELETE FROM butler_internal.observed_sensor WHERE camera = 'Cam' AND visit = 1 AND sensor = 1")
    assert tracts() == [0]
    assert own.scalar("SELECT count(*) FROM butler_internal.sensor_patch_overlap") == write.scalar(
        "SELECT count(*) FROM butler.sensor_patch_join"
    )
    move_patch(tract=1, patch=0, ra=10)
    assert tracts() == [0, 1]
    move_patch(tract=1, patch=0, ra=50)
    assert tracts() == [0]
    move_patch(tract=0, patch=0, ra=50)
    assert tracts() == [0]
    own.rows("DELETE FROM butler_internal.patch WHERE tract = 0")
    assert tracts() == []


def test_a_patch_of_another_number_takes_its_visits_with_it(write: Session, own: Session) -> None:
    of_patch = (
        "SELECT camera, visit FROM butler.visit_patch_join WHERE tract = 0 AND patch = %s ORDER BY 1, 2"
    )
    visits = write.rows(of_patch, 0)
    assert visits
    own.rows("UPDATE butler_internal.patch SET patch = 70 WHERE tract = 0 AND patch = 0")
    assert (write.rows(of_patch, 0), write.rows(of_patch, 70)) == ([], visits)


def test_regions_are_not_registered_in_another_isolation_level(write: Session) -> None:
    row = {"camera": "Cam", "visit": 3, "sensor": 1, "region": square(10, 0)}
    with refused("UB601", "read committed"), write.transaction("REPEATABLE READ"):
        write.call("register_units", "observed_sensor", [row])


def test_an_extra_value_that_no_column_can_hold_is_null_and_breaks_nothing(
    write: Session, read: Session
) -> None:
    fields = {"n": {"type": "integer"}, "x": {"type": "float"}}
    write.call("register_camera", camera("Big", extra=fields))
    for visit, extra in enumerate([{"n": 1e30}, {"n": 7, "x": 1.5}]):
        write.call(
            "register_units",
            "visit",
            [{"camera": "Big", "visit": visit, "visit_name": str(visit), "extra": extra}],
        )
    assert read.rows("SELECT n, x FROM butler.visit_big ORDER BY visit") == [(None, None), (7, 1.5)]


def test_a_camera_that_loses_its_extra_fields_loses_its_view(write: Session, read: Session) -> None:
    write.call("register_camera", camera("Big", extra={"n": {"type": "integer"}}))
    write.call("register_camera", camera("Big"), True)
    assert read.scalar("SELECT to_regclass('butler.visit_big')") is None


@pytest.mark.parametrize("night", ["tomorrow", "infinity", "0044-03-15 BC", "2026-3-1"])
def test_a_night_is_a_date(write: Session, night: str) -> None:
    with refused("UB301", "is not a date", "2026-03-01"):
        write.call(
            "register_units", "visit", [{"camera": "Cam", "visit": 77, "visit_name": "77", "night": night}]
        )

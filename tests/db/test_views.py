"""The common schema: its views, their columns, and what they join."""

from __future__ import annotations

import pytest

from db.session import Session
from db.world import put

VIEWS = {
    "activity",
    "camera",
    "physical_filter",
    "abstract_filter",
    "physical_sensor",
    "visit",
    "snap",
    "observed_sensor",
    "visit_range",
    "skymap",
    "tract",
    "patch",
    "sky_pixel",
    "label",
    "instrument",
    "detector",
    "band",
    "exposure",
    "unit",
    "visit_patch_join",
    "visit_tract_join",
    "sensor_patch_join",
    "sensor_tract_join",
    "visit_range_join",
    "visit_self_join",
    "dataset",
    "dataset_wide",
    "dataset_type",
    "dataset_type_unit",
    "artifact",
    "collection",
    "collection_chain",
    "dataset_collection",
    "run",
    "execution",
    "quantum",
    "dataset_consumer",
    "calibration",
    "datastore",
    "registry",
    "removal",
    "lost_artifact",
    "run_hold",
    "storage_use",
    "dataset_count",
    "schema_version",
    "camera_dataset_join",
    "abstract_filter_dataset_join",
    "physical_filter_dataset_join",
    "physical_sensor_dataset_join",
    "sensor_dataset_join",
    "visit_dataset_join",
    "snap_dataset_join",
    "visit_range_dataset_join",
    "skymap_dataset_join",
    "tract_dataset_join",
    "patch_dataset_join",
    "sky_pixel_dataset_join",
    "label_dataset_join",
}

# What DMTN-056, DMTN-073 and today's data butler keep of each, under our names.
COLUMNS = {
    "dataset": "dataset_id dataset_type run quantum_id camera abstract_filter physical_filter sensor visit snap visit_range skymap tract patch sky_pixel label"
    " instrument detector band",
    "dataset_wide": "dataset_id dataset_type run instrument camera visit detector sensor band abstract_filter night"
    " obs_begin_tai obs_begin_utc exposure_time target_name ra dec uri size",
    "artifact": "dataset_id datastore component uri formatter size sha256",
    "dataset_type": "dataset_type storage_class units",
    "dataset_type_unit": "dataset_type unit",
    "dataset_collection": "collection dataset_id dataset_type",
    "collection": "collection collection_type owner doc",
    "run": "run environment pipeline host started ended",
    "execution": "execution_id host started ended",
    "quantum": "quantum_id run task data_id status",
    "dataset_consumer": "quantum_id dataset_id actual",
    "abstract_filter": "abstract_filter",
    "camera": "camera definition",
    "physical_filter": "physical_filter camera abstract_filter",
    "physical_sensor": "sensor sensor_name camera sensor_group purpose",
    "visit": "visit camera physical_filter abstract_filter obs_begin_tai obs_end_tai obs_begin_utc exposure_time dark_time"
    " seeing region visit_name night seq_num target_name observation_type observation_reason science_program azimuth"
    " zenith_angle tracking_ra tracking_dec sky_angle has_simulated can_see_sky ra dec s_region extra"
    " instrument band exposure",
    "observed_sensor": "visit sensor camera region ra dec",
    "snap": "visit snap camera obs_begin_tai obs_end_tai exposure_time dark_time",
    "exposure": "instrument band exposure camera visit snap physical_filter obs_begin_tai obs_end_tai obs_begin_utc exposure_time dark_time",
    "visit_range": "visit_begin visit_end camera",
    "skymap": "skymap definition definition_hash",
    "tract": "tract skymap region ra dec",
    "patch": "patch tract cell_x cell_y skymap region",
    "sky_pixel": "sky_pixel region",
    "label": "label",
    "visit_range_join": "visit_begin visit_end visit camera",
    "visit_self_join": "visit_1 camera_1 visit_2 camera_2",
    "sensor_patch_join": "visit sensor camera tract patch skymap",
    "sensor_tract_join": "visit sensor camera tract skymap",
    "visit_patch_join": "visit camera tract patch skymap",
    "visit_tract_join": "visit camera tract skymap",
    "calibration": "collection dataset_type dataset_id valid known valid_begin_tai valid_end_tai actor reason",
    "visit_dataset_join": "camera visit dataset_id",
    "physical_filter_dataset_join": "camera physical_filter dataset_id",
    "physical_sensor_dataset_join": "camera sensor dataset_id",
    "snap_dataset_join": "camera visit snap dataset_id",
    "visit_range_dataset_join": "camera visit_range dataset_id",
    "abstract_filter_dataset_join": "abstract_filter dataset_id",
    "tract_dataset_join": "skymap tract dataset_id",
    "patch_dataset_join": "skymap tract patch dataset_id",
}

TYPES = {
    ("dataset", "dataset_id"): "uuid",
    ("visit", "visit"): "bigint",
    ("visit", "exposure_time"): "double precision",
    ("visit", "obs_begin_tai"): "timestamp without time zone",
    ("visit", "obs_begin_utc"): "timestamp with time zone",
    ("visit", "region"): "geography(Polygon,104047)",
    ("physical_sensor", "sensor"): "integer",
    ("visit_range", "visit_range"): "int8range",
    ("calibration", "valid"): "tsrange",
    ("calibration", "known"): "tstzrange",
    ("camera", "definition"): "jsonb",
}


def test_the_views_are_those_of_the_contract(still: dict[str, Session]) -> None:
    views = still["reader"].column("SELECT viewname FROM pg_views WHERE schemaname = 'butler'")
    assert set(views) - {"visit_cam"} == VIEWS


@pytest.mark.parametrize(("view", "columns"), COLUMNS.items(), ids=COLUMNS.keys())
def test_a_view_has_the_columns_of_the_source_documents(
    still: dict[str, Session], view: str, columns: str
) -> None:
    there = still["reader"].column(
        "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0", f"butler.{view}"
    )
    assert set(columns.split()) <= set(there)


def test_columns_have_the_types_of_the_contract(still: dict[str, Session]) -> None:
    for (view, column), kind in TYPES.items():
        assert (
            still["reader"].scalar(
                "SELECT format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = %s::regclass AND attname = %s",
                f"butler.{view}",
                column,
            )
            == kind
        )


def test_every_unit_has_a_view_with_a_column_of_its_short_name_and_a_join_to_datasets(
    still: dict[str, Session],
) -> None:
    for unit, view in still["reader"].rows("SELECT unit, view FROM butler.unit"):
        for name in (view, f"{unit}_dataset_join", "dataset"):
            still["reader"].rows(f"SELECT {unit} FROM butler.{name} LIMIT 0")


def test_an_unqualified_name_is_found_from_psql(still: dict[str, Session]) -> None:
    assert still["reader"].scalar("SELECT count(*) FROM visit WHERE visit.exposure_time > 29") == 6


def test_today_s_words_show_the_same_rows(still: dict[str, Session]) -> None:
    read = still["reader"]
    assert read.column("SELECT instrument FROM butler.instrument ORDER BY 1") == ["Cam", "Spec"]
    assert read.rows(
        "SELECT instrument, detector, sensor_name FROM butler.detector WHERE instrument = 'Cam' ORDER BY 2"
    ) == read.rows(
        "SELECT camera, sensor, sensor_name FROM butler.physical_sensor WHERE camera = 'Cam' ORDER BY 2"
    )


def test_a_visit_and_a_dataset_have_today_s_words_beside_ours(write: Session) -> None:
    put(write, "raw", {"camera": "Cam", "visit": 2, "sensor": 1})
    for view, ours, theirs in (
        ("visit", "camera, abstract_filter", "instrument, band"),
        ("exposure", "camera, abstract_filter", "instrument, band"),
        ("dataset", "camera, abstract_filter, sensor", "instrument, band, detector"),
        ("dataset_wide", "camera, abstract_filter, sensor", "instrument, band, detector"),
    ):
        select = f"SELECT {{}} FROM butler.{view} WHERE camera = 'Cam' AND visit = 2"
        assert write.rows(select.format(theirs)) == write.rows(select.format(ours)) != [], view


def test_a_visit_is_an_exposure_where_it_has_one_snap(still: dict[str, Session]) -> None:
    read = still["reader"]
    for view in ("visit", "exposure"):
        assert read.rows(
            f"SELECT DISTINCT visit, exposure FROM butler.{view} WHERE camera = 'Cam' ORDER BY 1"
        ) == [(1, None), (2, 2), (3, 3)]


def test_a_visit_whose_only_snap_is_recorded_is_an_exposure(own: Session) -> None:
    own.rows("DELETE FROM butler_internal.snap WHERE camera = 'Cam' AND visit = 1 AND snap = 0")
    assert own.column("SELECT exposure FROM butler.visit WHERE camera = 'Cam' AND visit = 1") == [1]


def test_a_dataset_is_found_by_the_band_of_its_visit_or_filter(write: Session) -> None:
    (raw,) = put(write, "raw", {"camera": "Cam", "visit": 1, "sensor": 1})
    (flat,) = put(write, "flat", {"camera": "Cam", "sensor": 1, "filter": "Cam-g"})
    (coadd,) = put(write, "coadd", {"tract": 1, "patch": 0, "band": "g"})
    (bias,) = put(write, "bias", {"camera": "Cam", "sensor": 1})
    for view in ("dataset", "dataset_wide"):
        select = f"SELECT dataset_id FROM butler.{view}"
        assert write.column(f"{select} WHERE dataset_type = 'raw' AND abstract_filter = 'r'") == [raw], view
        assert set(write.column(f"{select} WHERE band = 'g'")) == {flat, coadd}, view
        assert write.column(f"{select} WHERE band IS NULL") == [bias], view


def test_what_is_known_of_a_dataset_is_in_one_row(write: Session) -> None:
    put(write, "raw", {"camera": "Cam", "visit": 1, "sensor": 2})
    put(write, "visit_summary", {"camera": "Cam", "visit": 1})
    put(write, "coadd", {"tract": 1, "patch": 0, "band": "g"})
    put(write, "bias", {"camera": "Cam", "sensor": 1})
    assert write.rows(
        "SELECT w.dataset_type, w.night, w.exposure_time, w.target_name, w.physical_filter, w.uri, w.size"
        " FROM butler.dataset_wide AS w ORDER BY 1"
    ) == write.rows(
        "SELECT d.dataset_type, v.night, v.exposure_time, v.target_name, v.physical_filter, a.uri, a.size"
        " FROM butler.dataset AS d JOIN butler.artifact AS a USING (dataset_id)"
        " LEFT JOIN butler.visit AS v USING (camera, visit) ORDER BY 1"
    )
    positions = {
        dataset_type: position
        for dataset_type, *position in write.rows("SELECT dataset_type, ra, dec FROM butler.dataset_wide")
    }
    assert positions == {
        "raw": _position(write, "observed_sensor", "camera = 'Cam' AND visit = 1 AND sensor = 2"),
        "visit_summary": _position(write, "visit", "camera = 'Cam' AND visit = 1"),
        "coadd": _position(write, "patch", "tract = 1 AND patch = 0"),
        "bias": [None, None],
    }


def _position(session: Session, view: str, where: str) -> list[float]:
    ((ra, dec),) = session.rows(f"SELECT ra, dec FROM butler.{view} WHERE {where}")
    assert ra is not None
    return [ra, dec]


def test_a_dataset_whose_bytes_are_gone_is_wide_without_a_uri(write: Session, own: Session) -> None:
    (raw,) = put(write, "raw", {"camera": "Cam", "visit": 1, "sensor": 2})
    own.rows("DELETE FROM butler_internal.artifact")
    assert write.rows("SELECT dataset_id, uri, size FROM butler.dataset_wide") == [(raw, None, None)]


def test_exposures_are_snaps_or_else_visits(still: dict[str, Session]) -> None:
    assert still["reader"].rows(
        "SELECT visit, snap, exposure_time FROM butler.exposure WHERE camera = 'Cam' ORDER BY 1, 2"
    ) == [
        (1, 0, 15.0),
        (1, 1, 15.0),
        (2, 0, 30.0),
        (3, 0, 30.0),
    ]


def test_a_visit_range_holds_its_begin_and_not_its_end_and_only_its_own_camera(
    still: dict[str, Session],
) -> None:
    read = still["reader"]
    assert read.rows(
        "SELECT camera, visit_begin, visit_end, visit FROM butler.visit_range_join ORDER BY 2, 4"
    ) == [
        ("Cam", 1, 3, 1),
        ("Cam", 1, 3, 2),
        ("Cam", 2, None, 2),
        ("Cam", 2, None, 3),
    ]


def test_visits_that_belong_together_are_joined_both_ways(still: dict[str, Session]) -> None:
    assert sorted(still["reader"].rows("SELECT * FROM butler.visit_self_join")) == [
        ("Cam", 1, "Spec", 2),
        ("Spec", 2, "Cam", 1),
    ]


def test_sky_joins_are_by_sensor_and_of_every_camera(still: dict[str, Session]) -> None:
    read = still["reader"]
    assert read.rows(
        "SELECT camera, visit, sensor, tract, patch FROM butler.sensor_patch_join WHERE camera = 'Cam' AND visit = 1 ORDER BY 3, 5"
    ) == [("Cam", 1, 1, 0, 0), ("Cam", 1, 1, 0, 1), ("Cam", 1, 2, 0, 0), ("Cam", 1, 2, 0, 1)]
    assert read.scalar("SELECT count(*) FROM butler.visit_patch_join") == 8
    assert read.scalar("SELECT count(*) FROM butler.visit_tract_join") == 4
    assert read.scalar("SELECT count(*) FROM butler.sensor_tract_join") == 8
    # Visit 3 has a region but no sensor was read.
    assert 3 not in read.column("SELECT DISTINCT visit FROM butler.visit_patch_join")


def test_metadata_of_a_unit_is_the_same_for_all_datasets_of_it(write: Session) -> None:
    put(write, "raw", {"camera": "Cam", "visit": 1, "sensor": 1})
    put(write, "visit_summary", {"camera": "Cam", "visit": 1})
    assert write.rows(
        "SELECT d.dataset_type, v.exposure_time, v.abstract_filter FROM butler.dataset AS d JOIN butler.visit AS v USING (camera, visit) ORDER BY 1"
    ) == [("raw", 30.0, "r"), ("visit_summary", 30.0, "r")]


def test_each_join_gives_the_right_pairs(write: Session) -> None:
    (raw,) = put(write, "raw", {"camera": "Cam", "visit": 1, "sensor": 2})
    (flat,) = put(write, "flat", {"camera": "Cam", "sensor": 1, "filter": "Cam-g"})
    (coadd,) = put(write, "coadd", {"tract": 1, "patch": 0, "band": "g"})
    (ranged,) = put(write, "defects", {"camera": "Cam", "sensor": 1, "visit_range": "2.."})
    joins = {
        "visit": {("Cam", 1, raw)},
        "sensor": {("Cam", 2, raw), ("Cam", 1, flat), ("Cam", 1, ranged)},
        "physical_sensor": {("Cam", 2, raw), ("Cam", 1, flat), ("Cam", 1, ranged)},
        "camera": {("Cam", raw), ("Cam", flat), ("Cam", ranged)},
        "physical_filter": {("Cam", "Cam-g", flat)},
        "abstract_filter": {("g", coadd)},
        "tract": {("rings", 1, coadd)},
        "patch": {("rings", 1, 0, coadd)},
        "skymap": {("rings", coadd)},
        "snap": set(),
        "label": set(),
    }
    for unit, pairs in joins.items():
        assert set(write.rows(f"SELECT * FROM butler.{unit}_dataset_join")) == pairs, unit


def test_a_removed_dataset_is_in_no_view_of_what_there_is(write: Session, own: Session) -> None:
    put(write, "raw", {"camera": "Cam", "visit": 1, "sensor": 2})
    own.rows("UPDATE butler_internal.dataset SET state = 'removed', changed = now()")
    for view in (
        "dataset",
        "dataset_wide",
        "dataset_collection",
        "visit_dataset_join",
        "sensor_dataset_join",
        "camera_dataset_join",
    ):
        assert write.rows(f"SELECT FROM butler.{view}") == [], view


def test_a_path_is_stored_without_its_dataset_s_id_and_shown_with_it(write: Session, own: Session) -> None:
    (one,) = put(write, "raw", {"camera": "Cam", "visit": 1, "sensor": 2})
    path = f"r/raw_{one.hex}.json"
    assert own.column("SELECT path FROM butler_internal.artifact") == ["r/raw_{}.json"]
    assert write.rows("SELECT path, uri, state FROM artifact") == [(path, f"file:///data/{path}", "present")]
    assert write.table("get_dataset", one)[0]["path"] == path

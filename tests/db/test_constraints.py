"""What the tables refuse by themselves, even from the owner and around every function."""

from __future__ import annotations

from typing import Any

import psycopg2.errors
import pytest

from db.session import Session, refused
from db.world import put

RAW: dict[str, Any] = {"camera": "Cam", "visit": 1, "sensor": 1}


def insert_dataset(own: Session, dataset_type: str, run: str | None = "r/one", **units: Any) -> None:
    """Insert a row as no function would."""
    columns = "".join(f", {name}" for name in units)
    own.rows(
        f"INSERT INTO butler_internal.dataset (dataset_id, run_id, dataset_type_id, created{columns})"
        " SELECT gen_random_uuid(), (SELECT r.run_id FROM butler_internal.run AS r WHERE r.run = %s), t.dataset_type_id, now()"
        + ", %s" * len(units)
        + " FROM butler_internal.dataset_type AS t WHERE t.dataset_type = %s",
        run,
        *units.values(),
        dataset_type,
    )


def test_a_run_holds_one_dataset_of_a_type_and_data_id(own: Session, write: Session) -> None:
    put(write, "raw", RAW)
    with refused("23505", constraint="uq_dataset_run_type_digest"):
        insert_dataset(own, "raw", **RAW)
    insert_dataset(own, "raw", run="r/two", **RAW)
    assert own.scalar("SELECT count(*) FROM butler.dataset WHERE dataset_type = 'raw'") == 2


def test_a_removed_dataset_leaves_its_name_free(own: Session, write: Session) -> None:
    put(write, "raw", RAW)
    own.rows("UPDATE butler_internal.dataset SET state = 'removed', changed = now()")
    put(write, "raw", RAW)
    with refused("23505", constraint="uq_dataset_run_type_digest"):
        own.rows("UPDATE butler_internal.dataset SET state = 'present'")


@pytest.mark.parametrize(
    ("dataset_type", "units"),
    [
        ("raw", {"camera": "Cam", "visit": 1}),
        ("raw", {**RAW, "physical_filter": "Cam-r"}),
        ("bias", {}),
        ("census", {"camera": "Cam"}),
        ("coadd", {"skymap": "rings", "tract": 0, "patch": 0}),
        ("note", {"camera": "Cam"}),
    ],
)
def test_a_data_id_of_the_wrong_shape_is_refused(
    own: Session, dataset_type: str, units: dict[str, Any]
) -> None:
    with refused("23503", constraint="fk_dataset_dataset_type"):
        insert_dataset(own, dataset_type, **units)


@pytest.mark.parametrize(
    ("dataset_type", "units", "constraint"),
    [
        ("camera_geometry", {"camera": "Nobody"}, "fk_dataset_camera"),
        ("bias", {"camera": "Cam", "sensor": 9}, "fk_dataset_physical_sensor"),
        ("bias", {"camera": "Nobody", "sensor": 1}, "fk_dataset_physical_sensor"),
        ("flat", {"camera": "Cam", "sensor": 1, "physical_filter": "Spec-r"}, "fk_dataset_physical_filter"),
        ("visit_summary", {"camera": "Cam", "visit": 9}, "fk_dataset_visit"),
        ("raw", {"camera": "Cam", "visit": 1, "sensor": 3}, "fk_dataset_observed_sensor"),
        ("raw", {"camera": "Cam", "visit": 9, "sensor": 1}, "fk_dataset_observed_sensor"),
        ("snap_image", {"camera": "Cam", "visit": 1, "snap": 9}, "fk_dataset_snap"),
        ("snap_image", {"camera": "Cam", "visit": 9, "snap": 0}, "fk_dataset_snap"),
        ("defects", {"camera": "Cam", "sensor": 1, "visit_range": "[7,8)"}, "fk_dataset_visit_range"),
        ("sky_map", {"skymap": "nope"}, "fk_dataset_skymap"),
        ("background", {"skymap": "rings", "tract": 9}, "fk_dataset_tract"),
        ("coadd", {"skymap": "rings", "tract": 0, "patch": 9, "abstract_filter": "r"}, "fk_dataset_patch"),
        (
            "coadd",
            {"skymap": "rings", "tract": 0, "patch": 0, "abstract_filter": "zz"},
            "fk_dataset_abstract_filter",
        ),
        ("reference", {"sky_pixel": 99}, "fk_dataset_sky_pixel"),
        ("note", {"label": "nope"}, "fk_dataset_label"),
    ],
)
def test_an_unknown_unit_is_refused(
    own: Session, dataset_type: str, units: dict[str, Any], constraint: str
) -> None:
    with refused("23503", constraint=constraint):
        insert_dataset(own, dataset_type, **units)


def test_a_dataset_without_a_run_is_refused(own: Session) -> None:
    with refused("23502", "run_id"):
        insert_dataset(own, "raw", run=None, **RAW)
    with refused("23503", constraint="fk_dataset_run"):
        own.rows(
            "INSERT INTO butler_internal.dataset (dataset_id, run_id, dataset_type_id, created)"
            " SELECT gen_random_uuid(), 0, t.dataset_type_id, now() FROM butler_internal.dataset_type AS t WHERE t.dataset_type = 'census'"
        )


def test_a_patch_without_its_tract_is_refused(own: Session) -> None:
    with refused("23503", constraint="fk_patch_tract"):
        own.rows("INSERT INTO butler_internal.patch (skymap, tract, patch) VALUES ('rings', 9, 0)")
    with refused("23503", constraint="fk_patch_tract"):
        own.rows("DELETE FROM butler_internal.tract WHERE tract = 0")


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/etc/passwd",
        "../x",
        "a/../x",
        "a/..",
        "a\nb",
        "a\x7fb",
        "a/",
        "a/#1",
        ".butler-datastore.json",
        "a/" * 2048 + "a",
    ],
)
def test_a_path_that_leads_elsewhere_is_refused(own: Session, write: Session, path: str) -> None:
    (dataset_id,) = put(write, "raw", RAW)
    with refused("23514", constraint="ck_artifact_path"):
        own.rows("UPDATE butler_internal.artifact SET path = %s WHERE dataset_id = %s", path, dataset_id)


@pytest.mark.parametrize("formatter", ["", "js\non", "x" * 256])
def test_a_formatter_has_a_short_name(own: Session, write: Session, formatter: str) -> None:
    (dataset_id,) = put(write, "raw", RAW)
    with refused("23514", constraint="ck_artifact_formatter"):
        own.rows(
            "UPDATE butler_internal.artifact SET formatter = %s WHERE dataset_id = %s", formatter, dataset_id
        )


@pytest.mark.parametrize(
    "root",
    [
        "file:///data/./x/",
        "file:///data/../x/",
        "file:////x/",
        "file:///x//y/",
        "file:///x\n/",
        "file:///x",
        "swift://account/a//b/",
    ],
)
def test_a_root_has_one_spelling(own: Session, root: str) -> None:
    with refused("23514", constraint="ck_datastore_root"):
        own.rows("INSERT INTO butler_internal.datastore (datastore, root) VALUES ('other', %s)", root)


def test_roots_of_files_and_objects_are_taken(own: Session) -> None:
    for name, root in {"a": "file:///x/y/", "b": "swift://account/container/", "c": "s3://bucket/"}.items():
        own.rows("INSERT INTO butler_internal.datastore (datastore, root) VALUES (%s, %s)", name, root)


def test_a_collection_is_two_things_at_no_time(own: Session, write: Session) -> None:
    with refused("23505", constraint="uq_collection_collection"):
        own.rows(
            "INSERT INTO butler_internal.collection (collection, collection_type, owner) VALUES ('best', 'run', 'me')"
        )


def test_a_tag_holds_one_dataset_of_a_type_and_data_id(own: Session, write: Session) -> None:
    one, other = put(write, "raw", RAW), put(write, "raw", RAW, run="r/two")
    write.rows("SELECT butler.associate('best', %s)", one)
    with refused("23505", constraint="uq_dataset_tag_now"):
        own.rows(
            "INSERT INTO butler_internal.dataset_tag (collection_id, dataset_id, dataset_type_id, digest, known)"
            " SELECT t.collection_id, %s, t.dataset_type_id, t.digest, t.known FROM butler_internal.dataset_tag AS t",
            other[0],
        )


def test_what_was_read_had_been_predicted(own: Session, write: Session) -> None:
    """Actual is a flag on the predicted row: there is no other place to say so."""
    columns = own.column(
        "SELECT column_name FROM information_schema.columns WHERE table_schema = 'butler_internal' AND table_name = 'dataset_consumer' ORDER BY 1"
    )
    assert columns == ["actual", "dataset_id", "quantum_id"]


def test_deleting_what_a_dataset_is_labelled_with_is_refused(own: Session, write: Session) -> None:
    put(write, "raw", RAW)
    for table, where in [
        ("observed_sensor", "camera = 'Cam' AND visit = 1 AND sensor = 1"),
        ("run", "run = 'r/one'"),
        ("dataset_type", "dataset_type = 'raw'"),
    ]:
        with refused("23503"):
            own.rows(f"DELETE FROM butler_internal.{table} WHERE {where}")


@pytest.mark.parametrize(
    "path",
    [
        "http://user:secret@host/x",
        "%2e%2e/x",
        "a%2Fb",
        "a%00",
        "a//b",
        "./a",
        "a/./b",
        "FILE:///etc/passwd",
        "a:b",
    ],
)
def test_a_path_that_hides_something_is_refused(own: Session, write: Session, path: str) -> None:
    (dataset_id,) = put(write, "census", {})
    with pytest.raises(psycopg2.errors.CheckViolation, match="ck_artifact_path"):
        own.rows("UPDATE butler_internal.artifact SET path = %s WHERE dataset_id = %s", path, dataset_id)


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        ("physical_filter", "wavelength_min", "NaN"),
        ("physical_filter", "wavelength_min", "Infinity"),
        ("physical_sensor", "corners", "{{NaN,0}}"),
        ("physical_sensor", "corners", "{{0,Infinity}}"),
        ("visit", "night", "0044-03-15 BC"),
        ("visit", "night", "infinity"),
        ("visit", "public_after", "99999-01-01"),
    ],
)
def test_a_value_that_clients_cannot_read_is_refused(
    own: Session, table: str, column: str, value: str
) -> None:
    with pytest.raises(psycopg2.errors.CheckViolation):
        own.rows(f"UPDATE butler_internal.{table} SET {column} = %s", value)

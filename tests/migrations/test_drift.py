"""What somebody changed by hand is found, whatever it is; and what a database lacks is said."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from db.session import Session, refused
from db.world import contents, datasets, put
from sqlalchemy import NullPool, create_engine

from butler.embedded.programs import find_programs
from butler.errors import InvalidNameError, PermissionDeniedError
from butler.schema import migrations
from butler.schema.install import create_layer
from butler.schema.migrations import catalog, check, grant, initialise
from butler.schema.reference import expected_catalog
from migrations.conftest import run_as

Run = Callable[..., Any]

DRIFTS = {
    "an EXCLUDE dropped": (
        "ALTER TABLE butler_internal.calibration DROP CONSTRAINT ex_calibration_valid",
        "constraint",
        "ex_calibration_valid is missing",
    ),
    "a CHECK changed under its name": (
        "ALTER TABLE butler_internal.visit DROP CONSTRAINT ck_visit_number, ADD CONSTRAINT ck_visit_number CHECK (visit >= -1)",
        "constraint",
        "ck_visit_number differs",
    ),
    "a foreign key dropped": (
        "ALTER TABLE butler_internal.patch DROP CONSTRAINT fk_patch_tract",
        "constraint",
        "fk_patch_tract is missing",
    ),
    "a column added": (
        "ALTER TABLE butler_internal.label ADD COLUMN x text",
        "column",
        "label.x is not ours",
    ),
    "a default changed": (
        "ALTER TABLE butler_internal.dataset ALTER COLUMN state SET DEFAULT 'x'",
        "column",
        "dataset.state differs",
    ),
    "a NOT NULL dropped": (
        "ALTER TABLE butler_internal.visit ALTER COLUMN visit_name DROP NOT NULL",
        "column",
        "visit_name differs",
    ),
    "when a table is analysed changed": (
        "ALTER TABLE butler_internal.dataset_type RESET (autovacuum_analyze_threshold)",
        "table",
        "dataset_type differs",
    ),
    "an index dropped": ("DROP INDEX butler_internal.ix_visit_region", "index", "ix_visit_region is missing"),
    "an index added": ("CREATE INDEX mine ON butler_internal.visit (airmass)", "index", "mine is not ours"),
    "an index's predicate changed": (
        "DROP INDEX butler_internal.ix_dataset_quantum; CREATE INDEX ix_dataset_quantum ON butler_internal.dataset (quantum_id)",
        "index",
        "ix_dataset_quantum differs",
    ),
    "a function made invoker": (
        "ALTER FUNCTION butler.open_run(text) SECURITY INVOKER",
        "function",
        "open_run.* differs",
    ),
    "a function's search path reset": (
        "ALTER FUNCTION butler.open_run(text) RESET search_path",
        "function",
        "open_run.* differs",
    ),
    "a function dropped": (
        "DROP FUNCTION butler.sky_box(double precision, double precision, double precision, double precision)",
        "function",
        "sky_box.* is missing",
    ),
    "a function added": (
        "CREATE FUNCTION butler.mine() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
        "function",
        "mine.* is not ours",
    ),
    "a view dropped": ("DROP VIEW butler.label", "view", "butler.label is missing"),
    "a table granted": (
        "GRANT SELECT ON butler_internal.dataset TO butler_reader",
        "grant",
        "butler_internal.dataset is not ours",
    ),
    "a write granted to readers": (
        "GRANT EXECUTE ON FUNCTION butler.open_run(text) TO butler_reader",
        "grant",
        "open_run.* differs",
    ),
    "a function granted to all": (
        "GRANT EXECUTE ON FUNCTION butler.open_run(text) TO PUBLIC",
        "grant",
        "open_run.* differs",
    ),
    "a view revoked": ("REVOKE SELECT ON butler.visit FROM butler_reader", "grant", "butler.visit differs"),
    "a schema opened": (
        "GRANT USAGE ON SCHEMA butler_internal TO butler_reader",
        "grant",
        "butler_internal is not ours",
    ),
    "a trigger disabled": (
        "ALTER TABLE butler_internal.patch DISABLE TRIGGER keep_overlap_insert",
        "trigger",
        "keep_overlap_insert differs",
    ),
    "the trigger that keeps the tracts of visits dropped": (
        "DROP TRIGGER keep_overlap_delete ON butler_internal.observed_sensor",
        "trigger",
        "keep_overlap_delete is missing",
    ),
    "a trigger dropped": (
        "DROP TRIGGER keep_overlap_insert ON butler_internal.patch",
        "trigger",
        "keep_overlap_insert is missing",
    ),
    "a view's comment changed": ("COMMENT ON VIEW butler.visit IS 'x'", "view", "butler.visit differs"),
    "a column's comment changed": (
        "COMMENT ON COLUMN butler.visit.airmass IS 'x'",
        "column",
        "airmass differs",
    ),
    "a function's comment dropped": (
        "COMMENT ON FUNCTION butler.open_run(text) IS NULL",
        "function",
        "open_run.* differs",
    ),
    "a generated column's expression changed": (
        "ALTER TABLE butler_internal.dataset DROP COLUMN tract_alone CASCADE; ALTER TABLE butler_internal.dataset"
        " ADD COLUMN tract_alone integer GENERATED ALWAYS AS (tract) STORED",
        "column",
        "tract_alone differs",
    ),
    "a sequence dropped": (
        "DROP SEQUENCE butler_common.calibration_id CASCADE",
        "sequence",
        "calibration_id is missing",
    ),
}


DRIFTS_OF_WHAT_IS_PARSED = {
    "a function's body changed": (
        "CREATE OR REPLACE FUNCTION butler.sky_separation(p_one public.geography, p_other public.geography) RETURNS double precision"
        " LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE BEGIN ATOMIC SELECT 0::double precision; END",
        "function",
        "sky_separation.* differs",
    ),
    "a view changed": (
        "CREATE OR REPLACE VIEW butler.label AS SELECT l.label, upper(l.doc) AS doc FROM butler_internal.all_label AS l",
        "view",
        "butler.label differs",
    ),
}


@pytest.mark.usefixtures("as_listed")
@pytest.mark.parametrize(
    ("change", "object_type", "said"), DRIFTS_OF_WHAT_IS_PARSED.values(), ids=DRIFTS_OF_WHAT_IS_PARSED.keys()
)
def test_drift_of_what_is_parsed_is_found(
    still: dict[str, Session], change: str, object_type: str, said: str
) -> None:
    assert_drift_is_found(still, change, object_type, said)


@pytest.mark.parametrize(("change", "object_type", "said"), DRIFTS.values(), ids=DRIFTS.keys())
def test_drift_is_found(still: dict[str, Session], change: str, object_type: str, said: str) -> None:
    assert_drift_is_found(still, change, object_type, said)


def assert_drift_is_found(still: dict[str, Session], change: str, object_type: str, said: str) -> None:
    info = still["owner"].connection.info
    engine = create_engine(
        f"postgresql+psycopg2://butler_owner@/{info.dbname}?host={info.host}&port={info.port}",
        poolclass=NullPool,
    )
    with engine.connect() as connection:
        cursor = connection.connection.cursor()
        cursor.execute(change)
        found = [d for d in check(connection) if d.object_type == object_type and re.search(said, str(d))]
        connection.rollback()
        assert len(found) == 1
        assert check(connection) == []


def test_registering_things_is_no_drift(as_owner: Run, write: Session) -> None:
    put(write, "raw", {"camera": "Cam", "visit": 1, "sensor": 1})
    as_owner(create_layer, "mydb", "butler")
    assert as_owner(check) == []


@pytest.mark.usefixtures("as_listed")
def test_another_version_of_postgresql_may_write_parsed_queries_in_its_own_way(
    as_owner: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = {
        key: definition.replace("\nAS\n SELECT", "\nAS\n select").replace(
            "\nBEGIN ATOMIC\n", "\nBEGIN ATOMIC\n\n"
        )
        for key, definition in expected_catalog().items()
    }
    monkeypatch.setattr(migrations, "expected_catalog", lambda: dict(elsewhere))
    assert {difference.object_type for difference in as_owner(check)} == {"view", "function"}
    elsewhere["server", "version"] = "18"
    assert as_owner(check) == []
    elsewhere["view", "butler.visit"] = elsewhere["view", "butler.visit"].replace("comment ", "comment not ")
    assert [str(difference) for difference in as_owner(check)] == ["view butler.visit differs"]


# Dump and restore ----------------------------------------------------------------------


def dump_and_restore(source: Any, target: Any, folder: Path, schemas: list[str]) -> None:
    """Take our schemas along as the owner, into a database that was initialised."""
    programs, archive = find_programs().folder, folder / "butler.dump"
    for command in (
        [
            "pg_dump",
            "--format=custom",
            f"--file={archive}",
            *(f"--schema={s}" for s in schemas),
            source.dsn("owner"),
        ],
        [
            "pg_restore",
            "--exit-on-error",
            "--single-transaction",
            f"--dbname={target.dsn('owner')}",
            str(archive),
        ],
    ):
        done = subprocess.run(
            [str(programs / command[0]), *command[1:]], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr


def test_a_dump_of_our_schemas_restores_whole(
    database: Any, empty_database: Any, as_owner: Run, own: Session, write: Session, tmp_path: Path
) -> None:
    put(write, "raw", {"camera": "Cam", "visit": 1, "sensor": 1})
    as_owner(create_layer, "mydb", "butler")
    write.rows("SELECT mydb.open_run('u/me')")
    theirs = datasets("raw", {"camera": "Cam", "visit": 1, "sensor": 2})
    write.rows("SELECT mydb.put('u/me', %s)", json.dumps(theirs))

    run_as(empty_database.dsn("superuser"), initialise)
    schemas = ["butler", "butler_internal", "butler_common", "mydb", "mydb_internal"]
    dump_and_restore(database, empty_database, tmp_path, schemas)
    restored = Session(empty_database.connect("owner"))
    assert contents(restored, "butler", "mydb") == contents(own, "butler", "mydb")
    run_as(empty_database.dsn("owner"), grant)
    run_as(empty_database.dsn("superuser"), initialise)

    for name in ("butler", "mydb"):
        assert run_as(empty_database.dsn("owner"), catalog, name) == as_owner(catalog, name)
    assert run_as(empty_database.dsn("owner"), check) == []
    assert restored.rows("SELECT * FROM butler.dataset") == own.rows("SELECT * FROM butler.dataset")

    writer = Session(empty_database.connect("writer"))
    assert writer.table("find_dataset", "raw", {"camera": "Cam", "visit": 1, "sensor": 1}, ["r/one"])
    put(writer, "bias", {"camera": "Cam", "sensor": 1})
    writer.call("register_units", "label", [{"label": "after"}])
    assert set(writer.column("SELECT dataset_type FROM mydb.dataset")) == {"raw", "bias"}
    assert writer.column("SELECT label FROM mydb.label WHERE label = 'after'") == ["after"]
    reader = Session(empty_database.connect("reader"))
    assert reader.scalar("SELECT count(*) FROM sensor_patch_join") == own.scalar(
        "SELECT count(*) FROM butler.sensor_patch_join"
    )
    with refused("42501"):
        reader.rows("SELECT FROM butler_internal.dataset")
    with refused("42501"):
        writer.rows("CREATE TEMPORARY TABLE mine (x integer)")


# A server that isn't ready ------------------------------------------------------------------


def test_a_role_that_may_not_initialise_is_told_who_may(empty_database: Any, butler_template: str) -> None:
    administrator = Session(empty_database.connect("superuser"))
    before = administrator.column("SELECT extname FROM pg_extension")
    with pytest.raises(PermissionDeniedError, match=r"may not initialise(?s:.*)administrator"):
        run_as(empty_database.dsn("writer"), initialise)
    assert administrator.column("SELECT extname FROM pg_extension") == before


@pytest.mark.parametrize("prefix", ["", "Obs", "a b", "a'; DROP ROLE postgres; --", "x" * 60])
def test_a_prefix_is_plain(empty_database: Any, prefix: str) -> None:
    with pytest.raises(InvalidNameError, match="prefix"):
        run_as(empty_database.dsn("superuser"), lambda connection: initialise(connection, role_prefix=prefix))

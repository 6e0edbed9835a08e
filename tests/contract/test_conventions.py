"""How objects are named, explained, owned and guarded: read from the catalogue."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from db.session import Session
from db.world import camera
from sqlalchemy import create_engine

from butler.registry.postgres.errors import _BY_NAME, BY_CONSTRAINT, BY_SQLSTATE
from butler.schema.install import create_layer, drop_layer
from butler.schema.objects import SqlObject, read_objects, sql_root
from butler.schema.tables import metadata
from butler.units import UNITS
from butler.version import SCHEMA_VERSION

OBJECTS = read_objects(sql_root())
CHECK = "check_references_"
"""What the functions of a layer begin with that look into the tables under it."""
OURS = "n.nspname IN ('butler', 'butler_internal', 'butler_common')"


def test_every_relation_and_function_is_explained(still: dict[str, Session]) -> None:
    assert (
        still["owner"].column(
            f"SELECT n.nspname || '.' || c.relname FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace"
            f" WHERE {OURS} AND c.relkind IN ('r', 'v', 'c') AND c.relname <> 'alembic_version'"
            " AND coalesce(obj_description(c.oid, 'pg_class'), obj_description(c.reltype, 'pg_type')) IS NULL"
        )
        == []
    )
    assert (
        still["owner"].column(
            f"SELECT p.oid::regprocedure::text FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace"
            f" WHERE {OURS} AND obj_description(p.oid, 'pg_proc') IS NULL"
        )
        == []
    )


def test_every_column_of_the_contract_is_explained(still: dict[str, Session]) -> None:
    assert (
        still["owner"].column(
            "SELECT c.relname || '.' || a.attname FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0"
            " WHERE c.relnamespace = 'butler'::regnamespace AND c.relkind IN ('v', 'c') AND col_description(c.oid, a.attnum) IS NULL"
        )
        == []
    )


def test_every_table_is_analysed_however_small_it_is(still: dict[str, Session]) -> None:
    assert (
        still["owner"].column(
            f"SELECT n.nspname || '.' || c.relname FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace"
            f" WHERE {OURS} AND c.relkind = 'r' AND c.relname <> 'alembic_version'"
            " AND 'autovacuum_analyze_threshold=0' <> ALL (coalesce(c.reloptions, '{}'))"
        )
        == []
    )


def test_every_public_name_is_a_view_or_a_row_type(still: dict[str, Session]) -> None:
    assert still["owner"].column(
        "SELECT DISTINCT c.relkind::text FROM pg_class AS c WHERE c.relnamespace = 'butler'::regnamespace ORDER BY 1"
    ) == ["c", "v"]


def test_times_say_their_scale_and_angles_and_durations_their_unit(still: dict[str, Session]) -> None:
    comments = still["owner"].rows(
        "SELECT c.relname || '.' || a.attname, a.attname, format_type(a.atttypid, NULL), col_description(c.oid, a.attnum)"
        " FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0"
        " WHERE c.relnamespace = 'butler'::regnamespace"
    )
    for full, column, kind, comment in comments:
        if kind in ("timestamp without time zone", "tsrange"):
            assert column.endswith("_tai") or column == "valid", full
            assert "TAI" in comment, full
        elif kind in ("timestamp with time zone", "tstzrange"):
            assert "UTC" in comment, full
        elif kind == "double precision" and column not in ("airmass", "gain"):
            assert "Unit: " in comment, full


def test_everything_belongs_to_the_owner(still: dict[str, Session]) -> None:
    assert (
        still["owner"].rows(
            f"""
        SELECT c.oid::regclass::text FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
        WHERE {OURS} AND c.relowner <> 'butler_owner'::regrole AND c.relkind IN ('r', 'v', 'c', 'S')
        UNION ALL
        SELECT p.oid::regprocedure::text FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace
        WHERE {OURS} AND p.proowner <> 'butler_owner'::regrole
        UNION ALL SELECT n.nspname FROM pg_namespace AS n WHERE {OURS} AND n.nspowner <> 'butler_owner'::regrole
        """
        )
        == []
    )


def test_every_object_has_a_name_by_the_rules(still: dict[str, Session]) -> None:
    names = still["owner"].column(
        f"""
        SELECT c.relname FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE {OURS}
        UNION ALL SELECT a.attname FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid
        JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE {OURS} AND a.attnum > 0 AND NOT a.attisdropped
        UNION ALL SELECT p.proname FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace WHERE {OURS}
        UNION ALL SELECT k.conname FROM pg_constraint AS k JOIN pg_namespace AS n ON n.oid = k.connamespace WHERE {OURS}
        UNION ALL SELECT t.tgname FROM pg_trigger AS t JOIN pg_class AS c ON c.oid = t.tgrelid
        JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE {OURS} AND NOT t.tgisinternal
        """
    )
    assert [name for name in names if not re.fullmatch(r"[a-z][a-z0-9_]{0,62}", name)] == []
    assert not any(name.endswith("s") for name in _relations(still["owner"]))


def _relations(session: Session) -> list[str]:
    return session.column(
        "SELECT relname FROM pg_class WHERE relnamespace = 'butler'::regnamespace AND relkind = 'v'"
    )


def test_every_constraint_and_index_has_a_name_of_its_kind(still: dict[str, Session]) -> None:
    prefixes = {"p": "pk_", "f": "fk_", "u": "uq_", "c": "ck_", "x": "ex_"}
    constraints = still["owner"].rows(
        f"SELECT k.conname, k.contype::text, c.relname FROM pg_constraint AS k JOIN pg_class AS c ON c.oid = k.conrelid"
        f" JOIN pg_namespace AS n ON n.oid = k.connamespace WHERE {OURS} AND k.contype <> 't' AND c.relname <> 'alembic_version'"
    )
    assert [name for name, kind, table in constraints if not name.startswith(prefixes[kind] + table)] == []
    indexes = still["owner"].rows(
        f"SELECT i.relname, c.relname FROM pg_index AS x JOIN pg_class AS i ON i.oid = x.indexrelid JOIN pg_class AS c ON c.oid = x.indrelid"
        f" JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE {OURS} AND c.relname <> 'alembic_version'"
    )
    assert [name for name, table in indexes if not re.match(rf"(pk|uq|ix|ex)_{table}", name)] == []


def test_parameters_are_named_so_that_no_column_hides_them(still: dict[str, Session]) -> None:
    assert (
        still["owner"].column(
            f"SELECT p.oid::regprocedure::text FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace"
            f" WHERE {OURS} AND p.pronargs > 0 AND EXISTS (SELECT FROM unnest(p.proargnames[1:p.pronargs]) AS a WHERE a !~ '^p_')"
        )
        == []
    )


def test_every_definer_function_pins_its_search_path_with_temporary_tables_last(
    still: dict[str, Session],
) -> None:
    assert (
        still["owner"].column(
            f"SELECT p.oid::regprocedure::text FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace"
            f" WHERE {OURS} AND p.prosecdef AND NOT EXISTS ("
            r"SELECT FROM unnest(p.proconfig) AS c (setting) WHERE c.setting ~ '^search_path=pg_catalog, (public, )?pg_temp$')"
        )
        == []
    )


def test_a_function_of_the_contract_that_reads_our_tables_does_so_as_the_owner(
    still: dict[str, Session],
) -> None:
    bodies = still["owner"].rows(
        "SELECT p.proname, p.prosecdef, pg_get_functiondef(p.oid) FROM pg_proc AS p WHERE p.pronamespace = 'butler'::regnamespace"
    )
    touching = {
        name: definer for name, definer, body in bodies if re.search(r"butler_(internal|common)\.", body)
    }
    assert len(touching) > 20
    assert [name for name, definer in touching.items() if not definer] == []
    assert [name for name, definer, _ in bodies if definer and name not in touching] == []


def test_every_write_is_durable(still: dict[str, Session]) -> None:
    bodies = still["owner"].rows(
        "SELECT p.proname, p.prosrc FROM pg_proc AS p WHERE p.pronamespace = 'butler'::regnamespace AND p.provolatile = 'v'"
    )
    durable = {name for name, body in bodies if "set_config('synchronous_commit', 'on', true)" in body}
    # A run is made by register_collection; a staging table is nobody else's; a client is admitted without a row.
    assert {name for name, _ in bodies} - durable == {"admit_client", "open_run", "stage_datasets"}


def test_every_foreign_key_that_needs_one_has_an_index(still: dict[str, Session]) -> None:
    # An index on the referencing side serves deletes and updates of the target, and joins from it.
    # Rows of these targets are never deleted and never change their key, and where a join starts
    # from them another index leads; an index would only make each insert of a dataset dearer.
    without_index = still["owner"].column(
        f"""
        SELECT k.conname FROM pg_constraint AS k JOIN pg_namespace AS n ON n.oid = k.connamespace
        WHERE {OURS} AND k.contype = 'f' AND NOT EXISTS (
            SELECT FROM pg_index AS i WHERE i.indrelid = k.conrelid
            AND (i.indkey::smallint[])[0:cardinality(k.conkey) - 1] @> k.conkey
        ) ORDER BY 1
        """
    )
    units = {name for name in without_index if name.startswith("fk_dataset_")}
    assert set(without_index) - units == {
        "fk_artifact_datastore",  # a handful of datastores
        "fk_calibration_key_abstract_filter",  # as with datasets, and keys are few
        "fk_calibration_key_label",
        "fk_calibration_key_patch",
        "fk_calibration_key_physical_filter",
        "fk_calibration_key_sky_pixel",
        "fk_calibration_key_skymap",
        "fk_calibration_key_tract",
        "fk_registry_base",  # a handful of registries
        "fk_run_environment",  # asked from the run
        "fk_run_pipeline",
    }
    assert units == {
        "fk_dataset_abstract_filter",
        "fk_dataset_camera",
        "fk_dataset_dataset_type",
        "fk_dataset_label",
        "fk_dataset_observed_sensor",
        "fk_dataset_patch",
        "fk_dataset_physical_filter",
        "fk_dataset_physical_sensor",
        "fk_dataset_sky_pixel",
        "fk_dataset_skymap",
        "fk_dataset_snap",
        "fk_dataset_tract",
        "fk_dataset_visit",
        "fk_dataset_visit_range",
    }


# Errors ---------------------------------------------------------------------------


def test_every_code_raised_has_an_exception_and_every_exception_a_code() -> None:
    raised = {code for obj in OBJECTS for code in re.findall(r"'(UB\d{3})'", obj.sql)}
    assert raised == {code for code in BY_SQLSTATE if code.startswith("UB")}


TEXT = r"(?:format\(\s*)?'((?:[^']|'')*)'"
MESSAGES = (
    rf"'UB\d{{3}}'(?: AS code)?,\s*(?:MESSAGE = )?{TEXT}",
    rf"'message',\s*{TEXT}",
    rf"v_(?:message|problem) := {TEXT}",
    rf"\bRAISE (?:EXCEPTION|WARNING|NOTICE) {TEXT}",
    rf"\bMESSAGE = {TEXT}",
)
CHOSEN = r"'message',\s*CASE\b(.*?)\bEND\b|\bCASE\b((?:(?!\bCASE\b).)*?)\bEND AS message\b"


def messages(sql: str) -> list[str]:
    """Give the texts that SQL raises, those in the branches of a CASE too."""
    found = [text for pattern in MESSAGES for text in re.findall(pattern, sql) if text != "message"]
    for branches in re.findall(CHOSEN, sql, re.DOTALL):
        found += re.findall(rf"\b(?:THEN|ELSE)\s+{TEXT}", "".join(branches))
    return [text for text in found if text]


def test_every_message_raised_in_sql_begins_with_a_lower_case_letter() -> None:
    raised = [
        (file.name, text)
        for file in sql_root().rglob("*.sql")
        if "migrations" not in file.parts
        for text in messages(file.read_text(encoding="utf-8"))
    ]
    assert [(name, text) for name, text in raised if not re.match(r"[a-z]|%[sL] ", text)] == []
    assert len(raised) > 130


@pytest.mark.parametrize("obj", OBJECTS, ids=lambda obj: obj.path)
def test_every_code_that_is_raised_is_raised_with_a_message_that_is_seen(obj: SqlObject) -> None:
    codes = re.findall(r"(?<!SQLSTATE )(?<!')'UB\d{3}'", obj.sql)
    assert len(messages(obj.sql)) >= len(codes)


def test_a_message_that_begins_with_a_capital_is_seen_wherever_it_is_raised() -> None:
    for sql in (
        "PERFORM butler_common.raise_error(\n 'UB101', 'No camera', 'Register it.')",
        "PERFORM butler_common.raise_error('UB101', format('No camera %L', p_camera), NULL)",
        "jsonb_build_object('row', 1, 'code', 'UB101', 'message', format(\n'No camera %L', x), 'hint', 'Add it.')",
        "jsonb_build_object('code', 'UB101', 'message', CASE WHEN a IS NULL THEN 'no a' ELSE format('No camera') END)",
        "SELECT CASE WHEN a THEN 'UB101' END AS code, CASE WHEN a THEN format('No camera %s', b) END AS message",
        "RAISE EXCEPTION USING ERRCODE = 'UB101', MESSAGE = 'No camera';",
        "RAISE WARNING 'No camera';",
        "v_message := 'No camera';",
    ):
        assert any(text.startswith("No camera") for text in messages(sql)), sql


def test_every_constraint_has_an_exception(still: dict[str, Session]) -> None:
    names = still["owner"].column(
        f"SELECT k.conname FROM pg_constraint AS k JOIN pg_namespace AS n ON n.oid = k.connamespace"
        f" JOIN pg_class AS c ON c.oid = k.conrelid WHERE {OURS} AND c.relname <> 'alembic_version'"
        f" UNION SELECT i.relname FROM pg_index AS x JOIN pg_class AS i ON i.oid = x.indexrelid"
        f" JOIN pg_namespace AS n ON n.oid = i.relnamespace JOIN pg_class AS c ON c.oid = x.indrelid"
        f" WHERE {OURS} AND x.indisunique AND c.relname <> 'alembic_version'"
    )
    assert set(BY_CONSTRAINT) <= set(names)
    unnamed = [n for n in names if n not in BY_CONSTRAINT and not any(re.match(p, n) for p, _ in _BY_NAME)]
    assert unnamed == []


# Files ------------------------------------------------------------------------------


@pytest.mark.parametrize("obj", OBJECTS, ids=lambda obj: obj.path)
def test_a_file_makes_and_explains_the_one_object_that_it_is_named_after(obj: SqlObject) -> None:
    assert Path(obj.path).stem == obj.name.split(".")[1]
    assert len(re.findall(rf"^COMMENT ON {obj.object_type.upper()} {obj.name}\b", obj.sql, re.MULTILINE)) == 1
    assert obj.sql.isascii() or "…" in obj.sql or "°" in obj.sql
    assert "\t" not in obj.sql
    assert obj.sql.endswith(";\n")


def write_objects(root: Path, **files: str) -> Path:
    for name, sql in files.items():
        (root / "functions").mkdir(exist_ok=True)
        (root / "functions" / f"{name}.sql").write_text(sql, encoding="utf-8")
    return root


def test_an_object_is_made_after_those_that_it_names(tmp_path: Path) -> None:
    write_objects(
        tmp_path,
        a="-- Not butler.d.\nCREATE VIEW butler.a AS SELECT butler.c() FROM butler_internal.all_camera;\n",
        b="CREATE FUNCTION butler.b() RETURNS void LANGUAGE sql BEGIN ATOMIC SELECT FROM butler.a; END;\n",
        c="CREATE OR REPLACE FUNCTION butler.c() RETURNS integer LANGUAGE sql BEGIN ATOMIC SELECT 1; END;\n",
        d="CREATE VIEW butler.d AS SELECT FROM butler.a;\n",
    )
    order = [obj.name for obj in read_objects(tmp_path)]
    assert order.index("butler.c") < order.index("butler.a") < order.index("butler.b")
    assert order.index("butler.a") < order.index("butler.d")


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"a": "SELECT 1;\n"}, "functions/a.sql makes 0"),
        ({"a": "CREATE VIEW butler.a AS SELECT 1;\nCREATE VIEW butler.b AS SELECT 1;\n"}, "makes 2"),
        (
            dict.fromkeys("ab", "CREATE VIEW butler.a AS SELECT 1;\n"),
            "a.sql and functions/b.sql both make butler.a",
        ),
        ({n: f"CREATE VIEW butler.{n} AS SELECT FROM butler.{m};\n" for n, m in ("ab", "ba")}, "cycle"),
    ],
    ids=["none", "two in a file", "two of a name", "a circle"],
)
def test_files_that_make_no_order_are_refused(tmp_path: Path, files: dict[str, str], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        read_objects(write_objects(tmp_path, **files))


def test_objects_in_the_database_are_those_of_the_files(still: dict[str, Session]) -> None:
    functions = still["owner"].column(
        f"SELECT n.nspname || '.' || p.proname FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace WHERE {OURS}"
    )
    assert sorted(functions) == sorted(o.name for o in OBJECTS if o.object_type == "function")
    joins = {f"butler.{name}_dataset_join" for unit in UNITS.values() for name in (unit.name, unit.view)}
    views = {f"butler.{name}" for name in _relations(still["owner"])} - {"butler.visit_cam"}
    assert views - joins == {o.name for o in OBJECTS if o.object_type == "view"}
    assert joins <= views
    types = still["owner"].column(
        f"SELECT n.nspname || '.' || c.relname FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace"
        f" WHERE {OURS} AND c.relkind = 'c'"
    )
    assert sorted(types) == sorted(o.name for o in OBJECTS if o.object_type == "type")


def test_the_version_that_the_code_needs_is_the_newest_revision() -> None:
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(sql_root() / "migrations"))
    config.set_main_option("path_separator", "os")
    assert ScriptDirectory.from_config(config).get_current_head() == SCHEMA_VERSION


def test_no_camera_is_named_in_the_schema() -> None:
    sql = " ".join(file.read_text() for file in sql_root().rglob("*.sql"))
    assert re.findall(r"(?i)\b(lsst|decam|hsc|latiss|acs|hst|subaru)\b", sql) == []


# A layer's own names -------------------------------------------------------------------


def test_no_name_of_the_base_is_left_in_a_layer(database: object, own: Session, write: Session) -> None:
    write.call("register_camera", camera("Cam2", extra={"x": {"type": "text"}}))
    engine = create_engine(database.dsn("owner").replace("postgresql://", "postgresql+psycopg2://"))  # type: ignore[attr-defined]
    with engine.begin() as connection:
        create_layer(connection, "mydb", "butler")
    definitions = own.rows(
        """
        SELECT p.oid::regprocedure::text, pg_get_functiondef(p.oid) FROM pg_proc AS p WHERE p.pronamespace IN ('mydb'::regnamespace, 'mydb_internal'::regnamespace)
        UNION ALL
        SELECT c.relname, pg_get_viewdef(c.oid) FROM pg_class AS c WHERE c.relkind = 'v' AND c.relnamespace IN ('mydb'::regnamespace, 'mydb_internal'::regnamespace)
        UNION ALL
        SELECT t.tgname, pg_get_triggerdef(t.oid) FROM pg_trigger AS t JOIN pg_class AS c ON c.oid = t.tgrelid
        WHERE c.relnamespace = 'mydb_internal'::regnamespace AND NOT t.tgisinternal
        UNION ALL
        SELECT a.attrelid::regclass || '.' || a.attname, pg_get_expr(d.adbin, d.adrelid) FROM pg_attribute AS a
        JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum JOIN pg_class AS c ON c.oid = a.attrelid
        WHERE c.relnamespace = 'mydb_internal'::regnamespace
        UNION ALL
        SELECT k.conname, pg_get_constraintdef(k.oid) FROM pg_constraint AS k WHERE k.connamespace = 'mydb_internal'::regnamespace
        """
    )
    tables = {table.name for table in metadata.sorted_tables if table.schema == "butler_internal"}
    left = {
        name: found
        for name, definition in definitions
        # A root's mark has one name, whatever the registry's.
        if (found := re.findall(r"\bbutler(?:_internal)?\b(?!-datastore).{0,9}", definition))
        and name.removeprefix("all_") not in tables
        and not name.startswith(f"mydb_internal.{CHECK}")
    }
    assert left == {}
    checks = {
        name: definition for name, definition in definitions if name.startswith(f"mydb_internal.{CHECK}")
    }
    assert len(checks) > 5
    for name, definition in checks.items():
        assert set(re.findall(r"\bbutler(?:_internal)?\.(\w+)", definition)) <= tables, name
    unions = {name: definition for name, definition in definitions if name.removeprefix("all_") in tables}
    assert {name.removeprefix("all_") for name in unions} == tables
    for name, definition in unions.items():
        assert set(re.findall(r"butler_internal\.(\w+)", definition)) <= {f"all_{t}" for t in tables}, name
    with engine.begin() as connection:
        drop_layer(connection, "mydb")
    engine.dispose()
    assert own.rows("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'mydb%'") == []

"""Up, down, half way and up again: with data, and with layers over layers."""

from __future__ import annotations

import json
import re
import textwrap
import threading
import time
from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from db.session import Session, refused
from db.world import contents, datasets, put

from butler.errors import SchemaVersionError
from butler.schema.install import build_common, create_layer, run_sql
from butler.schema.migrations import catalog, check, current_version, downgrade, initialise, upgrade
from butler.schema.objects import read_objects, sql_root
from butler.schema.reference import expected_catalog
from butler.schema.revisions import frozen_objects
from butler.schema.tables import COMMON, metadata
from butler.version import SCHEMA_VERSION
from migrations.conftest import Checkout, run_as

RAW = {"camera": "Cam", "visit": 1, "sensor": 1}
Run = Callable[..., Any]


def our_schemas(session: Session) -> list[str]:
    return session.column(
        "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'butler%' OR nspname LIKE 'mydb%' ORDER BY 1"
    )


def test_from_nothing_and_back_and_up_again_is_the_same(empty_database: Any, butler_template: str) -> None:
    database = empty_database
    administrator = Session(database.connect("superuser"))
    before = administrator.column("SELECT oid FROM pg_proc UNION ALL SELECT oid FROM pg_class ORDER BY 1")
    run_as(database.dsn("superuser"), initialise)
    extensions = administrator.column("SELECT oid FROM pg_proc UNION ALL SELECT oid FROM pg_class ORDER BY 1")
    assert extensions != before
    run_as(database.dsn("owner"), upgrade)
    first = run_as(database.dsn("owner"), catalog)
    assert run_as(database.dsn("owner"), current_version) == SCHEMA_VERSION
    run_as(database.dsn("owner"), downgrade, "base")
    assert our_schemas(administrator) == [COMMON]
    assert administrator.column(
        "SELECT relname FROM pg_class WHERE relnamespace = 'butler_common'::regnamespace AND relkind = 'r'"
    ) == ["alembic_version"]
    assert administrator.rows("SELECT FROM pg_proc WHERE pronamespace = 'butler_common'::regnamespace") == []
    assert run_as(database.dsn("owner"), current_version) is None
    run_as(database.dsn("owner"), upgrade)
    assert run_as(database.dsn("owner"), catalog) == first
    assert run_as(database.dsn("owner"), check) == []


def test_initialising_twice_changes_nothing(database: Any, as_owner: Run) -> None:
    before = as_owner(catalog)
    run_as(database.dsn("superuser"), initialise)
    assert as_owner(catalog) == before
    as_owner(upgrade)
    assert as_owner(check) == []


def test_an_unknown_revision_is_refused_with_what_is_known(
    database: Any, own: Session, as_owner: Run
) -> None:
    with pytest.raises(SchemaVersionError, match=r"0999(?s:.*)up to " + SCHEMA_VERSION):
        as_owner(upgrade, "0999")
    own.rows("UPDATE butler_common.alembic_version SET version_num = '0999'")
    with pytest.raises(SchemaVersionError, match="0999"):
        as_owner(upgrade)


def test_current_files_are_the_newest_frozen_ones() -> None:
    frozen = {obj.path: obj.sql for obj in frozen_objects(SCHEMA_VERSION)}
    assert frozen == {obj.path: obj.sql for obj in read_objects(sql_root())}


@pytest.mark.usefixtures("as_listed")
def test_the_listing_of_the_catalogue_is_current(as_owner: Run) -> None:
    assert as_owner(catalog) == expected_catalog()
    assert as_owner(check) == []


def tables_of(connection: Any) -> dict[tuple[str, str], str]:
    object_types = ("table", "column", "constraint", "index", "sequence")
    return {
        key: value
        for key, value in catalog(connection).items()
        if key[0] in object_types
        and not re.match(r"butler\.|butler_internal\.(all_|data_id\.)|butler_common\.alembic_version", key[1])
    }


def build_from_models(connection: Any) -> None:
    run_sql(connection, "CREATE SCHEMA butler; CREATE SCHEMA butler_internal; CREATE SCHEMA butler_common")
    metadata.create_all(
        connection, tables=[table for table in metadata.sorted_tables if table.schema == COMMON]
    )
    build_common(connection, read_objects(sql_root()), "butler")
    run_sql(
        connection,
        "INSERT INTO butler_common.installation (role_prefix, oldest_client) VALUES ('butler', '0001')",
    )
    metadata.create_all(connection)


def test_tables_made_from_the_models_are_those_of_the_revisions(
    database: Any, empty_database: Any, as_owner: Run
) -> None:
    run_as(empty_database.dsn("superuser"), initialise)
    run_as(empty_database.dsn("owner"), build_from_models)
    made = run_as(empty_database.dsn("owner"), tables_of)
    assert made == as_owner(tables_of)
    assert len(made) > 300


def test_alembic_s_own_comparison_shows_nothing(database: Any, as_owner: Run) -> None:
    from alembic import command
    from alembic.config import Config

    # Of itself it writes to what was the standard output when it was imported, maybe for another test.
    output = StringIO()

    def compare(connection: Any) -> None:
        config = Config(str(sql_root().parent / "alembic.ini"), stdout=output)
        config.set_main_option("script_location", str(sql_root() / "migrations"))
        config.attributes["connection"] = connection
        command.check(config)

    as_owner(compare)
    assert output.getvalue() == "No new upgrade operations detected.\n"


# A next revision, written by the test -------------------------------------------------

REVISION = """
    from __future__ import annotations
    from alembic import op
    from butler.schema.install import run_sql
    from butler.schema.revisions import replaced_contract

    revision = "0002"
    down_revision = "0001"
    oldest_client = "0001"

    def upgrade() -> None:
        connection = op.get_bind()
        with replaced_contract(connection, old="0001", new="0002") as registries:
            for registry in registries:
                run_sql(connection, f"ALTER TABLE {registry.tables}.visit ADD COLUMN humidity double precision")
                run_sql(connection, f"COMMENT ON COLUMN {registry.tables}.visit.humidity IS 'Relative. Unit: %.'")

    def downgrade() -> None:
        connection = op.get_bind()
        with replaced_contract(connection, old="0002", new="0001") as registries:
            for registry in reversed(registries):
                run_sql(connection, f"ALTER TABLE {registry.tables}.visit DROP COLUMN humidity")
"""

STEP = """
import sys
from sqlalchemy import NullPool, create_engine
from butler.schema.migrations import downgrade, upgrade
from butler.schema.objects import sql_root
assert str(sql_root()).startswith(sys.argv[3]), sql_root()
engine = create_engine(sys.argv[1].replace("postgresql://", "postgresql+psycopg2://"), poolclass=NullPool)
with engine.begin() as connection:
    {"up": upgrade, "down": lambda c: downgrade(c, "0001")}[sys.argv[2]](connection)
"""

COMMON_FUNCTION = """CREATE OR REPLACE FUNCTION butler_common.half(p_value double precision)
RETURNS double precision
LANGUAGE sql
IMMUTABLE
BEGIN ATOMIC
    SELECT p_value / 2;
END;

COMMENT ON FUNCTION butler_common.half(double precision) IS 'Half of it.';
"""


def write_next_revision(checkout: Checkout, body: str = REVISION) -> None:
    """Show a new column in a view, add a shared function, drop another view, and freeze that."""
    checkout.edit("db/views/units/visit.sql", "    v.seeing,\n", "    v.seeing,\n    v.humidity,\n")
    (checkout.root / "db/common/half.sql").write_text(COMMON_FUNCTION)
    (checkout.root / "db/views/units/band.sql").unlink()
    frozen = checkout.run("from butler.schema.revisions import freeze; print(freeze('0002'))")
    assert "common/half.sql" in frozen.stdout, frozen.stderr
    (checkout.root / "db/migrations/versions/0002_humidity.py").write_text(textwrap.dedent(body))


@pytest.fixture
def populated(database: Any, as_owner: Run, write: Session, own: Session) -> dict[str, int]:
    """Datasets in the base, in a layer, and in a layer over that; what their tables hold."""
    put(write, "raw", RAW)
    as_owner(create_layer, "mydb_alice", "butler")
    as_owner(create_layer, "mydb_over", "mydb_alice")
    for layer in ("mydb_alice", "mydb_over"):
        write.rows(f"SELECT {layer}.open_run('u/{layer}')")
        write.rows(f"SELECT {layer}.put('u/{layer}', %s)", json.dumps(datasets("raw", RAW)))
    return contents(own, "butler", "mydb_alice", "mydb_over")


def catalogues(as_owner: Run) -> list[dict[tuple[str, str], str]]:
    return [as_owner(catalog, name) for name in ("butler", "mydb_alice", "mydb_over")]


def test_a_revision_goes_up_and_down_over_all_layers_with_their_data(
    database: Any, as_owner: Run, own: Session, write: Session, populated: dict[str, int], checkout: Checkout
) -> None:
    before = catalogues(as_owner)
    write_next_revision(checkout)
    step = checkout.run(STEP, database.dsn("owner"), "up", str(checkout.root))
    assert step.returncode == 0, step.stderr
    assert contents(own, "butler", "mydb_alice", "mydb_over") == populated
    write.call(
        "register_units", "visit", [{"camera": "Cam", "visit": 9, "visit_name": "n9", "humidity": 40.5}]
    )
    for name in ("butler", "mydb_alice", "mydb_over"):
        assert write.scalar(f"SELECT humidity FROM {name}.visit WHERE visit = 9") == 40.5
        assert (
            write.scalar(f"SELECT count(*) FROM {name}.dataset")
            == {"butler": 1, "mydb_alice": 2, "mydb_over": 3}[name]
        )
        assert (
            write.scalar(
                f"SELECT col_description('{name}.visit'::regclass, attnum) FROM pg_attribute"
                f" WHERE attrelid = '{name}.visit'::regclass AND attname = 'humidity'"
            )
            == "Relative. Unit: %."
        )
        with refused("42P01"):
            write.rows(f"SELECT FROM {name}.band")
    assert own.scalar("SELECT butler_common.half(3)") == 1.5
    assert write.scalar("SELECT schema_version FROM butler.schema_version") == "0002"
    assert write.scalar("SELECT gain FROM mydb_over.visit_cam WHERE visit = 1") == 1.5

    step = checkout.run(STEP, database.dsn("owner"), "down", str(checkout.root))
    assert "would lose 1 rows of butler_internal.visit (humidity)" in step.stderr
    assert own.scalar("SELECT humidity FROM butler_internal.visit WHERE visit = 9") == 40.5
    assert write.scalar("SELECT schema_version FROM butler.schema_version") == "0002"
    own.rows("UPDATE butler_internal.visit SET humidity = NULL")
    step = checkout.run(STEP, database.dsn("owner"), "down", str(checkout.root))
    assert step.returncode == 0, step.stderr
    assert catalogues(as_owner) == before
    assert as_owner(check) == []
    assert write.scalar("SELECT visit_name FROM mydb_over.visit WHERE visit = 9") == "n9"
    assert write.scalar("SELECT gain FROM mydb_over.visit_cam WHERE visit = 1") == 1.5

    step = checkout.run(STEP, database.dsn("owner"), "up", str(checkout.root))
    assert step.returncode == 0, step.stderr


def test_a_revision_that_fails_half_way_leaves_everything_as_it_was(
    database: Any, as_owner: Run, own: Session, populated: dict[str, int], checkout: Checkout
) -> None:
    before = catalogues(as_owner)
    # It fails at the last layer, when the others are altered and all views are gone.
    write_next_revision(
        checkout,
        REVISION.replace(
            'ADD COLUMN humidity double precision")',
            'ADD COLUMN humidity double precision")\n'
            "                if registry.name == 'mydb_over': run_sql(connection, 'SELECT 1 / 0')",
        ),
    )
    step = checkout.run(STEP, database.dsn("owner"), "up", str(checkout.root))
    assert "division by zero" in step.stderr
    assert catalogues(as_owner) == before
    assert contents(own, "butler", "mydb_alice", "mydb_over") == populated
    assert as_owner(check) == []
    assert as_owner(current_version) == SCHEMA_VERSION


def test_a_view_that_somebody_built_on_ours_stops_a_revision_and_is_named(
    database: Any, as_owner: Run, own: Session, checkout: Checkout
) -> None:
    own.rows("CREATE SCHEMA theirs; CREATE VIEW theirs.mine AS SELECT visit FROM butler.visit")
    before = as_owner(catalog)
    write_next_revision(checkout)
    step = checkout.run(STEP, database.dsn("owner"), "up", str(checkout.root))
    assert step.returncode != 0
    assert "view theirs.mine depends on view visit" in step.stderr.replace("butler.visit", "visit")
    assert as_owner(catalog) == before


def test_two_deployers_come_one_after_the_other(database: Any, own: Session, as_owner: Run) -> None:
    onlooker = Session(database.connect("superuser"))
    own.rows("BEGIN; SELECT pg_advisory_xact_lock(7310000, 0)")
    second = threading.Thread(target=as_owner, args=(upgrade,))
    second.start()
    blocked = (
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND wait_event = 'advisory'"
    )
    while not onlooker.scalar(blocked):
        assert second.is_alive(), "it didn't wait"
        time.sleep(0.01)
    own.rows("COMMIT")
    second.join()
    assert as_owner(check) == []


def test_a_prefix_gives_a_database_roles_of_its_own(empty_database: Any) -> None:
    import psycopg2

    database = empty_database
    run_as(database.dsn("superuser"), lambda connection: initialise(connection, role_prefix="obs"))
    administrator = Session(database.connect("superuser"))
    administrator.rows("ALTER ROLE obs_owner LOGIN; ALTER ROLE obs_writer LOGIN; ALTER ROLE obs_reader LOGIN")
    try:
        owner = database.server.dsn(database.name, "obs_owner")
        run_as(owner, upgrade)
        assert run_as(owner, check) == []
        connection = psycopg2.connect(database.server.dsn(database.name, "obs_writer"))
        connection.autocommit = True
        assert Session(connection).call("register_collection", "r", "run")
        connection.close()
        with pytest.raises(psycopg2.OperationalError, match="permission denied for database"):
            psycopg2.connect(database.dsn("writer"))
    finally:
        for role in ("owner", "writer", "reader"):
            administrator.rows(f"DROP OWNED BY obs_{role} CASCADE; DROP ROLE obs_{role}")

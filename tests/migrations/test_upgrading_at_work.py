"""Upgrades while people work: who is served goes on, who isn't is told, whatever becomes of the upgrade."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from db.session import Session
from db.world import contents
from pytest_postgresql.executors import NoopExecutor

from butler import Butler, DatasetType
from butler.errors import ExpressionError, SchemaVersionError
from butler.schema.install import create_layer
from butler.schema.migrations import catalog, check, current_version
from butler.version import SCHEMA_VERSION
from migrations.conftest import REPOSITORY, Checkout
from migrations.test_revisions import REVISION, STEP, write_next_revision

Run = Callable[..., Any]

NEXT = f"{int(SCHEMA_VERSION) + 1:04}"
SERVES_NOBODY_OLDER = REVISION.replace('oldest_client = "0001"', f'oldest_client = "{NEXT}"')

NOTES = "SELECT count(*) FROM butler.dataset WHERE dataset_type = 'note'"

WORKER = r"""
import sys
import threading
from butler import Butler

def work(who):
    with Butler(sys.argv[1], run=f"u/{who}") as butler:
        number = 0
        while not ending.is_set():
            number += 1
            label = f"{who}{number}"
            butler.registry.definitions.register_units("label", [{"label": label}])
            ref = butler.put({"of": label}, "note", label=label)
            assert butler.get("note", label=label, collections=f"u/{who}") == {"of": label}
            assert butler.get(ref) == {"of": label}
            sys.stdout.write(f"{label}\n")  # a line at once, of either thread
            sys.stdout.flush()

ending = threading.Event()
threads = [threading.Thread(target=work, args=(who,)) for who in ("ann", "bob")]
for thread in threads:
    thread.start()
sys.stdin.read()
ending.set()
for thread in threads:
    thread.join()
"""


@pytest.fixture(scope="session")
def butler_template(butler_noproc: NoopExecutor) -> str:
    """The plug-in's: nothing is registered, no datastore either."""
    return butler_noproc.template_dbname


@pytest.fixture
def repo(butler_repository: Path) -> Path:
    with Butler(butler_repository) as butler:
        butler.registry.definitions.register_dataset_type(DatasetType("note", "Dict", ("label",)))
    return butler_repository


@contextmanager
def at_work(repo: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process, of this version, that puts and gets in two threads until its input ends."""
    with subprocess.Popen(
        [sys.executable, "-c", WORKER, str(repo)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as worker:
        try:
            yield worker
        finally:
            worker.kill()


def put_by(worker: subprocess.Popen[str], who: str, times: int) -> None:
    """Wait until somebody has put so many more."""
    assert worker.stdout is not None
    assert worker.stderr is not None
    while times:
        line = worker.stdout.readline()
        assert line, worker.stderr.read()
        times -= line.startswith(who)


def upgrade(checkout: Checkout, database: Any) -> None:
    step = checkout.run(STEP, database.dsn("owner"), "up", str(checkout.root))
    assert step.returncode == 0, step.stderr


def test_a_pipeline_goes_on_through_an_upgrade_that_serves_it(
    repo: Path, database: Any, as_owner: Run, own: Session, checkout: Checkout
) -> None:
    write_next_revision(checkout)
    with at_work(repo) as worker:
        put_by(worker, "ann", 3)
        upgrade(checkout, database)
        assert as_owner(current_version) == NEXT
        put_by(worker, "ann", 5)
        put_by(worker, "bob", 5)
        down = checkout.run(STEP, database.dsn("owner"), "down", str(checkout.root))
        assert down.returncode == 0, down.stderr
        put_by(worker, "ann", 5)
        _, errors = worker.communicate()
    assert errors == ""
    assert worker.returncode == 0
    assert own.scalar(NOTES) == own.scalar("SELECT count(*) FROM butler.label")


def test_who_is_not_served_any_more_is_told_at_the_next_statement_that_writes(
    repo: Path, database: Any, checkout: Checkout, own: Session
) -> None:
    write_next_revision(checkout, SERVES_NOBODY_OLDER)
    with Butler(repo, run="u/me") as butler:
        butler.registry.definitions.register_units("label", [{"label": "a"}, {"label": "b"}])
        butler.put({"n": 1}, "note", label="a")
        upgrade(checkout, database)
        with pytest.raises(SchemaVersionError, match=rf"{NEXT} or later; this .* {SCHEMA_VERSION}\n.*newer"):
            butler.put({"n": 2}, "note", label="b")
        with pytest.raises(SchemaVersionError, match="newer version"):
            butler.put_many([({"n": 2}, {"label": "b"})], "note")
        # What has gone, and a new connection, tell who only reads.
        with pytest.raises(SchemaVersionError, match="newer version"):
            butler.registry.query("SELECT * FROM band").scalar()
        butler.registry.close()
        with pytest.raises(SchemaVersionError, match="newer version"):
            butler.get("note", label="a", collections="u/me")
    assert own.scalar(NOTES) == 1
    assert len(list((repo / "data").rglob("*note*.json"))) == 1
    with pytest.raises(SchemaVersionError, match="newer version") as opening:
        Butler(repo)
    assert opening.value.details == {"found": NEXT, "oldest_client": NEXT, "needed": SCHEMA_VERSION}


def test_what_is_missing_from_a_database_that_serves_the_client_is_the_caller_s_mistake(
    repo: Path, database: Any, checkout: Checkout
) -> None:
    write_next_revision(checkout)
    with Butler(repo) as butler:
        assert butler.registry.query("SELECT count(*) FROM band").scalar() == 0
        upgrade(checkout, database)
        with pytest.raises(ExpressionError, match="band"):
            butler.registry.query("SELECT count(*) FROM band").scalar()
        assert butler.registry.administration.summary()["schema"] == NEXT


OPEN = """
import sys
from butler import Butler
with Butler(sys.argv[1], run="u/new") as butler:
    butler.registry.definitions.register_units("label", [{"label": "new"}])
    butler.put({}, "note", label="new")
    print(butler.get("note", label="new", collections="u/new"))
"""


def test_a_newer_client_works_on_an_older_database_if_it_says_so(
    repo: Path, checkout: Checkout, own: Session
) -> None:
    write_next_revision(checkout)
    checkout.edit("butler/version.py", f'SCHEMA_VERSION = "{SCHEMA_VERSION}"', f'SCHEMA_VERSION = "{NEXT}"')
    served = checkout.run(OPEN, str(repo))
    assert (served.stdout, served.returncode) == ("{}\n", 0), served.stderr
    checkout.edit("butler/version.py", f'OLDEST_SCHEMA = "{SCHEMA_VERSION}"', f'OLDEST_SCHEMA = "{NEXT}"')
    refused = checkout.run(OPEN, str(repo))
    assert f"is at revision {SCHEMA_VERSION}; this Butler needs {NEXT} or later" in refused.stderr
    assert "Run 'butler db upgrade'" in refused.stderr
    assert own.scalar(NOTES) == 1


def test_a_database_admits_the_clients_of_its_range(write: Session) -> None:
    write.call("admit_client", "0000", "9999")
    write.call("admit_client", SCHEMA_VERSION, SCHEMA_VERSION)
    for oldest, newest, said in (("9998", "9999", "needs 9998 or later"), ("0000", "0000", "made for 0000")):
        with pytest.raises(Exception, match=said) as refused:
            write.call("admit_client", oldest, newest)
        assert getattr(refused.value, "pgcode", None) == "UB602"


def test_a_layer_is_made_by_the_butler_of_the_revision_alone(as_owner: Run, own: Session) -> None:
    own.rows("UPDATE butler_common.alembic_version SET version_num = %s", NEXT)
    with pytest.raises(SchemaVersionError, match=f"revision, {NEXT}; this Butler makes .* {SCHEMA_VERSION}"):
        as_owner(create_layer, "mydb_late", "butler")


# Half way -----------------------------------------------------------------------------

HELD = "SELECT pg_advisory_xact_lock(42)"
WAITING = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid = 42 AND NOT granted"


@pytest.mark.parametrize("direction", ["up", "down"])
def test_a_deployer_that_is_killed_half_way_leaves_everything_as_it_was(
    direction: str, database: Any, as_owner: Run, own: Session, checkout: Checkout
) -> None:
    """At the last layer, when the others are altered and all views are gone."""
    layers = ("butler", "mydb_alice", "mydb_over")
    as_owner(create_layer, "mydb_alice", "butler")
    as_owner(create_layer, "mydb_over", "mydb_alice")
    body = REVISION.replace(
        "    for registry in",
        "    run_sql(connection, '{HELD}')\n            for registry in",
    ).replace("{HELD}", HELD)
    write_next_revision(checkout, body)
    if direction == "down":
        upgrade(checkout, database)
    before = [as_owner(catalog, name) for name in layers], contents(own, *layers)
    holder = Session(database.connect("superuser"))
    holder.rows("SELECT pg_advisory_lock(42)")
    deployer = subprocess.Popen(
        [sys.executable, "-c", STEP, database.dsn("owner"), direction, str(checkout.root)],
        cwd=checkout.root,
        env={**os.environ, "PYTHONPATH": str(checkout.root)},
    )
    while not (pids := holder.column(WAITING)):
        assert deployer.poll() is None, "it didn't come so far"
        time.sleep(0.01)
    deployer.send_signal(signal.SIGKILL)
    deployer.wait()
    while holder.scalar("SELECT count(*) FROM pg_stat_activity WHERE pid = ANY (%s)", pids):
        time.sleep(0.01)
    assert ([as_owner(catalog, name) for name in layers], contents(own, *layers)) == before
    holder.rows("SELECT pg_advisory_unlock(42)")
    step = checkout.run(STEP, database.dsn("owner"), direction, str(checkout.root))
    assert step.returncode == 0, step.stderr
    if direction == "down":
        assert as_owner(check) == []


# What an older schema has no room for -------------------------------------------------

WITH_ROOM = """
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
                run_sql(connection, f"CREATE TABLE {registry.tables}.remark (remark text NOT NULL)")
                run_sql(connection, f"ALTER TABLE {registry.tables}.label ADD COLUMN sort integer NOT NULL DEFAULT 0")

    def downgrade() -> None:
        connection = op.get_bind()
        with replaced_contract(connection, old="0002", new="0001") as registries:
            for registry in reversed(registries):
                run_sql(connection, f"DROP TABLE {registry.tables}.remark")
                run_sql(connection, f"ALTER TABLE {registry.tables}.label DROP COLUMN sort")
                run_sql(connection, f"DELETE FROM {registry.tables}.label WHERE label = 'deleted'")
"""


def test_a_downgrade_that_would_lose_rows_names_them_and_how_many(
    database: Any, as_owner: Run, own: Session, write: Session, checkout: Checkout
) -> None:
    as_owner(create_layer, "mydb_alice", "butler")
    before = as_owner(catalog), as_owner(catalog, "mydb_alice")
    (checkout.root / "db/views/units/band.sql").unlink()
    frozen = checkout.run("from butler.schema.revisions import freeze; freeze('0002')")
    assert frozen.returncode == 0, frozen.stderr
    (checkout.root / "db/migrations/versions/0002_room.py").write_text(textwrap.dedent(WITH_ROOM))
    upgrade(checkout, database)
    write.call("register_units", "label", [{"label": label} for label in ("plain", "deleted", "sorted")])
    own.rows("INSERT INTO mydb_alice_internal.remark VALUES ('one'), ('two')")
    own.rows("UPDATE butler_internal.label SET sort = 7 WHERE label = 'sorted'")

    def down() -> subprocess.CompletedProcess[str]:
        return checkout.run(STEP, database.dsn("owner"), "down", str(checkout.root))

    assert (
        "SchemaVersionError: a downgrade to revision 0001 would lose 1 rows of butler_internal.label,"
        " 1 rows of butler_internal.label (sort), 2 rows of mydb_alice_internal.remark" in down().stderr
    )
    assert own.scalar("SELECT count(*) FROM mydb_alice_internal.remark") == 2
    own.rows("TRUNCATE mydb_alice_internal.remark; UPDATE butler_internal.label SET sort = 0")
    assert "would lose 1 rows of butler_internal.label\n" in down().stderr
    own.rows("UPDATE butler_internal.label SET label = 'kept' WHERE label = 'deleted'")
    assert down().returncode == 0
    assert (as_owner(catalog), as_owner(catalog, "mydb_alice")) == before
    assert write.column("SELECT label FROM butler.label ORDER BY label") == ["kept", "plain", "sorted"]


# The helper that begins a revision ----------------------------------------------------


BEGIN = "import runpy, sys; sys.path[:0] = ['setup']; runpy.run_path('setup/new_revision.py', run_name='__main__')"


def test_a_revision_that_was_begun_by_the_helper_freezes_only_what_changed(checkout: Checkout) -> None:
    for folder in ("setup", "docs"):
        shutil.copytree(REPOSITORY / folder, checkout.root / folder)
    checkout.edit(
        "butler/schema/tables/units.py",
        '    Column(\n        "seeing",',
        '    Column("humidity", Double, comment="Relative. Unit: %."),\n    Column(\n        "seeing",',
    )
    checkout.edit("db/views/units/visit.sql", "    v.seeing,\n", "    v.seeing,\n    v.humidity,\n")
    begun = checkout.run(BEGIN, "humidity")
    assert f"revision {NEXT}: 1 SQL files changed" in begun.stdout, begun.stderr
    frozen = checkout.root / "db/migrations/sql" / NEXT
    assert [file.relative_to(frozen).as_posix() for file in frozen.rglob("*.*")] == ["views/units/visit.sql"]
    (draft,) = (checkout.root / "db/migrations/versions").glob(f"{NEXT}_*.py")
    text = draft.read_text()
    assert f"revision = {NEXT!r}" in text
    assert f"oldest_client = {SCHEMA_VERSION!r}" in text
    assert "op.add_column(" in text
    assert "'humidity'" in text

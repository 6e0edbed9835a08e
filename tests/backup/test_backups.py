"""Backups of real databases, put back, with bytes that are older or newer."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg2
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner, Result

from butler import Butler, DatasetType
from butler.backup import Manifest, back_up, plan_backup, read_backup, restore
from butler.backup.manifest import write_sums
from butler.cli.application import application
from butler.datastore.marks import encode_mark
from butler.datastore.storage.root_mark import MARK_NAME
from butler.dsn import without_password
from butler.errors import (
    ChecksumError,
    ConfigError,
    DatabaseError,
    DatastoreRootError,
    DefinitionConflictError,
    FormatError,
    SchemaVersionError,
    StorageError,
)
from butler.registry.postgres.engine import one_transaction
from butler.schema.install import create_layer
from butler.schema.migrations import check, initialise
from butler.values import Mark


@pytest.fixture
def butler(butler: Butler) -> Butler:
    """Notes a, b and c, of which a and b are ingested; c is for later. A place on the sky."""
    butler.registry.definitions.register_dataset_type(DatasetType("note", "Text", ("label",)))
    butler.registry.definitions.register_units("label", [{"label": name} for name in "abc"])
    region = [(0.1, 1.0), (359.9, 1.0), (359.9, 1.2), (0.1, 1.2)]
    butler.registry.definitions.register_units("sky_pixel", [{"sky_pixel": 17, "region": region}])
    for name in "ab":
        butler.put(f"this is {name}", "note", label=name)
    return butler


@pytest.fixture
def layer(butler: Butler, database: Any, repo: Path) -> Iterator[Butler]:
    with one_transaction(database.dsn("owner")) as connection:
        create_layer(connection, "mydb_me", "butler")
    with Butler(repo, run="u/me/mine", registry="mydb_me") as layer:
        layer.put("mine", "note", label="c")
        yield layer


def made_of(database: Any, folder: Path, **more: Any) -> Manifest:
    return back_up(database.dsn("owner"), folder, version="0.1", **more)


def put_back(folder: Path, database: Any, **more: Any) -> None:
    restore(folder, read_backup(folder), database.dsn("superuser"), database.dsn("owner"), **more)


def run(repo: Path, *words: str) -> Result:
    return CliRunner().invoke(application, ["-r", str(repo), *words])


def file_of(butler: Butler, **units: str) -> Path:
    return Path(butler.uri("note", **units).removeprefix("file://"))


def listing(database: Any, *views: str) -> dict[str, list[Any]]:
    cursor = database.connect("owner").cursor()
    found = {}
    for view in views:
        cursor.execute(f"SELECT v::text FROM {view} AS v ORDER BY 1")
        found[view] = cursor.fetchall()
    return found


VIEWS = tuple(
    f"butler.{view}" for view in ("dataset", "artifact", "collection", "dataset_type", "label", "sky_pixel")
)


# What a backup is ----------------------------------------------------------


def test_a_backup_lists_every_artifact_once_with_its_checksum(
    butler: Butler, layer: Butler, database: Any, tmp_path: Path
) -> None:
    manifest = made_of(database, tmp_path / "backup")
    assert manifest == read_backup(tmp_path / "backup")
    assert (manifest.registries, manifest.role_prefix) == (["butler", "mydb_me"], "butler")
    assert manifest.datastores == {"main": butler.datastore.root}
    rows = pq.read_table(tmp_path / "backup/inventory.parquet").to_pylist()
    expected = layer.registry.query(
        "SELECT path, size, sha256, dataset_id::text, state FROM artifact ORDER BY path"
    )
    assert sorted(
        (row["path"], row["size"], row["sha256"], row["dataset_id"], row["state"]) for row in rows
    ) == [tuple(row) for row in expected]
    assert [row["registry"] for row in rows if row["path"].startswith("u/me/mine")] == ["mydb_me"] * 2
    assert (manifest.artifacts, manifest.bytes) == (len(rows), sum(row["size"] for row in rows))


def test_a_backup_lists_the_parts_of_a_file_and_counts_it_once(
    butler: Butler, database: Any, tmp_path: Path
) -> None:
    before = made_of(database, tmp_path / "before")
    with zipfile.ZipFile(tmp_path / "night.zip", "w") as packed:
        for label in ("one", "two"):
            packed.writestr(label, label)
    butler.registry.definitions.register_dataset_type(DatasetType("log", "Text", ("label",)))
    butler.registry.definitions.register_units("label", [{"label": "one"}, {"label": "two"}])
    parts = [(tmp_path / "night.zip", {"label": label}, label) for label in ("one", "two")]
    (ref, _) = butler.ingest(parts, "log")
    manifest = made_of(database, tmp_path / "backup")
    size = (tmp_path / "night.zip").stat().st_size
    assert (manifest.artifacts - before.artifacts, manifest.bytes - before.bytes) == (2, size)
    rows = pq.read_table(tmp_path / "backup/inventory.parquet").to_pylist()
    (artifact,) = ref.artifacts or ()
    assert [(r["path"], r["part"]) for r in rows if r["part"]] == [
        (artifact.file, "one"),
        (artifact.file, "two"),
    ]


def test_any_computer_can_check_a_backup_and_only_its_owner_read_it(
    butler: Butler, database: Any, tmp_path: Path
) -> None:
    made_of(database, tmp_path / "backup")
    subprocess.run(["sha256sum", "-c", "--strict", "SHA256SUMS"], cwd=tmp_path / "backup", check=True)
    assert stat.S_IMODE((tmp_path / "backup").stat().st_mode) == 0o700


def test_what_is_put_while_a_backup_is_made_is_in_neither_of_its_parts(
    butler: Butler, database: Any, empty_database: Any, tmp_path: Path
) -> None:
    def put_meanwhile(_done: int, _of: int) -> None:
        if not butler.exists("note", label="c"):
            butler.put("this is c", "note", label="c")

    manifest = made_of(database, tmp_path / "backup", on_progress=put_meanwhile)
    assert butler.exists("note", label="c")
    put_back(tmp_path / "backup", empty_database)
    restored = listing(empty_database, "butler.artifact")["butler.artifact"]
    assert (
        len(restored)
        == manifest.artifacts
        == len(listing(database, "butler.artifact")["butler.artifact"]) - 1
    )


def test_a_plan_writes_nothing(butler: Butler, database: Any, repo: Path, tmp_path: Path) -> None:
    plan = plan_backup(database.dsn("owner"), tmp_path / "backup")
    assert (plan.registries, plan.artifacts) == (["butler"], 3)
    assert 0 < plan.needed < plan.free
    result = run(repo, "db", "backup", str(tmp_path / "backup"), "--dry-run")
    assert result.exit_code == 0
    assert "3 artifacts" in result.output
    assert not (tmp_path / "backup").exists()


@pytest.mark.parametrize("kind", ["file", "folder", "dangling link"])
def test_a_backup_replaces_nothing(butler: Butler, database: Any, tmp_path: Path, kind: str) -> None:
    target = tmp_path / "backup"
    if kind == "file":
        target.write_text("precious")
    elif kind == "folder":
        target.mkdir()
    else:
        target.symlink_to("nowhere")
    with pytest.raises(ConfigError, match="never replaces"):
        made_of(database, target)
    with pytest.raises(ConfigError, match="no folder"):
        made_of(database, tmp_path / "missing/backup")


@pytest.mark.parametrize("size", ["200k", "4m"])
def test_a_backup_that_has_no_room_leaves_nothing(
    butler: Butler, database: Any, tmp_path: Path, size: str
) -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root, to mount a small file system")
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", disk], check=False)
    if mounted.returncode:
        pytest.skip("can't mount a small file system")
    try:
        if size == "4m":  # it has room when it is asked, and none when it is needed
            with pytest.raises(
                (StorageError, DatabaseError), match=r"[Nn]o space|backup .* can't be written"
            ):
                made_of(database, disk / "backup", on_progress=lambda _done, _of: _fill(disk))
            (disk / "filler").unlink()
        else:
            with pytest.raises(StorageError, match="bytes free") as refused:
                made_of(database, disk / "backup")
            assert refused.value.details["errno"] == 28
        assert list(disk.iterdir()) == []
    finally:
        subprocess.run(["umount", "-l", disk], check=True)


def _fill(disk: Path) -> None:
    with (disk / "filler").open("ab") as file:
        while True:
            try:
                file.write(bytes(4096))
                file.flush()
            except OSError:
                return


def test_a_password_stands_on_no_command_line() -> None:
    url, secret = without_password("postgresql://me:hush@db.example.org/survey?sslmode=require&password=hush")
    assert "hush" not in url
    assert url == "postgresql://me@db.example.org/survey?sslmode=require"
    assert secret == {"PGPASSWORD": "hush"}


# Putting it back -----------------------------------------------------------


def test_into_a_database_that_has_nothing_comes_everything(
    butler: Butler, layer: Butler, database: Any, empty_database: Any, repo: Path, tmp_path: Path
) -> None:
    made_of(database, tmp_path / "backup")
    put_back(tmp_path / "backup", empty_database)
    views = (*VIEWS, *(view.replace("butler.", "mydb_me.") for view in VIEWS))
    assert listing(empty_database, *views) == listing(database, *views)
    with one_transaction(empty_database.dsn("owner")) as connection:
        assert check(connection) == []
    config = (repo / "butler.yaml").read_text().replace(database.name, empty_database.name)
    (repo / "butler.yaml").write_text(config)
    for role in ("reader", "writer"):
        with Butler(repo, collections="u/me/first", role=role) as restored:
            assert restored.get("note", label="a") == "this is a"
    with Butler(repo, run="u/me/second") as restored:
        with pytest.raises(DatastoreRootError, match="of datastore 'main' of installation"):
            restored.put("after", "note", label="a")
        assert butler.put("before", "note", label="c").artifacts, "to its own database the root still belongs"
        refused = run(repo, "datastore", "mark", "main")
        over = re.search(r"--over ([0-9a-f-]{36})", refused.output)
        assert over is not None, refused.output
        assert run(repo, "datastore", "mark", "main", "--over", over[1]).exit_code == 0
        restored.put("after", "note", label="a")
        assert [finding.fault for finding in restored.verify(older_than=timedelta(0))] == ["orphan"]
        with pytest.raises(DatastoreRootError, match="of datastore 'main' of installation"):
            butler.put("late", "note", label="b")


@pytest.mark.parametrize("mark_copied", [True, False])
def test_a_backup_is_restored_with_files_that_lie_at_another_place(
    butler: Butler, database: Any, empty_database: Any, repo: Path, tmp_path: Path, mark_copied: bool
) -> None:
    made_of(database, tmp_path / "backup")
    put_back(tmp_path / "backup", empty_database)
    there = tmp_path / "there"
    shutil.copytree(repo, there)
    if not mark_copied:
        mark = there / "data" / MARK_NAME
        mark.unlink()
        mark.write_bytes(encode_mark(Mark(UUID(int=1), "main", UUID(int=2))))
    config = (there / "butler.yaml").read_text().replace(database.name, empty_database.name)
    (there / "butler.yaml").write_text(config)
    move = ("datastore", "relocate", "main", str(there / "data"))
    with Butler(there, run="u/me/second") as restored:
        with pytest.raises(ConfigError, match="is registered at") as moved:
            restored.put("after", "note", label="c")
        assert f"'butler datastore relocate main {there / 'data'}/'" in str(moved.value.hint)
    refused = run(there, *move)
    assert refused.exit_code == 1
    over = re.search(r"--over ([0-9a-f-]{36})", refused.output)
    assert over is not None, refused.output
    before = (there / "data" / MARK_NAME).read_bytes()
    assert run(there, *move, "--over", over[1], "--dry-run").exit_code == 0
    assert (there / "data" / MARK_NAME).read_bytes() == before
    assert run(there, *move, "--over", str(UUID(int=9))).exit_code == 1
    assert run(there, *move, "--over", over[1]).exit_code == 0
    with Butler(there, run="u/me/second") as restored:
        restored.put("after", "note", label="c")
        assert restored.get("note", label="c") == "after"
        assert list(restored.verify()) == []
    assert butler.put("its own", "note", label="c").artifacts, (
        "to its own database the old root still belongs"
    )


def test_a_database_that_isn_t_empty_is_replaced_only_when_told(
    butler: Butler, layer: Butler, database: Any, tmp_path: Path
) -> None:
    made_of(database, tmp_path / "backup")
    before = listing(database, *VIEWS)
    butler.put("this is c", "note", label="c")
    with pytest.raises(
        DefinitionConflictError,
        match=r"isn't empty: it has 1 collection, 1 dataset type, 1 layer(?s:.*)--replace",
    ):
        put_back(tmp_path / "backup", database)
    assert butler.exists("note", label="c")
    put_back(tmp_path / "backup", database, replace=True)
    assert listing(database, *VIEWS) == before
    assert not butler.exists("note", label="c")
    butler.put("this is c again", "note", label="c")


def test_where_a_downgrade_has_taken_everything_away_everything_comes_back(
    butler: Butler, database: Any, repo: Path, tmp_path: Path
) -> None:
    made_of(database, tmp_path / "backup")
    before = listing(database, *VIEWS)
    butler.close()
    emptied = run(repo, "db", "downgrade", "base", "--everything", "--yes")
    assert emptied.exit_code == 0, emptied.output
    put_back(tmp_path / "backup", database)
    assert listing(database, *VIEWS) == before
    with one_transaction(database.dsn("owner")) as connection:
        assert check(connection) == []


def test_a_layer_that_the_backup_lacks_goes_too(butler: Butler, database: Any, tmp_path: Path) -> None:
    made_of(database, tmp_path / "backup")
    with one_transaction(database.dsn("owner")) as connection:
        create_layer(connection, "mydb_late", "butler")
    put_back(tmp_path / "backup", database, replace=True)
    with one_transaction(database.dsn("owner")) as connection:
        assert check(connection) == []
    schemas = {schema for (schema,) in listing(database, "pg_namespace")["pg_namespace"]}
    assert not [schema for schema in schemas if "mydb" in schema]


def test_a_dry_run_changes_nothing(butler: Butler, database: Any, repo: Path, tmp_path: Path) -> None:
    made_of(database, tmp_path / "backup")
    butler.put("this is c", "note", label="c")
    result = run(repo, "db", "restore", str(tmp_path / "backup"), "--replace", "--dry-run")
    assert result.exit_code == 0, result.output
    assert butler.exists("note", label="c")


def test_a_view_that_somebody_built_on_ours_stops_a_restore_and_is_named(
    butler: Butler,
    database: Any,
    owner: psycopg2.extensions.connection,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made_of(database, tmp_path / "backup")
    owner.cursor().execute("CREATE SCHEMA theirs; CREATE VIEW theirs.mine AS SELECT visit FROM butler.visit")
    monkeypatch.setenv("PGOPTIONS", "-c search_path=theirs,butler")
    with pytest.raises(DefinitionConflictError, match=r"view theirs\.mine is built on our schemas"):
        put_back(tmp_path / "backup", database, replace=True)
    assert butler.exists("note", label="a")


def test_a_backup_of_other_roles_goes_into_a_database_that_has_them(
    butler: Butler, database: Any, tmp_path: Path
) -> None:
    manifest = made_of(database, tmp_path / "backup")
    alter(tmp_path / "backup", role_prefix="survey")
    with pytest.raises(
        DefinitionConflictError, match=r"butler_…, the backup's survey_…(?s:.*)--role-prefix survey"
    ):
        put_back(tmp_path / "backup", database, replace=True)
    alter(tmp_path / "backup", role_prefix=manifest.role_prefix, schema_version="9999")
    with pytest.raises(SchemaVersionError, match="revision 9999"):
        put_back(tmp_path / "backup", database, replace=True)


def alter(backup: Path, **changes: str) -> None:
    content = json.loads((backup / "manifest.json").read_bytes())
    (backup / "manifest.json").write_text(json.dumps(content | changes))
    write_sums(backup)


# What could go wrong -------------------------------------------------------


def test_a_backup_that_was_altered_is_not_used(butler: Butler, database: Any, tmp_path: Path) -> None:
    made_of(database, tmp_path / "backup")
    with (tmp_path / "backup/database.dump").open("r+b") as dump:
        dump.seek(-100, os.SEEK_END)
        dump.write(b"!")
    with pytest.raises(ChecksumError, match=r"database\.dump of backup"):
        put_back(tmp_path / "backup", database, replace=True)
    assert butler.exists("note", label="a")


@pytest.mark.parametrize("lost", ["SHA256SUMS", "manifest.json", "database.dump", "inventory.parquet"])
def test_half_a_backup_is_none(butler: Butler, database: Any, tmp_path: Path, lost: str) -> None:
    made_of(database, tmp_path / "backup")
    (tmp_path / "backup" / lost).unlink()
    with pytest.raises(FormatError, match=rf"no whole backup: there is no .*{lost}"):
        read_backup(tmp_path / "backup")


def test_a_backup_of_another_format_says_what_reads_it(butler: Butler, database: Any, tmp_path: Path) -> None:
    made_of(database, tmp_path / "backup")
    alter(tmp_path / "backup", format="2")
    with pytest.raises(FormatError, match=r"format 2(?s:.*)made it: 0\.1"):
        read_backup(tmp_path / "backup")


@pytest.mark.parametrize("keep", [0.3, 0.9])
def test_a_restore_that_fails_half_way_leaves_everything_as_it_was(
    butler: Butler, layer: Butler, database: Any, tmp_path: Path, keep: float
) -> None:
    made_of(database, tmp_path / "backup")
    dump = tmp_path / "backup/database.dump"
    whole = dump.read_bytes()
    dump.write_bytes(whole[: int(keep * len(whole))])
    write_sums(tmp_path / "backup")
    before = listing(database, *VIEWS)
    with pytest.raises(DatabaseError, match="pg_restore"):
        put_back(tmp_path / "backup", database, replace=True)
    assert listing(database, *VIEWS) == before
    butler.put("this is c", "note", label="c")
    with one_transaction(database.dsn("owner")) as connection:
        assert check(connection) == []


def test_a_restore_that_is_killed_leaves_everything_as_it_was(
    butler: Butler, database: Any, tmp_path: Path
) -> None:
    made_of(database, tmp_path / "backup")
    before = listing(database, *VIEWS)
    program = f"""
import os, signal
from pathlib import Path
from butler.backup import read_backup, restore
folder = Path({str(tmp_path / "backup")!r})
restore(folder, read_backup(folder), {database.dsn("superuser")!r}, {database.dsn("owner")!r}, replace=True,
        on_progress=lambda done, of: os.kill(os.getpid(), signal.SIGKILL) if done > 3 else None)
"""
    killed = subprocess.run(
        [sys.executable, "-c", program], env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    )
    assert killed.returncode == -signal.SIGKILL
    assert listing(database, *VIEWS) == before, "psql has met the end of its input, and rolled back"


def test_a_long_query_makes_a_restore_fail_rather_than_block_the_others(
    butler: Butler, database: Any, tmp_path: Path
) -> None:
    made_of(database, tmp_path / "backup")
    reader = psycopg2.connect(database.dsn("reader"))
    reader.cursor().execute("SELECT * FROM butler.dataset")
    with pytest.raises(DatabaseError, match="lock timeout"):
        put_back(tmp_path / "backup", database, replace=True)
    reader.close()
    assert butler.exists("note", label="a")


def test_a_database_without_our_schema_has_nothing_to_back_up(empty_database: Any, tmp_path: Path) -> None:
    with one_transaction(empty_database.dsn("superuser")) as connection:
        initialise(connection)
    with pytest.raises(SchemaVersionError, match="no registry"):
        made_of(empty_database, tmp_path / "backup")


# The database of one time with the files of another ------------------------


def kinds(result: Result) -> list[tuple[str, str]]:
    """Kind and file of each difference."""
    lines = [line for line in result.stdout.splitlines() if ": file://" in line]
    return sorted((line.split(": ")[0], line.split(": ")[1].split(" of ")[0]) for line in lines)


def marked_anew(repo: Path, found: str, *, files: int) -> None:
    """Set the mark anew that a restore has made void: until then nothing is written."""
    refused = run(repo, "verify", "--repair", "--yes")
    assert refused.exit_code == 1
    assert "the database or the root is from another time" in refused.output
    marked = run(repo, "datastore", "mark")
    assert marked.exit_code == 0, marked.output
    (line,) = (line for line in marked.stdout.splitlines() if line.startswith("main"))
    assert found in line
    assert line.split()[-1] == str(files)


def test_files_that_are_newer_than_the_database_are_named_and_kept(
    butler: Butler, database: Any, repo: Path, tmp_path: Path
) -> None:
    assert run(repo, "db", "backup", str(tmp_path / "backup")).exit_code == 0
    newer = butler.put("this is c", "note", label="c")
    assert newer.artifacts
    restored = run(repo, "db", "restore", str(tmp_path / "backup"), "--replace", "--yes")
    assert restored.exit_code == 3, restored.output
    assert kinds(restored) == [("orphan", butler.datastore.root + newer.artifacts[0].path)]
    marked_anew(repo, f"{butler.datastore.root}  bears an earlier mark of its own", files=1)
    repaired = run(repo, "verify", "--repair", "--delete-orphans", "--older-than", "0s", "--yes")
    assert repaired.exit_code == 1, repaired.output
    assert "leave (its name alone says that it is dataset" in repaired.output
    assert butler.datastore.exists(newer.artifacts[0]), "it may be all that is left of it"
    assert butler.get("note", label="a") == "this is a"


def test_files_that_are_older_than_the_database_are_named(
    butler: Butler, database: Any, repo: Path, tmp_path: Path
) -> None:
    shutil.copytree(repo / "data", tmp_path / "kept")
    newer = butler.put("this is c", "note", label="c")
    assert newer.artifacts
    assert run(repo, "db", "backup", str(tmp_path / "backup")).exit_code == 0
    shutil.rmtree(repo / "data")
    shutil.copytree(tmp_path / "kept", repo / "data")
    restored = run(repo, "db", "restore", str(tmp_path / "backup"), "--replace", "--yes")
    assert restored.exit_code == 3, restored.output
    assert kinds(restored) == [("missing", butler.datastore.root + newer.artifacts[0].path)]
    marked_anew(repo, "bears an earlier mark of its own", files=0)
    assert run(repo, "verify", "--repair", "--yes").exit_code == 0
    assert run(repo, "verify").exit_code == 0
    assert butler.find("note", label="c").id == newer.id, "the row stays, to say what was lost"
    assert butler.get("note", label="a") == "this is a"


@pytest.mark.parametrize("fast", [False, True])
def test_one_file_deleted_one_added_and_one_altered_are_three_differences(
    butler: Butler, layer: Butler, database: Any, repo: Path, tmp_path: Path, fast: bool
) -> None:
    run(repo, "db", "backup", str(tmp_path / "backup"))
    deleted, altered = file_of(butler, label="a"), file_of(butler, label="b")
    deleted.unlink()
    altered.chmod(0o644)
    altered.write_text("THIS IS B")
    added = repo / "data/added"
    added.touch()
    options = ["--replace", "--yes", *(["--fast"] if fast else [])]
    restored = run(repo, "db", "restore", str(tmp_path / "backup"), *options)
    assert restored.exit_code == 3
    expected = [("missing", deleted.as_uri()), ("orphan", added.as_uri())]
    assert kinds(restored) == sorted(expected if fast else [*expected, ("sha256", altered.as_uri())])


def test_a_restore_that_finds_every_file_says_so(butler: Butler, repo: Path, tmp_path: Path) -> None:
    run(repo, "db", "backup", str(tmp_path / "backup"))
    restored = run(repo, "db", "restore", str(tmp_path / "backup"), "--replace", "--yes")
    assert restored.exit_code == 0, restored.output
    assert "registry and datastore agree" in restored.output

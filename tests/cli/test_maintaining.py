"""``butler verify`` and ``butler reap`` as a person and cron see them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from uuid import UUID

import psycopg2.extensions
import pytest
import yaml
from marking import age_marks

from butler import Butler
from butler.datastore.paths import local_file
from butler.values import new_dataset_id

from .conftest import Command


@pytest.fixture
def damaged(filled: Butler) -> Path:
    """A repository with a file too few and one too many; gives the one too many."""
    root = Path(filled.datastore.root.removeprefix("file://"))
    gone = next(path for path in sorted(filled.datastore.inventory.paths()) if "calexp" in path)
    (root / gone).unlink()
    orphan = root / "nobody.txt"
    orphan.write_text("nobody's")
    return orphan


def test_a_repair_is_shown_first_and_done_only_if_asked(damaged: Path, command: Command) -> None:
    plan = command("verify", "--repair", "--delete-orphans", "--older-than", "0s", "--dry-run")
    assert plan.exit_code == 1
    assert "mark lost: missing: file://" in plan.stdout
    assert "delete (it doesn't say what it is): orphan: file://" in plan.stdout
    assert "2 of 2 can be repaired" in plan.stderr
    refused = command("verify", "--repair", "--delete-orphans", "--older-than", "0s", input="n\n")
    assert refused.exit_code == 1
    assert damaged.exists()
    assert len(json.loads(command("verify", "--format", "json").stdout)) == 2


def test_a_repair_ends_by_what_is_left_and_keeps_a_record(
    damaged: Path, command: Command, tmp_path: Path
) -> None:
    report = tmp_path / "repairs.jsonl"
    words = ("verify", "--repair", "--yes", "--older-than", "0s", "--report", str(report))
    partly = command(*words)
    assert partly.exit_code == 3, "the file that nobody has is left"
    assert "1 of 2 are repaired" in partly.stderr
    assert "leave (it doesn't say what it is): orphan" in partly.stdout
    all_of_it = command(*words, "--delete-orphans")
    assert all_of_it.exit_code == 0
    assert not damaged.exists()
    assert [(row["action"], row["outcome"]) for row in map(json.loads, report.read_text().splitlines())] == [
        ("mark lost", "done"),
        ("leave", "left"),
        ("delete", "done"),
    ]
    clean = command("verify")
    assert clean.exit_code == 0
    assert "1 file is known to be lost" in clean.stderr


def test_young_files_are_left_alone_by_a_repair(damaged: Path, command: Command) -> None:
    command("verify", "--repair", "--delete-orphans", "--yes")
    assert damaged.exists()


def test_time_that_is_up_is_told(filled: Butler, command: Command) -> None:
    result = command("verify", "--incremental", "--for", "0s")
    assert result.exit_code == 0
    assert "time was up after 1 file;" in result.stderr
    assert result.stderr.splitlines()[-1] == "registry and datastore agree so far"
    progress = filled.registry.maintenance.progress("main")
    assert progress is not None
    assert progress.completed is None


@pytest.mark.parametrize(
    "words",
    [
        ("--yes",),
        ("--delete-orphans",),
        ("--dry-run",),
        ("--for", "soon"),
        ("--for", "10"),
        ("--for", "9e9d"),
    ],
)
def test_options_that_make_no_sense_are_refused(filled: Butler, command: Command, words: tuple[str]) -> None:
    assert command("verify", *words).exit_code == 2


def test_what_dead_writers_left_is_reaped_when_it_is_old(
    filled: Butler, command: Command, owner: psycopg2.extensions.connection
) -> None:
    age_marks(owner)
    new = new_dataset_id()
    old = UUID(int=new.int - (14 * 24 * 3600 * 1000 << 80))  # two weeks ago
    for dataset_id in (new, old):
        filled.datastore.put({}, dataset_id, "u/me/dead/x", "Dict", "stats", {"run": "u/me/dead"})
    listed = command("verify", "--fast", "--older-than", "30d")
    assert listed.exit_code == 0
    assert [line.split(":")[0] for line in listed.stdout.splitlines()] == ["in flight", "in flight"]
    assert "agree, but for 2 files in flight" in listed.stderr
    planned = command("reap", "--dry-run")
    assert f"u/me/dead/x_{old.hex}.json of run u/me/dead, made at " in planned.stdout
    assert "1 file that no dataset has would be deleted" in planned.stderr
    (row,) = command.json("reap")
    assert (row["kind"], row["dataset_id"], row["datastore"]) == ("file", str(old), "main")
    assert (row["run"], row["reason"]) == ("u/me/dead", None)
    assert command("reap").stdout == ""
    assert [path for path in filled.datastore.inventory.paths() if "dead" in path] == [
        f"u/me/dead/x_{new.hex}.json"
    ]


def test_a_run_that_keeps_the_reaper_from_files_is_named_in_whatever_layer_it_is_held(
    filled: Butler, command: Command, owner: psycopg2.extensions.connection
) -> None:
    age_marks(owner)
    old = UUID(int=new_dataset_id().int - (14 * 24 * 3600 * 1000 << 80))
    filled.datastore.put({}, old, "u/me/dead/x", "Dict", "stats", {"run": "u/me/dead"})
    for layer in ("mydb_me", "mydb_you"):
        command.out("layer", "create", layer)
    command.out("--layer", "mydb_you", "collection", "create", "u/you/import", "--type", "run")
    command.out(
        "--layer", "mydb_you", "collection", "hold", "u/you/import", "--for", "1d", "--reason", "mine"
    )
    for words in ((), ("--layer", "mydb_me")):
        said = command(*words, "reap").stderr
        assert re.search(
            r"^u/you/import of registry mydb_you is held by butler_writer until 20\S+Z: no file", said, re.M
        )
        assert "0 files that no dataset has are deleted" in said
    assert re.search("^u/you/import is held by", command("--layer", "mydb_you", "reap").stderr, re.M)
    command.out("--layer", "mydb_you", "collection", "hold", "u/you/import", "--release")
    said = command("reap").stderr
    assert "1 file that no dataset has is deleted" in said
    assert "held" not in said


@pytest.mark.parametrize(
    "words", [("reap", "--dry-run"), ("verify", "--repair", "--dry-run", "--older-than", "0s")]
)
def test_what_a_file_claims_commands_no_terminal_and_begins_no_line(
    filled: Butler, command: Command, owner: psycopg2.extensions.connection, words: tuple[str, ...]
) -> None:
    age_marks(owner)
    old = UUID(int=new_dataset_id().int - (14 * 24 * 3600 * 1000 << 80))
    claimed = {"dataset_type": "stats", "data_id": {"visit": 12, "camera": "Peepshow"}, "id": str(old)}
    claimed["run"] = "u/x\x1b[2J\nforged: done"
    filled.datastore.put({}, old, "u/me/dead/x", "Dict", "stats", claimed)
    result = command(*words)
    assert "forged" in result.stdout
    assert result.output.replace("\n", "").isprintable()
    assert not [line for line in result.output.splitlines() if line.startswith("forged")]


@pytest.mark.parametrize("run", ["u/a\0b", "u/\ud800"])
@pytest.mark.parametrize("form", ["json", "table"])
def test_a_run_that_none_can_be_is_shown_escaped(
    filled: Butler, command: Command, owner: psycopg2.extensions.connection, run: str, form: str
) -> None:
    age_marks(owner)
    old = UUID(int=new_dataset_id().int - (14 * 24 * 3600 * 1000 << 80))
    (artifact,) = filled.datastore.put({}, old, "u/me/dead/x", "Dict", "stats", {"run": "u/me/dead"})
    file = local_file(filled.datastore.uri(artifact))
    said = file.read_text().replace('"u/me/dead"', json.dumps(run))
    file.unlink()  # what is stored is read-only
    file.write_text(said)
    result = command("reap", "--format", form)
    assert result.exit_code == 0
    if form == "json":
        assert [row["run"] for row in json.loads(result.stdout)] == [run]
    else:
        assert f" of run {run.encode('unicode_escape').decode()}, made at " in result.stdout
    assert not [path for path in filled.datastore.inventory.paths() if "dead" in path]


def test_whoever_may_only_read_compares_and_cannot_repair(
    damaged: Path, command: Command, repo: Path
) -> None:
    config = yaml.safe_load((repo / "butler.yaml").read_text())
    config["database"]["dsn"] = {"reader": config["database"]["dsn"]["reader"]}
    (repo / "butler.yaml").write_text(yaml.safe_dump(config))
    assert len(json.loads(command("verify", "--format", "json").stdout)) == 2
    refused = command("verify", "--repair", "--yes")
    assert refused.exit_code == 1
    assert "has none for the writer" in refused.stderr

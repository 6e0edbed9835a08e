"""How much is stored: ``butler du``, and the view under it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from butler import Artifact, Butler
from butler.backup import plan_backup
from butler.testing.databases import Database
from butler.values import new_dataset_id

from .conftest import Command


def stored(butler: Butler, name: str) -> int:
    """Give the length of all files under the datastore whose names begin like this."""
    root = Path(butler.datastore.root.removeprefix("file://"))
    paths = (root / path for path in butler.datastore.inventory.paths())
    return sum(path.stat().st_size for path in paths if path.name.startswith(name))


def test_numbers_and_bytes_are_those_of_the_files(filled: Butler, command: Command) -> None:
    (run,) = command.json("du")
    assert run == {
        "run": "u/me/first",
        "datasets": 4,
        "bytes": stored(filled, ""),
        "in_place": 0,
        "trashed": 0,
    }
    by_type = {row["dataset_type"]: row for row in command.json("du", "--by", "type")}
    assert (by_type["stats"]["datasets"], by_type["stats"]["bytes"]) == (2, stored(filled, "stats"))
    assert command.json("du", "cal*", "--by", "type")[0]["bytes"] == stored(filled, "calexp")
    assert command.json("du", "none-such") == []
    (datastore,) = command.json("du", "--by", "datastore")
    assert (datastore["datastore"], datastore["bytes"]) == ("main", run["bytes"])


def test_a_dataset_counts_in_each_collection_that_has_it(filled: Butler, command: Command) -> None:
    filled.collections.register("best", "tagged")
    filled.associate("best", list(filled.query.datasets("stats")))
    rows = {row["collection"]: row for row in command.json("du", "--by", "collection")}
    assert (rows["best"]["collection_type"], rows["best"]["datasets"]) == ("tagged", 2)
    assert rows["best"]["bytes"] == stored(filled, "stats")
    assert rows["u/me/first"]["datasets"] == 4


def test_files_in_place_and_in_the_trash_are_told_apart(
    filled: Butler, command: Command, tmp_path: Path
) -> None:
    (before,) = command.json("du")
    note = tmp_path / "note.json"
    note.write_text(json.dumps({"mean": 1.0}))
    filled.ingest([(note, {"camera": "Peepshow", "visit": 12})], "stats", mode="in-place", run="u/me/linked")
    filled.remove(list(filled.query.datasets("calexp")), reason="a test")
    rows = {row["run"]: row for row in command.json("du")}
    assert rows["u/me/linked"]["in_place"] == note.stat().st_size
    assert rows["u/me/first"]["trashed"] == stored(filled, "calexp")
    assert rows["u/me/first"]["bytes"] == before["bytes"] - stored(filled, "calexp")


def test_a_table_for_people_has_sizes_that_they_read(filled: Butler, command: Command) -> None:
    result = command("du")
    assert "kB" in result.stdout
    assert result.stderr.endswith(" in all\n")


def test_a_layer_sees_what_lies_under_it(filled: Butler, repo: Path, command: Command) -> None:
    command.out("layer", "create", "mydb_me")
    assert command.json("--layer", "mydb_me", "du") == command.json("du")
    with Butler(repo, run="u/layer", registry="mydb_me") as layer:
        layer.put({"mean": 2.0}, "stats", camera="Peepshow", visit=12)
    assert [row["run"] for row in command.json("--layer", "mydb_me", "du")] == ["u/layer", "u/me/first"]
    assert [row["run"] for row in command.json("du")] == ["u/me/first"]


LARGEST = 2**63 - 1


@pytest.fixture
def absurd(filled: Butler) -> Butler:
    """Two files that are said to be as large as the database's numbers go, as a sparse one may be."""
    filled.registry.puts.register(
        "u/me/absurd",
        "stats",
        "main",
        [
            (
                new_dataset_id(),
                {"camera": "Peepshow", "visit": visit},
                Artifact("main", f"absurd/{visit}.json", "json", LARGEST, bytes(32)),
            )
            for visit in (12, 13)
        ],
    )
    return filled


@pytest.mark.parametrize("by", ["run", "type", "collection", "datastore"])
def test_files_said_to_be_of_any_size_are_added_up(absurd: Butler, command: Command, by: str) -> None:
    assert max(row["bytes"] for row in command.json("du", "--by", by)) >= 2 * LARGEST
    assert "TB" in command.out("du", "--by", by)


def test_nothing_that_tells_of_sizes_is_stopped_by_a_file_of_any_size(
    absurd: Butler, command: Command, database: Database, tmp_path: Path
) -> None:
    assert command.json("status")["bytes"] > 2 * LARGEST
    assert command.json("datastore", "list")[0]["bytes"] > 2 * LARGEST
    (total,) = command.json("sql", "SELECT sum(bytes) AS bytes FROM storage_use")
    assert total["bytes"] > 2 * LARGEST
    assert plan_backup(database.dsn("owner"), tmp_path / "backup").bytes > 2 * LARGEST
    command.out("db", "backup", str(tmp_path / "backup"))
    absurd.remove(list(absurd.query.datasets("stats", collections="u/me/absurd")), reason="a test")
    assert command.json("trash", "list")[0]["bytes"] == 2 * LARGEST
    assert command.out("trash", "empty", "--dry-run")


@pytest.mark.parametrize("form", ["table", "csv", "ecsv", "fits", "json", "parquet", "votable"])
def test_usage_is_written_in_each_format(absurd: Butler, command: Command, tmp_path: Path, form: str) -> None:
    words = ("-o", str(tmp_path / "du"), "--format", form)
    command.out("du", *words)
    command.out("sql", "SELECT * FROM storage_use", *words[:1], str(tmp_path / "sql"), *words[2:])

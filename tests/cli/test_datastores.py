"""A repository of two datastores: what is said of each, and what is done in each artifact's own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from butler import Butler
from butler.datastore.paths import local_file

from .conftest import Command

WORDS = ("stats", "stats.json", "camera=Peepshow")


def configure(repo: Path, *, default: str, archive: bool = True) -> None:
    """Write what ``butler.yaml`` says of datastores."""
    config = yaml.safe_load((repo / "butler.yaml").read_text())
    config["datastores"] = {"main": {"root": "data"}} | ({"archive": {"root": "archive"}} if archive else {})
    config["default"] = default
    (repo / "butler.yaml").write_text(yaml.safe_dump(config))


@pytest.fixture
def two(filled: Butler, repo: Path, command: Command, inputs: Path) -> Path:
    """The repository with a second datastore, which has visit 13 of run ``u/me/archived``."""
    configure(repo, default="archive")
    assert command("datastore", "add", "archive").stderr == "datastore archive is registered now\n"
    command.out("put", *WORDS, "visit=13", "--run", "u/me/archived")
    configure(repo, default="main")
    return repo


def test_both_are_listed_and_shown(two: Path, command: Command) -> None:
    archive, main = command.json("datastore", "list")
    assert (archive["datastore"], archive["artifacts"]) == ("archive", 2)
    assert (main["datastore"], main["artifacts"]) == ("main", 4)
    shown = command.json("datastore", "show", "archive")
    assert shown == archive | {"configured_root": archive["root"], "type": "posix"}
    status = command.json("status")
    assert status["datastore"] == main["root"]
    assert status["other_datastores"] == {"archive": archive["root"]}
    assert [row["datastore"] for row in command.json("du", "--by", "datastore")] == ["archive", "main"]


def test_one_that_is_not_configured_any_more_is_shown_as_the_database_knows_it(
    two: Path, command: Command
) -> None:
    configure(two, default="main", archive=False)
    assert "configured_root" not in command.json("datastore", "show", "archive")
    assert "other_datastores" not in command.json("status")


def test_one_that_the_configuration_does_not_name_is_not_added(filled: Butler, command: Command) -> None:
    result = command("datastore", "add", "archive")
    assert result.exit_code == 1
    assert result.stderr.startswith("error: butler.yaml names no datastore 'archive'\n")
    assert [row["datastore"] for row in command.json("datastore", "list")] == ["main"]


def test_a_dataset_comes_out_of_the_one_that_has_it(two: Path, command: Command) -> None:
    words = ("stats", "camera=Peepshow", "visit=13", "-c", "u/me/archived")
    assert command.out("uri", *words).startswith(f"file://{two / 'archive'}/")
    command.out("get", *words, "-o", "out.json")
    assert json.loads(Path("out.json").read_text()) == {"mean": 1.5}
    assert command("verify").stderr == "registry and datastore agree\n"


def test_a_difference_names_the_one_that_it_is_in(two: Path, command: Command) -> None:
    local_file(
        command.out("uri", "stats", "camera=Peepshow", "visit=13", "-c", "u/me/archived").strip()
    ).unlink()
    (two / "data" / "nobody.txt").write_text("nobody's")
    found = json.loads(command("verify", "--format", "json").stdout)
    assert {(one["fault"], one["datastore"]) for one in found} == {
        ("missing", "archive"),
        ("orphan", "main"),
    }


def test_a_layer_is_dropped_with_its_files_in_both(two: Path, command: Command) -> None:
    before = files(two)
    fill_layer(two, command)
    assert len(files(two)) > len(before)
    command.out("layer", "drop", "mydb_me", "--yes")
    assert files(two) == before


def test_files_of_a_layer_in_one_that_the_repository_lacks_are_named(two: Path, command: Command) -> None:
    fill_layer(two, command)
    configure(two, default="main", archive=False)
    result = command("layer", "drop", "mydb_me", "--yes")
    assert result.exit_code == 3
    assert "2 files in datastore archive are left" in result.stderr
    assert [row["registry"] for row in command.json("layer", "list")] == ["butler"]


def test_a_layer_whose_files_are_on_a_disk_that_is_not_mounted_stays(two: Path, command: Command) -> None:
    fill_layer(two, command)
    (two / "archive").rename(two / "unmounted")
    (two / "archive").mkdir()
    result = command("layer", "drop", "mydb_me", "--yes")
    assert result.exit_code == 1
    assert "is empty" in result.stderr
    assert [row["registry"] for row in command.json("layer", "list")] == ["butler", "mydb_me"]


def fill_layer(repo: Path, command: Command) -> None:
    """Make a layer with a dataset, and its run's environment, in each of the two datastores."""
    command.out("layer", "create", "mydb_me")
    for default in ("archive", "main"):
        configure(repo, default=default)
        command.out("--layer", "mydb_me", "put", *WORDS, "visit=12", "--run", f"u/me/{default}")


def files(repo: Path) -> set[Path]:
    return {file for root in ("data", "archive") for file in (repo / root).rglob("*") if file.is_file()}

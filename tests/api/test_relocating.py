"""A datastore's files are moved, and the database is told where they are."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg2
import pytest
import yaml
from typer.testing import CliRunner, Result

from butler import Butler, DatasetType
from butler.cli.application import application
from butler.errors import InvalidDataIdError
from butler.maintenance import relocate as relocating
from butler.registry.postgres.engine import one_transaction
from butler.schema.install import create_layer


@pytest.fixture
def butler(butler: Butler) -> Butler:
    butler.registry.definitions.register_dataset_type(DatasetType("note", "Text", ("label",)))
    butler.registry.definitions.register_units("label", [{"label": name} for name in "abc"])
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


@pytest.fixture
def copied(butler: Butler, repo: Path, tmp_path: Path) -> Path:
    """The datastore's folder, copied elsewhere."""
    shutil.copytree(repo / "data", tmp_path / "new disk")
    return tmp_path / "new disk"


def relocate(repo: Path, *words: str | Path) -> Result:
    return CliRunner().invoke(application, ["-r", str(repo), "datastore", "relocate", *map(str, words)])


def roots(repo: Path) -> dict[str, str]:
    with Butler(repo) as butler:
        return {row.datastore: row.root for row in butler.registry.query("SELECT * FROM datastore")}


@pytest.mark.parametrize("check", ["sample", "all", "none"])
def test_after_a_move_everything_is_read_and_written_at_the_new_place(
    butler: Butler, repo: Path, copied: Path, check: str
) -> None:
    result = relocate(repo, "main", copied, "--check", check)
    assert result.exit_code == 0, result.output
    shutil.rmtree(repo / "data")
    with Butler(repo, run="u/me/second", collections="u/me/first") as moved:
        assert moved.get("note", label="a") == "this is a"
        assert moved.uri("note", label="a").startswith(f"{copied.as_uri()}/")
        moved.put("after", "note", label="c")
        assert list(moved.verify()) == []
    assert not (repo / "data").exists()


@pytest.mark.parametrize("options", [(), ("--dry-run",), ("--check", "none")])
def test_a_copy_without_the_mark_is_refused(
    butler: Butler, repo: Path, copied: Path, options: tuple[str, ...]
) -> None:
    (copied / ".butler-datastore.json").unlink()
    before = roots(repo)
    result = relocate(repo, "main", copied, *options)
    assert result.exit_code == 1
    assert "bears no mark" in result.output
    assert "rsync -aH" in result.output
    assert roots(repo) == before


def test_layers_share_the_datastore_and_move_along(layer: Butler, repo: Path, tmp_path: Path) -> None:
    shutil.copytree(repo / "data", tmp_path / "new")
    assert relocate(repo, "main", tmp_path / "new", "--check", "all").exit_code == 0
    with Butler(repo, collections="u/me/mine", registry="mydb_me") as moved:
        assert moved.uri("note", label="c").startswith((tmp_path / "new").as_uri())
        assert moved.get("note", label="c") == "mine"


def test_a_root_inside_the_repository_is_named_relative_to_it(butler: Butler, repo: Path) -> None:
    shutil.copytree(repo / "data", repo / "bigger/data")
    assert relocate(repo, "main", repo / "bigger/data").exit_code == 0
    assert yaml.safe_load((repo / "butler.yaml").read_text())["datastores"]["main"]["root"] == "bigger/data"


@pytest.mark.parametrize("check", ["sample", "all"])
def test_files_that_are_not_there_or_altered_are_named_and_nothing_changes(
    layer: Butler, repo: Path, tmp_path: Path, check: str
) -> None:
    new = tmp_path / "new"
    shutil.copytree(repo / "data", new)
    lost, spoilt = layer.find("note", label="c"), layer.find("note", label="a", collections="u/me/first")
    assert lost.artifacts
    assert spoilt.artifacts
    mine, first = lost.artifacts[0].path, spoilt.artifacts[0].path
    (new / mine).unlink()
    (new / first).chmod(0o644)
    (new / first).write_text("THIS IS A")
    before = roots(repo)
    result = relocate(repo, "main", new, "--check", check)
    assert result.exit_code == 1
    assert f"{mine} (missing)" in result.output
    assert f"{first} (sha256)" in result.output
    assert roots(repo) == before
    assert yaml.safe_load((repo / "butler.yaml").read_text())["datastores"]["main"]["root"] == "data"


def test_what_was_written_into_the_configuration_meanwhile_stays(
    butler: Butler, repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reading the files may take hours."""
    check = relocating.check_moved

    def check_while_somebody_writes(*arguments: Any, **options: Any) -> None:
        with (repo / "butler.yaml").open("a") as file:
            file.write("default: main\n")
        check(*arguments, **options)

    monkeypatch.setattr(relocating, "check_moved", check_while_somebody_writes)
    shutil.copytree(repo / "data", tmp_path / "new")
    assert relocate(repo, "main", tmp_path / "new").exit_code == 0
    written = yaml.safe_load((repo / "butler.yaml").read_text())
    assert (written["datastores"]["main"]["root"], written["default"]) == (str(tmp_path / "new"), "main")


def test_a_dry_run_checks_and_changes_nothing(butler: Butler, repo: Path, copied: Path) -> None:
    before = roots(repo)
    result = relocate(repo, "main", copied, "--dry-run")
    assert result.exit_code == 0
    assert "would move datastore main to" in result.output
    assert roots(repo) == before


def test_what_was_written_before_a_move_is_not_registered_after_it(
    butler: Butler, repo: Path, copied: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = butler.datastore.put

    def put_and_move(*arguments: Any) -> Any:
        written = put(*arguments)
        assert relocate(repo, "main", copied).exit_code == 0
        return written

    monkeypatch.setattr(butler.datastore, "put", put_and_move)
    with pytest.raises(InvalidDataIdError, match="where datastore 'main' isn't any more") as caught:
        butler.put("c", "note", label="c")
    assert "Open the repository anew" in str(caught.value.hint)
    monkeypatch.undo()
    with Butler(repo, run="u/me/first") as again:
        assert again.get(again.put("c", "note", label="c")) == "c"
        assert list(again.verify()) == []


def test_what_is_no_datastore_or_no_folder_is_refused(butler: Butler, repo: Path, copied: Path) -> None:
    assert "no datastore 'mian'" in relocate(repo, "mian", copied).output
    assert "there is no folder" in relocate(repo, "main", copied / "nowhere").output


@pytest.mark.parametrize("role", ["writer", "reader"])
def test_nobody_but_the_owner_moves_a_datastore(database: Any, role: str) -> None:
    with (
        database.connect(role).cursor() as cursor,
        pytest.raises(psycopg2.errors.InsufficientPrivilege, match="butler_common"),
    ):
        cursor.execute("SELECT butler_common.relocate_datastore('main', 'file:///tmp/')")


def test_datastores_are_listed_with_what_is_in_them(butler: Butler, repo: Path) -> None:
    shown = CliRunner().invoke(application, ["-r", str(repo), "datastore", "list", "--format", "json"])
    (row,) = yaml.safe_load(shown.stdout)
    assert (row["datastore"], row["root"], row["artifacts"]) == ("main", butler.datastore.root, 3)
    shown = CliRunner().invoke(application, ["-r", str(repo), "datastore", "show", "main"])
    assert butler.datastore.root in shown.stdout

"""A repository with several datastores: what lies in the one that isn't written to is as safe as the rest."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from butler import Butler, DatasetRef, DatasetType
from butler.config import RepositoryConfig
from butler.datastore.config import DatastoreConfig
from butler.datastore.paths import local_file
from butler.errors import ArtifactMissingError, ConfigError, DefinitionConflictError, NotSupportedError
from butler.repository import create_repository
from butler.roots import add_datastore
from butler.testing.databases import Database

NOW = timedelta(0)


@pytest.fixture
def both(repo: Path, tmp_path: Path) -> Iterator[Butler]:
    """A Butler that writes to ``main`` and has ``archive`` too, where a file was ingested in place before."""
    (tmp_path / "far").mkdir()
    (tmp_path / "in place.txt").write_text("far away")
    config = RepositoryConfig.read(repo)
    two = {**config.datastores, "archive": DatastoreConfig.from_plain({"root": str(tmp_path / "far")})}
    replace(config, datastores=two, default="archive").write()
    with Butler(repo, run="u/me/old") as old:
        add_datastore(old.registry, old.datastore.members["archive"])
        old.registry.definitions.register_units("label", [{"label": letter} for letter in "abc"])
        old.registry.definitions.register_dataset_type(DatasetType("note", "Text", ("label",)))
        old.ingest([(tmp_path / "in place.txt", {"label": "a"})], "note", mode="in-place")
        old.put("kept", "note", label="b")
    replace(config, datastores=two, default="main").write()
    with Butler(repo, run="u/me/new", collections="u/me/old") as butler:
        yield butler


def test_each_is_read_from_its_own_and_verified_there(both: Butler, tmp_path: Path) -> None:
    new = both.put("near", "note", label="c")
    assert [both.get("note", label=letter) for letter in "abc"] == ["far away", "kept", "near"]
    assert new.artifacts is not None
    assert [artifact.datastore for artifact in new.artifacts] == ["main"]
    (stored,) = (tmp_path / "far").rglob("*.txt")
    stored.unlink()
    (finding,) = both.verify()
    assert (finding.fault, finding.datastore) == ("missing", "archive")


def test_a_move_takes_nothing_from_a_dataset_of_another_datastore(both: Butler, tmp_path: Path) -> None:
    with pytest.raises(NotSupportedError, match="ingested in place"):
        both.ingest([(tmp_path / "in place.txt", {"label": "c"})], "note", mode="move")
    assert both.get("note", label="a") == "far away"
    assert list(both.verify()) == []


def test_the_trash_of_each_is_emptied(both: Butler, repo: Path, tmp_path: Path) -> None:
    both.put("near", "note", label="c")
    both.remove([both.find("note", label=letter) for letter in "bc"])
    with Butler(repo, role="owner") as owner:
        assert owner.removal.empty_trash(older_than=NOW).artifacts == 2
    assert list((tmp_path / "far").rglob("*.txt")) == []
    assert list(both.verify()) == []


def test_what_is_not_configured_is_not_compared_and_said_to_be(both: Butler, repo: Path) -> None:
    config = RepositoryConfig.read(repo)
    replace(config, datastores={"main": config.datastores["main"]}).write()
    with Butler(repo) as one:
        verification = one.verify()
        assert list(verification) == []
        assert verification.not_compared == ("archive",)


def test_one_that_is_not_registered_yet_is_in_nobody_s_way(both: Butler, repo: Path, tmp_path: Path) -> None:
    config = RepositoryConfig.read(repo)
    new = {"third": DatastoreConfig.from_plain({"root": str(tmp_path / "third")})}
    replace(config, datastores={**config.datastores, **new}).write()
    with Butler(repo, role="owner") as owner:
        assert owner.removal.empty_trash(older_than=NOW).failures == ()
        assert list(owner.verify(incremental=True)) == []


@pytest.fixture
def copied(both: Butler, owner: psycopg2.extensions.connection) -> DatasetRef:
    """A dataset of the archive of which ``main`` has a copy, as the search path finds it."""
    ref = both.find("note", label="b")
    (artifact,) = ref.artifacts or ()
    roots = [local_file(both.datastore.members[name].root) for name in ("archive", "main")]
    source, target = (Path(root, artifact.path) for root in roots)
    target.parent.mkdir(parents=True)
    target.write_bytes(source.read_bytes())
    with owner.cursor() as cursor:
        cursor.execute(
            "INSERT INTO butler_internal.artifact (dataset_id, datastore_id, component, path, formatter, size, sha256)"
            " SELECT dataset_id, (SELECT datastore_id FROM butler_internal.datastore WHERE datastore = 'main'),"
            " component, path, formatter, size, sha256 FROM butler_internal.artifact WHERE dataset_id = %s",
            (str(ref.id),),
        )
    return both.find("note", label="b")


def test_what_exists_is_what_would_be_read_and_that_is_another_copy_once_one_is_known_to_be_lost(
    both: Butler, copied: DatasetRef
) -> None:
    both.put("near", "note", label="c")  # a folder without any file would be taken for one that isn't mounted
    assert both.uri(copied).startswith(both.datastore.members["main"].root)
    both.datastore.remove([each for each in copied.artifacts or () if each.datastore == "main"])
    assert not both.exists(copied)
    with pytest.raises(ArtifactMissingError):
        both.get(copied)
    assert [step.outcome for step in both.maintenance.repair(list(both.verify()), older_than=NOW)] == ["done"]
    assert both.exists(copied)
    assert both.get("note", label="b") == "kept"


def test_a_copy_that_is_not_configured_is_not_needed(both: Butler, copied: DatasetRef, repo: Path) -> None:
    config = RepositoryConfig.read(repo)
    replace(config, datastores={"main": config.datastores["main"]}).write()
    with Butler(repo, collections="u/me/old") as one:
        assert one.exists("note", label="b")
        assert one.uri("note", label="b").startswith(one.datastore.root)
        with pytest.raises(ConfigError, match="'archive', which isn't configured"):
            one.exists("note", label="a")


def test_a_put_that_lands_in_another_datastore_is_refused_and_leaves_nothing(
    both: Butler, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    members: Any = both.datastore.members
    monkeypatch.setattr(both.datastore, "put", members["archive"].put)
    before = sorted((tmp_path / "far").rglob("*.txt"))
    with pytest.raises(NotSupportedError, match="'archive', not into 'main'"):
        both.put("astray", "note", label="c")
    assert sorted((tmp_path / "far").rglob("*.txt")) == before
    assert list(both.verify()) == []


@pytest.mark.parametrize(
    "datastore", [{"type": "memory"}, {"templates": {"default": "{run}/{dataset_type}"}}]
)
def test_a_repository_is_made_with_what_is_said_of_its_datastore(
    database: Database, tmp_path: Path, datastore: dict[str, Any]
) -> None:
    config = create_repository(tmp_path / "new", dsn=database.dsn("writer"), datastore=datastore)
    assert datastore.items() <= dict(config.datastores["main"].given).items()
    assert RepositoryConfig.read(tmp_path / "new") == config


def only_main(repo: Path) -> Butler:
    """As a colleague has it, whose configuration names one datastore of the database."""
    config = RepositoryConfig.read(repo)
    replace(config, datastores={"main": config.datastores["main"]}).write()
    return Butler(repo, run="u/me/theirs", collections="u/me/old")


@pytest.mark.parametrize("mode", ["move", "in-place"])
def test_what_lies_in_a_datastore_that_only_the_database_knows_stays_there(
    both: Butler, repo: Path, tmp_path: Path, mode: str
) -> None:
    (stored,) = (tmp_path / "far").rglob("note_b_*.txt")
    (tmp_path / "free.txt").write_text("free")
    with only_main(repo) as one:
        with pytest.raises(NotSupportedError, match="lies in datastore 'archive' already"):
            one.ingest([(stored, {"label": "c"})], "note", mode=mode)
        one.ingest([(tmp_path / "free.txt", {"label": "c"})], "note", mode=mode)
    assert both.get("note", label="b") == "kept"


def test_a_datastore_that_is_configured_elsewhere_is_neither_written_to_nor_compared(
    both: Butler, repo: Path
) -> None:
    config = RepositoryConfig.read(repo)
    wrong = {**config.datastores, "main": DatastoreConfig.from_plain({"root": "dta"})}
    replace(config, datastores=wrong).write()
    with Butler(repo, run="u/me/new", role="owner") as butler:
        for act in (
            lambda: butler.put("astray", "note", label="c"),
            lambda: list(butler.verify()),
            lambda: butler.maintenance.repair([]),
            lambda: list(butler.maintenance.reap()),
            butler.removal.empty_trash,
        ):
            with pytest.raises(ConfigError, match=r"'main' is registered at .*/data/, not at .*/dta/"):
                act()
    assert not (repo / "dta").exists()


def test_two_datastores_that_share_files_are_refused_by_the_database(both: Butler) -> None:
    root = both.datastore.members["main"].root
    for other in (root, root + "deeper/", root.removesuffix("data/")):
        with pytest.raises(DefinitionConflictError, match="datastore other shares files with datastore"):
            both.registry.definitions.register_datastore("other", other)
    assert both.registry.definitions.register_datastore("other", root.removesuffix("/") + "2/")

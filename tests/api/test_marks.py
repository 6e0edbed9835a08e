"""Nothing is written, swept or deleted under a root that doesn't bear its datastore's mark; reading goes on."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg2.extensions
import pytest
from marking import age_marks

from butler import Butler, DatasetRef, DatasetType
from butler.config import RepositoryConfig
from butler.datastore import open_datastore
from butler.datastore.config import DatastoreConfig
from butler.datastore.marks import encode_mark
from butler.datastore.storage import PosixStorage
from butler.errors import (
    ArtifactMissingError,
    ButlerError,
    ConfigError,
    DatastoreRootError,
    DefinitionConflictError,
    InvalidDataIdError,
)
from butler.maintenance.findings import Fault, Finding
from butler.maintenance.marks import examine, mark
from butler.repository import create_repository, schema_connection
from butler.roots import add_datastore
from butler.testing.databases import Database, fresh_database
from butler.testing.postgres import TemporaryServer
from butler.values import Mark, new_dataset_id

NOW = timedelta(0)
NAME = ".butler-datastore.json"
LABELS = "abcdefgh"


def prepare(butler: Butler) -> None:
    butler.registry.definitions.register_dataset_type(DatasetType("stats", "Dict", ("label",)))
    butler.registry.definitions.register_units("label", [{"label": name} for name in LABELS])


@pytest.fixture
def butler(butler: Butler) -> Butler:
    prepare(butler)
    return butler


@pytest.fixture
def kept(butler: Butler) -> DatasetRef:
    return butler.put({"mean": 0}, "stats", label="a")


@pytest.fixture
def trashed(butler: Butler, kept: DatasetRef) -> DatasetRef:
    ref = butler.put({"mean": 1}, "stats", label="b")
    butler.removal.unstore([ref])
    return ref


@pytest.fixture
def dead(butler: Butler, owner: psycopg2.extensions.connection) -> str:
    """The path of a file that a writer left long ago."""
    age_marks(owner)
    dataset_id = UUID(int=new_dataset_id().int - (14 * 24 * 3600 * 1000 << 80))
    (artifact,) = butler.datastore.put({}, dataset_id, "u/me/first/stats_c", "Dict", "stats", {})
    return artifact.path


@pytest.fixture
def root(repo: Path) -> Path:
    return repo / "data"


def unmount(root: Path) -> None:
    root.rename(root.with_name("unmounted"))
    root.mkdir()


def mount(root: Path) -> None:
    shutil.rmtree(root, ignore_errors=True)
    root.with_name("unmounted").rename(root)


def delete_what_is_not_the_mark(root: Path) -> None:
    for name in files(root).keys() - {NAME}:
        (root / name).unlink()


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def registered(butler: Butler) -> list[Any]:
    return [
        list(butler.registry.query(statement))
        for statement in (
            "SELECT dataset_id, state FROM dataset ORDER BY 1",
            "SELECT dataset_id, path FROM artifact ORDER BY 1",
            "SELECT * FROM lost_artifact ORDER BY 1",
        )
    ]


def whatever_writes(butler: Butler, file: Path) -> dict[str, Callable[[], object]]:
    file.write_text("{}")
    lost = Finding(Fault.MISSING, str(uuid4()), "", registry="butler", datastore="main", path="a")
    return {
        "put": lambda: butler.put({"mean": 2}, "stats", label="d"),
        "put many": lambda: butler.put_many([({}, {"label": "d"}), ({}, {"label": "e"})], "stats"),
        "copy": lambda: butler.ingest([(file, {"label": "d"})], "stats", mode="copy"),
        "move": lambda: butler.ingest([(file, {"label": "d"})], "stats", mode="move"),
        "hardlink": lambda: butler.ingest([(file, {"label": "d"})], "stats", mode="hardlink"),
        "symlink": lambda: butler.ingest([(file, {"label": "d"})], "stats", mode="symlink"),
        "empty the trash": lambda: butler.removal.empty_trash(older_than=NOW),
        "reap": lambda: list(butler.maintenance.reap()),
        "verify": lambda: list(butler.verify()),
        "repair": lambda: list(butler.maintenance.repair([lost], delete_orphans=True, older_than=NOW)),
    }


SPOIL: dict[str, tuple[Callable[[Path], object], str]] = {
    "not mounted": (unmount, "is empty"),
    "gone": (lambda root: root.rename(root.with_name("unmounted")), "isn't there"),
    "without a mark": (lambda root: (root / NAME).unlink(), "bears no mark"),
    "half a mark": (lambda root: rewrite(root, (root / NAME).read_bytes()[:50]), "can't be read"),
    "another datastore's": (
        lambda root: rewrite(root, encode_mark(Mark(uuid4(), "archive", uuid4()))),
        "datastore 'archive'",
    ),
    "with a server in it": (lambda root: (root / "PG_VERSION").touch(), "PG_VERSION"),
    "with a repository in it": (lambda root: (root / "butler.yaml").touch(), "butler.yaml"),
}


def rewrite(root: Path, content: bytes) -> None:
    (root / NAME).unlink()
    (root / NAME).write_bytes(content)


@pytest.mark.parametrize("spoilt", SPOIL)
def test_a_root_that_is_not_its_own_is_refused_by_all_that_write_and_nothing_changes(
    butler: Butler,
    kept: DatasetRef,
    trashed: DatasetRef,
    dead: str,
    repo: Path,
    root: Path,
    tmp_path: Path,
    spoilt: str,
) -> None:
    spoil, message = SPOIL[spoilt]
    spoil(root)
    before = files(repo), registered(butler)
    with Butler(repo, run="u/me/second", role="owner") as another:
        for who in (butler, another):
            for act in whatever_writes(who, tmp_path / "source.json").values():
                with pytest.raises(DatastoreRootError, match=message) as caught:
                    act()
                assert f"{root}" in caught.value.message
                assert caught.value.hint
    assert (files(repo), registered(butler)) == before


@pytest.mark.parametrize("spoilt", ["without a mark", "half a mark", "another datastore's"])
def test_reading_goes_on(butler: Butler, kept: DatasetRef, root: Path, spoilt: str) -> None:
    SPOIL[spoilt][0](root)
    assert butler.get("stats", label="a") == {"mean": 0}
    assert butler.exists("stats", label="a")
    assert [finding.fault for finding in butler.maintenance.verify(unmarked=True)] == []


def test_what_stays_in_place_asks_for_no_mark(butler: Butler, root: Path, tmp_path: Path) -> None:
    unmount(root)
    (tmp_path / "here.json").write_text('{"mean": 5}')
    (ref,) = butler.ingest([(tmp_path / "here.json", {"label": "d"})], "stats", mode="in-place")
    assert butler.get(ref) == {"mean": 5}


# In the middle -----------------------------------------------------------------


@pytest.fixture
def at_the_third(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, Callable[[], object]], None]:
    """Have something happen before the third call of a method of the storage."""

    def arrange(method: str, happens: Callable[[], object]) -> None:
        calls = 0
        original = getattr(PosixStorage, method)

        def called(self: PosixStorage, *args: Any, **options: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls == 3:
                happens()
            return original(self, *args, **options)

        monkeypatch.setattr(PosixStorage, method, called)

    return arrange


@pytest.mark.parametrize("state", ["not mounted", "gone", "without a mark"])
def test_a_read_of_a_file_that_is_not_there_says_what_is_wrong_with_its_root(
    butler: Butler, root: Path, state: str
) -> None:
    ref = butler.put({"n": 1}, "stats", label=LABELS[0])
    if state == "without a mark":
        delete_what_is_not_the_mark(root)
    spoil, said = SPOIL[state]
    spoil(root)
    with pytest.raises(
        ArtifactMissingError, match=rf"the root of datastore 'main', .*/data/, {said}"
    ) as caught:
        butler.get(ref)
    assert "Mount it" in str(caught.value)


def test_a_read_of_a_file_that_is_gone_alone_says_nothing_of_its_root(butler: Butler, root: Path) -> None:
    ref = butler.put({"n": 1}, "stats", label=LABELS[0])
    delete_what_is_not_the_mark(root)
    with pytest.raises(ArtifactMissingError) as caught:
        butler.get(ref)
    assert "root" not in str(caught.value)


def test_a_disk_that_goes_amid_a_put_of_many_registers_nothing_and_what_was_written_is_in_flight(
    butler: Butler, root: Path, at_the_third: Callable[[str, Callable[[], object]], None]
) -> None:
    at_the_third("write", lambda: unmount(root))
    with pytest.raises(DatastoreRootError, match="its root"):
        butler.put_many([({}, {"label": label}) for label in LABELS], "stats")
    assert butler.registry.query("SELECT count(*) FROM dataset").scalar() == 0
    assert len(files(root)) <= 1, "nothing is written once it is known"
    assert len(files(root.with_name("unmounted"))) == 3, "two files, and the mark"
    mount(root)
    assert [finding.fault for finding in butler.verify()] == ["in flight"] * 2


def test_a_disk_that_goes_while_the_last_is_written_registers_nothing(
    butler: Butler, root: Path, at_the_third: Callable[[str, Callable[[], object]], None]
) -> None:
    at_the_third("write", lambda: unmount(root))
    with pytest.raises(DatastoreRootError, match="its root"):
        butler.put_many([({}, {"label": label}) for label in LABELS[:3]], "stats")
    assert butler.registry.query("SELECT count(*) FROM dataset").scalar() == 0
    mount(root)
    assert {finding.fault for finding in butler.verify()} == {"in flight"}


@pytest.mark.parametrize("labels", [LABELS, LABELS[:3]], ids=["amid", "at the last"])
def test_what_is_not_found_because_its_disk_has_gone_stays_in_the_trash(
    butler: Butler, root: Path, at_the_third: Callable[[str, Callable[[], object]], None], labels: str
) -> None:
    refs = butler.put_many([({}, {"label": label}) for label in labels], "stats")
    butler.removal.unstore(refs)
    with Butler(root.parent, role="owner") as owner:
        at_the_third("delete", lambda: unmount(root))
        with pytest.raises(DatastoreRootError, match="its root"):
            owner.removal.empty_trash(older_than=NOW)
        mount(root)
        known = butler.registry.query(
            "SELECT count(*) FROM artifact WHERE dataset_id::text = ANY(:ids)",
            {"ids": [str(ref.id) for ref in refs]},
        )
        assert known.scalar() == len(refs)
        owner.removal.empty_trash(older_than=NOW)
        assert list(owner.verify()) == []
    assert not [path for path in files(root) if "stats" in path]


def test_nothing_is_called_missing_once_the_disk_has_gone(
    butler: Butler, root: Path, at_the_third: Callable[[str, Callable[[], object]], None]
) -> None:
    butler.put_many([({}, {"label": label}) for label in LABELS], "stats")
    at_the_third("local", lambda: unmount(root))
    found: list[Finding] = []
    with pytest.raises(DatastoreRootError, match="its root"):
        found.extend(butler.verify())
    assert found == []


def test_nothing_is_marked_lost_once_the_disk_has_gone(
    butler: Butler, root: Path, at_the_third: Callable[[str, Callable[[], object]], None]
) -> None:
    refs = butler.put_many([({}, {"label": label}) for label in LABELS], "stats")
    for ref in refs:
        (artifact,) = ref.artifacts or ()
        (root / artifact.path).unlink()
    findings = list(butler.verify())
    at_the_third("local", lambda: unmount(root))
    steps = list(butler.maintenance.repair(findings))
    assert [step.outcome for step in steps[:2]] == ["done", "done"]
    assert all(step.outcome.startswith("failed: nothing is done") for step in steps[2:])
    assert len(steps) >= len(LABELS)
    assert butler.registry.query("SELECT count(*) FROM lost_artifact").scalar() == 2


# Two of one root ---------------------------------------------------------------


@pytest.fixture
def other(butler_server: TemporaryServer, butler_template: str, tmp_path: Path) -> Iterator[Path]:
    """Another repository, with a database of its own on the same server."""
    with fresh_database(butler_server, butler_template) as database:
        yield repository(tmp_path / "other", database)


def repository(folder: Path, database: Database, root: str = "data") -> Path:
    folder.mkdir()
    dsns = {role: database.dsn(role) for role in ("owner", "writer", "reader")}
    RepositoryConfig(folder, dsns, datastores={"main": DatastoreConfig.from_plain({"root": root})}).write()
    return folder


def test_a_second_repository_gets_no_root_that_is_another_s(
    butler: Butler, kept: DatasetRef, root: Path, other: Path
) -> None:
    config = RepositoryConfig.read(other)
    for shared in (root, root / "deeper", root.parent):
        replace(config, datastores={"main": config.datastores["main"].at(str(shared))}).write()
        with Butler(other) as theirs:
            with pytest.raises(
                DatastoreRootError, match=r"\.butler-datastore\.json|bears a mark|butler\.yaml"
            ):
                add_datastore(theirs.registry, theirs.datastore)
            assert theirs.registry.definitions.datastores() == {}
    assert files(root).keys() == {NAME, *(one.path for one in kept.artifacts or ())} | {
        path for path in files(root) if "environment" in path
    }


def test_a_second_repository_on_one_root_can_do_nothing_to_it(
    butler: Butler, kept: DatasetRef, root: Path, other: Path, tmp_path: Path
) -> None:
    config = RepositoryConfig.read(other)
    replace(config, datastores={"main": config.datastores["main"].at(str(root))}).write()
    before = files(root)
    with Butler(other, run="u/you/first", role="owner") as theirs:
        theirs.registry.definitions.register_datastore("main", theirs.datastore.root)
        prepare(theirs)
        for act in whatever_writes(theirs, tmp_path / "source.json").values():
            with pytest.raises(DatastoreRootError, match="of datastore 'main' of installation"):
                act()
    assert files(root) == before
    assert list(butler.verify()) == []


def test_no_repository_is_made_with_another_s_root_and_nothing_is_left_of_it(
    butler: Butler, kept: DatasetRef, root: Path, other: Path, tmp_path: Path
) -> None:
    before = files(root)
    dsn = RepositoryConfig.read(other).dsn("writer")
    with pytest.raises(DatastoreRootError, match="bears a mark already"):
        create_repository(tmp_path / "third", dsn=dsn, datastore={"root": str(root)})
    assert not (tmp_path / "third").exists()
    assert files(root) == before
    with Butler(other) as theirs:
        assert theirs.registry.definitions.datastores() == {}


@pytest.mark.parametrize("spelling", ["./", ".", "link"])
def test_the_repository_itself_is_no_root(butler: Butler, repo: Path, spelling: str) -> None:
    (repo / "link").symlink_to(repo)
    before = files(repo)
    datastore = open_datastore({"root": spelling}, repo, "here")
    with pytest.raises(DatastoreRootError, match=r"butler\.yaml"):
        add_datastore(butler.registry, datastore)
    assert files(repo) == before
    assert "here" not in butler.registry.definitions.datastores()


def test_no_repository_is_made_inside_a_root(butler: Butler, kept: DatasetRef, root: Path) -> None:
    before = files(root)
    with pytest.raises(DatastoreRootError, match="is in the root of a datastore"):
        create_repository(root / "nested", dsn=RepositoryConfig.read(root.parent).dsn("writer"))
    assert files(root) == before


def test_a_copy_of_a_database_is_another_installation(
    butler: Butler, butler_server: TemporaryServer, database: Database, repo: Path
) -> None:
    butler.close()
    ours = installation(repo)
    with fresh_database(butler_server, database.name) as copy:
        again = RepositoryConfig.read(repo)
        replace(again, dsns={role: copy.dsn(role) for role in again.dsns}).write()
        assert installation(repo) != ours
        with (
            Butler(repo, run="u/me/copy") as copied,
            pytest.raises(DatastoreRootError, match=f"of installation {ours}; this one is"),
        ):
            copied.put({}, "stats", label="a")


def installation(repo: Path) -> str:
    with Butler(repo) as butler:
        return str(butler.registry.query("SELECT installation_id()").scalar())


def test_a_configured_root_that_differs_stops_the_marking_too(butler: Butler, repo: Path) -> None:
    config = RepositoryConfig.read(repo)
    replace(config, datastores={"main": config.datastores["main"].at("dta")}).write()
    with Butler(repo, run="u/me/first") as elsewhere:
        for act in (
            lambda: elsewhere.put({}, "stats", label="a"),
            lambda: add_datastore(elsewhere.registry, elsewhere.datastore),
        ):
            with pytest.raises((ConfigError, DefinitionConflictError), match="registered at"):
                act()
    assert not (repo / "dta").exists()


# Set anew ------------------------------------------------------------------------


def mark_anew(butler: Butler, database: Database, **options: Any) -> Any:
    found = examine(butler.registry, butler.datastore.members["main"], **options)
    with schema_connection(database.dsn("owner")) as connection:
        mark(connection, found)
    return found


def test_a_writer_goes_on_after_the_mark_was_set_anew(
    butler: Butler, kept: DatasetRef, database: Database
) -> None:
    before = butler.registry.definitions.datastores()["main"]
    found = mark_anew(butler, database)
    after = butler.registry.definitions.datastores()["main"]
    assert (found.found, found.loose) == ("bears its mark", 0)
    assert after.mark.id != before.mark.id
    assert before.marked < after.marked <= datetime.now(UTC) + timedelta(hours=1)
    butler.put({}, "stats", label="b")
    assert list(butler.verify()) == []


def test_of_two_who_mark_a_root_the_later_is_told(butler: Butler, root: Path, database: Database) -> None:
    found = examine(butler.registry, butler.datastore.members["main"])
    mark_anew(butler, database)
    before = files(root)
    with (
        pytest.raises(InvalidDataIdError, match="of these marks only 0"),
        schema_connection(database.dsn("owner")) as connection,
    ):
        mark(connection, found)
    assert files(root) == before
    assert list(butler.verify()) == []


def test_files_that_nobody_has_are_counted_and_left_to_be_adopted(
    butler: Butler, kept: DatasetRef, root: Path, database: Database
) -> None:
    (root / "u/loose.json").write_text("{}")
    assert mark_anew(butler, database).loose == 1
    assert (root / "u/loose.json").exists()


def test_a_mark_that_is_not_written_is_not_set(
    butler: Butler, kept: DatasetRef, root: Path, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, os.strerror(28))

    with monkeypatch.context() as patch:
        patch.setattr(os, "rename", full)
        with pytest.raises(ButlerError, match="No space left"):
            mark_anew(butler, database)
    butler.put({}, "stats", label="b")
    assert list(butler.verify()) == []


def test_another_s_mark_is_replaced_only_by_its_name(
    butler: Butler, kept: DatasetRef, root: Path, database: Database
) -> None:
    theirs = Mark(uuid4(), "main", uuid4())
    rewrite(root, encode_mark(theirs))
    for over in ((), [uuid4()], [theirs.installation]):
        with pytest.raises(DatastoreRootError, match=str(theirs.installation)) as caught:
            mark_anew(butler, database, over=over)
        assert f"--over {theirs.id}" in str(caught.value.hint)
    mark_anew(butler, database, over=[theirs.id])
    butler.put({}, "stats", label="b")


def test_an_empty_root_is_marked_only_if_nothing_is_known_there_or_it_is_said(
    butler: Butler, kept: DatasetRef, root: Path, database: Database
) -> None:
    unmount(root)
    with pytest.raises(
        DatastoreRootError, match=r"is empty, without a mark, and the registry has 2 artifacts"
    ):
        mark_anew(butler, database)
    assert files(root) == {}
    mark_anew(butler, database, empty=True)
    assert {finding.fault for finding in butler.verify()} == {"missing"}


@pytest.mark.parametrize("spoilt", ["half a mark", "with a server in it", "with a repository in it"])
def test_what_may_be_another_s_is_never_marked(
    butler: Butler, kept: DatasetRef, root: Path, database: Database, spoilt: str
) -> None:
    SPOIL[spoilt][0](root)
    before = files(root)
    with pytest.raises(DatastoreRootError):
        mark_anew(butler, database, empty=True)
    assert files(root) == before

"""Several datasets in one lot: each folder is flushed once, and what can't be made durable is gone."""

from __future__ import annotations

import errno
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import pytest
from flushing import Flushes

from butler.datastore import Datastore, Datastores, FileDatastore, open_datastore
from butler.datastore.storage import PosixStorage
from butler.errors import ArtifactMissingError, StorageError
from butler.values import Artifact, IngestMode
from datastore.counting import CountingStorage

FOLDERS = ("run/a", "run/b", "run/c")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Root of a datastore in which all folders have been made."""
    for folder in FOLDERS:
        (tmp_path / "repo/data" / folder).mkdir(parents=True)
    return tmp_path / "repo/data"


@pytest.fixture
def flushes(monkeypatch: pytest.MonkeyPatch) -> Flushes:
    watched = Flushes()
    watched.watch(monkeypatch)
    return watched


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Numbers of the files that the system was told to begin to write."""
    begun: list[int] = []
    real = os.posix_fadvise

    def advise(descriptor: int, offset: int, length: int, advice: int) -> None:
        begun.append(os.fstat(descriptor).st_ino)
        real(descriptor, offset, length, advice)

    monkeypatch.setattr(os, "posix_fadvise", advise)
    return begun


def put(datastore: Datastore, folder: str, obj: str | bytes = "text") -> Artifact:
    storage_class = "Text" if isinstance(obj, str) else "Bytes"
    (artifact,) = datastore.put(obj, uuid4(), f"{folder}/note", storage_class, "note", {})
    return artifact


@pytest.mark.parametrize("obj", ["text", bytes(2_000_000)])
def test_a_single_put_flushes_its_file_and_then_its_folder_before_it_returns(
    datastore: Datastore, root: Path, flushes: Flushes, obj: str | bytes
) -> None:
    """By its own name, so that a journal has bytes and name by one write."""
    artifact = put(datastore, "run/a", obj)
    assert flushes.done == [root / artifact.path, root / "run/a"]


def test_a_lot_flushes_the_bytes_of_each_file_and_then_each_folder_once_at_its_end(
    datastore: Datastore, root: Path, flushes: Flushes, told: list[int]
) -> None:
    lot = datastore.lot()
    files = [root / put(lot.writer, folder).path for folder in FOLDERS for _ in range(4)]
    assert flushes.done == []
    flushes.before = lambda _: told.append(-1)
    lot.flush()
    assert sorted(flushes.done[:12]) == sorted(files)
    assert sorted(flushes.done[12:]) == sorted(root / folder for folder in FOLDERS)
    assert told == [file.stat().st_ino for file in files] + [-1] * 15, "the first waits for all of them"
    lot.flush()
    assert len(flushes.done) == 12 + 3


def test_a_lot_keeps_few_files_open(
    datastore: Datastore, root: Path, flushes: Flushes, told: list[int]
) -> None:
    lot = datastore.lot()
    for _ in range(230):
        put(lot.writer, "run/a")
    before, most = len(os.listdir("/proc/self/fd")), 0

    def count(_: Path) -> None:
        nonlocal most
        most = max(most, len(os.listdir("/proc/self/fd")))

    flushes.before = count
    lot.flush()
    assert len(flushes.done) == 231
    assert most - before <= 101


def test_a_large_file_of_a_lot_is_flushed_when_it_is_written(
    datastore: Datastore, root: Path, flushes: Flushes
) -> None:
    lot = datastore.lot()
    put(lot.writer, "run/a")
    large = put(lot.writer, "run/a", bytes(2_000_000))
    assert flushes.done == [root / large.path]


def test_what_was_taken_back_from_a_lot_needs_no_flush(
    datastore: Datastore, root: Path, flushes: Flushes
) -> None:
    lot = datastore.lot()
    kept, given_up = put(lot.writer, "run/a"), put(lot.writer, "run/a")
    datastore.remove([given_up])
    flushes.done.clear()
    lot.flush()
    assert flushes.done == [root / kept.path, root / "run/a"]


def test_what_lots_and_puts_at_the_same_time_write_is_flushed_by_whose_it_is(
    datastore: Datastore, root: Path, flushes: Flushes
) -> None:
    one, other = datastore.lot(), datastore.lot()
    put(one.writer, "run/a")
    put(other.writer, "run/b")
    put(datastore, "run/c")
    assert flushes.of_folders(root) == [root / "run/c"]
    other.flush()
    assert flushes.of_folders(root) == [root / "run/c", root / "run/b"]


def test_a_lot_is_written_in_threads(datastore: Datastore, root: Path, flushes: Flushes) -> None:
    lot = datastore.lot()
    with ThreadPoolExecutor(8) as threads:
        artifacts = list(threads.map(lambda each: put(lot.writer, FOLDERS[each % 3], str(each)), range(60)))
    lot.flush()
    assert sorted(flushes.of_folders(root)) == [root / folder for folder in FOLDERS]
    assert [datastore.get((artifact,), "Text") for artifact in artifacts] == [str(n) for n in range(60)]


@pytest.mark.parametrize("mode", [IngestMode.COPY, IngestMode.MOVE, IngestMode.HARDLINK, IngestMode.SYMLINK])
def test_files_are_taken_in_in_lots(
    datastore: Datastore, root: Path, flushes: Flushes, tmp_path: Path, mode: IngestMode
) -> None:
    lot = datastore.lot()
    for number in range(4):
        file = tmp_path / f"{number}.txt"
        file.write_text("text")
        lot.writer.intake.ingest(file, uuid4(), "run/a/note", "Text", "note", mode)
    assert flushes.of_folders(root) == []
    lot.flush()
    assert flushes.of_folders(root) == [root / "run/a"]


def test_of_a_lot_whose_folder_cannot_be_flushed_nothing_is_left_that_is_not_durable(
    datastore: Datastore, root: Path, flushes: Flushes
) -> None:
    lot = datastore.lot()
    first, second, third = [[put(lot.writer, folder) for _ in range(2)] for folder in FOLDERS]
    flushes.failing.add(root / "run/b")
    with pytest.raises(StorageError) as failed:
        lot.flush()
    assert failed.value.details["errno"] == errno.EIO
    assert failed.value.details["path"] == second[0].path
    assert set(datastore.inventory.paths()) == {artifact.path for artifact in first}
    assert not any(datastore.exists(artifact) for artifact in second + third)


def test_of_a_lot_one_of_whose_files_cannot_be_flushed_nothing_is_left(
    datastore: Datastore, root: Path, flushes: Flushes
) -> None:
    lot = datastore.lot()
    artifacts = [put(lot.writer, folder) for folder in FOLDERS]
    flushes.failing.add(root / artifacts[1].path)
    with pytest.raises(StorageError) as failed:
        lot.flush()
    assert failed.value.details["path"] == artifacts[1].path
    assert list(datastore.inventory.paths()) == []


def test_a_lot_that_could_not_be_flushed_never_can(
    datastore: Datastore, root: Path, flushes: Flushes
) -> None:
    """The system tells of a failure once: the next flush would say that all is well, of names that are gone."""
    lot = datastore.lot()
    put(lot.writer, "run/a")
    flushes.failing.add(root / "run/a")
    with pytest.raises(StorageError):
        lot.flush()
    flushes.failing.clear()
    with pytest.raises(StorageError):
        lot.flush()


def test_a_lot_whose_folder_is_gone_is_not_durable(datastore: Datastore, root: Path) -> None:
    lot = datastore.lot()
    put(lot.writer, "run/a")
    shutil.rmtree(root / "run/a")
    with pytest.raises(ArtifactMissingError):
        lot.flush()


def test_a_storage_that_knows_no_lots_makes_each_file_durable_as_it_is_written(
    tmp_path: Path, root: Path, flushes: Flushes
) -> None:
    counting = CountingStorage(PosixStorage(root))
    datastore = FileDatastore("main", counting)
    lot = datastore.lot()
    artifacts = [put(lot.writer, "run/a") for _ in range(3)]
    assert flushes.of_folders(root) == [root / "run/a"] * 3
    assert set(counting.written) == {artifact.path for artifact in artifacts}
    lot.flush()
    assert len(flushes.of_folders(root)) == 3


def test_a_storage_that_changes_what_another_writes_does_so_in_lots(root: Path, flushes: Flushes) -> None:
    class Noting(PosixStorage):
        def __init__(self, folder: Path) -> None:
            super().__init__(folder)
            self.noted: list[str] = []

        def create(self, path: str):  # type: ignore[no-untyped-def]
            self.noted.append(path)
            return super().create(path)

    storage = Noting(root)
    lot = FileDatastore("main", storage).lot()
    artifacts = [put(lot.writer, "run/a") for _ in range(3)]
    lot.flush()
    assert storage.noted == [artifact.path for artifact in artifacts]
    assert flushes.of_folders(root) == [root / "run/a"]


def test_of_several_datastores_the_lot_is_of_the_one_that_is_written_to(
    tmp_path: Path, root: Path, flushes: Flushes
) -> None:
    members = [
        open_datastore({"root": str(root)}, tmp_path, "main"),
        open_datastore({"root": "second"}, tmp_path, "second"),
    ]
    both = Datastores(members, "main")
    elsewhere = put(members[1], "run/a", "elsewhere")
    lot = both.lot()
    artifacts = [put(lot.writer, "run/a", "here") for _ in range(3)]
    assert {artifact.datastore for artifact in artifacts} == {"main"}
    assert lot.writer.get((elsewhere,), "Text") == "elsewhere"
    assert both.get(artifacts[:1], "Text") == "here"
    assert flushes.of_folders(root) == []
    lot.flush()
    assert flushes.of_folders(root) == [root / "run/a"]

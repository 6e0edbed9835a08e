"""Disks that are full or read-only, folders that are others', limits that are reached: for real, and told of."""

from __future__ import annotations

import errno
import os
import resource
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from butler import Butler, DatasetType
from butler.config import RepositoryConfig
from butler.datastore.config import DatastoreConfig
from butler.datastore.formatters import all_formatters
from butler.errors import DatabaseUnavailableError, PermissionDeniedError, StorageError
from butler.roots import add_datastore
from faults.worker import Workers

DISK = 512 * 1024
SIZE = 100_000
NOBODY = 65534


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of half a megabyte."""
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("needs root, to mount a small file system")
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", folder], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"can't mount a small file system: {mounted.stderr.decode().strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


@pytest.fixture
def on_small_disk(repo: Path, disk: Path) -> Iterator[Butler]:
    """A Butler whose files go to that disk."""
    config = RepositoryConfig.read(repo)
    shutil.rmtree(repo)
    repo.mkdir()
    files = DatastoreConfig.from_plain({"root": str(disk / "data")})
    RepositoryConfig(repo, config.dsns, config.registry, {"small": files}, "small").write()
    with Butler(repo, run="u/me/first") as butler:
        add_datastore(butler.registry, butler.datastore.members["small"])
        prepare(butler)
        yield butler


@pytest.fixture
def butler(butler: Butler) -> Butler:
    prepare(butler)
    return butler


def prepare(butler: Butler) -> None:
    butler.registry.definitions.register_dataset_type(DatasetType("note", "Text", ("label",)))
    butler.registry.definitions.register_units("label", [{"label": name} for name in "abcd"])
    butler.put("first", "note", label="d")


@dataclass(frozen=True)
class Write:
    """Put texts, or ingest files of them."""

    mode: str | None
    labels: str = "abc"

    def __str__(self) -> str:
        return f"{self.mode or 'put'}-{self.labels}"

    def __call__(self, butler: Butler, night: Path) -> None:
        files = {label: night / label for label in self.labels}
        if self.mode is None:
            butler.put_many([(label * SIZE, {"label": label}) for label in files], "note")
        else:
            butler.ingest([(file, {"label": label}) for label, file in files.items()], "note", mode=self.mode)


each_way = pytest.mark.parametrize(
    "write", [Write(None, "a"), Write(None), Write("copy"), Write("move")], ids=str
)


@pytest.fixture
def night(tmp_path: Path) -> Path:
    """Files of 100 kB."""
    folder = tmp_path / "night"
    folder.mkdir()
    for label in "abc":
        (folder / label).write_text(label * SIZE)
    return folder


def sizes(night: Path) -> list[int]:
    return [(night / label).stat().st_size for label in "abc"]


@each_way
def test_on_a_full_disk_nothing_is_left_and_when_room_is_made_the_same_succeeds(
    on_small_disk: Butler, disk: Path, night: Path, write: Write
) -> None:
    others = disk / "others"
    others.write_bytes(bytes(DISK - len(write.labels) * SIZE))
    before = set(on_small_disk.datastore.inventory.paths())
    with pytest.raises(StorageError, match=r"No space left(?s:.*)Free space") as full:
        write(on_small_disk, night)
    assert full.value.errno == errno.ENOSPC
    assert set(on_small_disk.datastore.inventory.paths()) == before
    assert sizes(night) == [SIZE] * 3
    assert list(on_small_disk.verify()) == []
    others.unlink()
    write(on_small_disk, night)
    assert list(on_small_disk.verify()) == []


@each_way
def test_on_a_disk_mounted_read_only_nothing_is_written_and_reading_goes_on(
    on_small_disk: Butler, disk: Path, night: Path, write: Write
) -> None:
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    with pytest.raises(PermissionDeniedError, match="Read-only"):
        write(on_small_disk, night)
    assert on_small_disk.get("note", label="d") == "first"
    assert sizes(night) == [SIZE] * 3
    assert list(on_small_disk.verify()) == []
    subprocess.run(["mount", "-o", "remount,rw", disk], check=True)
    write(on_small_disk, night)
    assert list(on_small_disk.verify()) == []


# In processes of their own: with lower limits, or as another user --------------------------


@dataclass(frozen=True)
class Limited:
    """Write under a limit of the system."""

    repo: Path
    night: Path
    write: Write
    limit: int
    value: int

    def __call__(self) -> None:
        with Butler(self.repo, run="u/me/first") as butler:
            butler.get("note", label="d")
            all_formatters()
            resource.setrlimit(self.limit, (self.value, resource.getrlimit(self.limit)[1]))
            if self.limit == resource.RLIMIT_NOFILE:
                hoard()
            self.write(butler, self.night)


def hoard() -> None:
    """Open files until no more can be opened."""
    with suppress(OSError):
        while True:
            os.open(os.devnull, os.O_RDONLY)


@pytest.mark.parametrize("write", [Write("copy"), Write("move"), Write("hardlink")], ids=str)
def test_too_many_open_files_is_named_and_nothing_is_left(
    butler: Butler, repo: Path, workers: Workers, night: Path, write: Write
) -> None:
    outcome = workers.run(Limited(repo, night, write, resource.RLIMIT_NOFILE, 60))
    assert isinstance(outcome.error, (StorageError, DatabaseUnavailableError)), outcome.trace
    assert "Too many open files" in str(outcome.error)
    assert sizes(night) == [SIZE] * 3
    # To look for what an interrupted write left, a folder must be opened too: the reaper does it in time.
    assert {fault.fault for fault in butler.verify()} <= {"in flight"}
    write(butler, night)
    assert {fault.fault for fault in butler.verify()} <= {"in flight"}


@pytest.mark.parametrize("write", [Write(None), Write("copy")], ids=str)
def test_the_largest_file_that_a_process_may_write_is_named_and_nothing_is_left(
    butler: Butler, repo: Path, workers: Workers, night: Path, write: Write
) -> None:
    outcome = workers.run(Limited(repo, night, write, resource.RLIMIT_FSIZE, SIZE - 1))
    assert isinstance(outcome.error, StorageError), outcome.trace
    assert outcome.error.errno == errno.EFBIG
    assert "ulimit -f" in str(outcome.error)
    assert list(butler.verify()) == []
    write(butler, night)


@dataclass(frozen=True)
class AsNobody:
    """Write as a user who isn't the owner of the datastore's folders."""

    repo: Path
    night: Path
    write: Write

    def __call__(self) -> None:
        all_formatters()  # that user may not be allowed to read this Python's modules
        with Butler(self.repo, run="u/me/first") as butler:
            butler.get("note", label="d")
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
            self.write(butler, self.night)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to become another user")
@pytest.mark.parametrize("write", [Write(None), Write("copy")], ids=str)
def test_another_user_s_folder_is_a_matter_of_permission_and_nothing_is_left(
    butler: Butler, repo: Path, workers: Workers, night: Path, write: Write
) -> None:
    outcome = workers.run(AsNobody(repo, night, write))
    assert isinstance(outcome.error, PermissionDeniedError), outcome.trace
    assert "owner and mode" in str(outcome.error)
    # Who can't enter a folder can't tell whether anything is left in it: the reaper, who can, does in time.
    assert {fault.fault for fault in butler.verify()} <= {"in flight"}
    write(butler, night)
    assert {fault.fault for fault in butler.verify()} <= {"in flight"}

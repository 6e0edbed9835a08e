"""Full and failing disks, killed writers, and names that lead outside."""

from __future__ import annotations

import errno
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pytest

from butler.datastore import Datastore, FileDatastore, open_datastore
from butler.datastore.fingerprint import changed_since, regular_file
from butler.datastore.storage import PosixStorage
from butler.errors import InvalidNameError, NotSupportedError, PermissionDeniedError, StorageError
from butler.testing.datastore import example_exposure
from butler.values import Artifact, ArtifactFault, IngestMode

HINT = "run/calexp/calexp_1"


def ingest(datastore: Datastore, file: Path, mode: IngestMode) -> tuple[Artifact, ...]:
    return datastore.intake.ingest(file, uuid4(), HINT, "Bytes", "raw", mode)


def stored(datastore: Datastore, root: Path, artifacts: tuple[Artifact, ...]) -> Path:
    assert datastore.root == root.as_uri() + "/"
    return root / artifacts[0].path


# A disk that is full or fails ----------------------------------------------


@pytest.mark.parametrize(
    ("config", "storage_class", "obj"),
    [
        ({}, "Bytes", bytes(2_000_000)),
        ({}, "Image", np.arange(500_000, dtype=np.float64)),
        ({}, "Dict", {"text": "x" * 2_000_000}),
        *(
            (config, "Image", np.random.default_rng(1).normal(size=(1000, 500)))
            for config in (
                {"compression": {"Image": "gzip"}},
                {"compression": {"Image": "zstd"}},
                {"compression": {"Image": "tiles"}},
                {"formatters": {"Image": "hdf5"}},
            )
        ),
    ],
)
def test_a_put_on_a_full_disk_fails_and_leaves_nothing(
    small_disk: Path, config: dict[str, object], storage_class: str, obj: object
) -> None:
    datastore = open_datastore({"root": str(small_disk), **config}, small_disk)
    with pytest.raises(StorageError, match="space") as failed:
        datastore.put(obj, uuid4(), HINT, storage_class, "calexp", {})
    assert failed.value.errno in {errno.ENOSPC, None}  # astropy tells in words alone
    assert list(datastore.inventory.paths()) == []
    datastore.put(b"small", uuid4(), HINT, "Bytes", "calexp", {})


def test_an_ingest_on_a_full_disk_fails_and_leaves_the_source_alone(small_disk: Path, tmp_path: Path) -> None:
    datastore = open_datastore({"root": str(small_disk)}, small_disk)
    source = tmp_path / "big"
    source.write_bytes(bytes(2_000_000))
    for mode in (IngestMode.COPY, IngestMode.MOVE):
        with pytest.raises(StorageError, match="No space") as failed:
            ingest(datastore, source, mode)
        assert failed.value.errno == errno.ENOSPC
        assert "Free space" in str(failed.value)
    assert list(datastore.inventory.paths()) == []
    assert source.stat().st_size == 2_000_000


def test_a_write_that_the_system_cuts_off_leaves_nothing(datastore: Datastore) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, limits[1]))
    try:
        with pytest.raises(StorageError, match="too large"):
            datastore.put(bytes(20_000), uuid4(), HINT, "Bytes", "calexp", {})
        with pytest.raises(StorageError, match="too large"):
            datastore.put(example_exposure(), uuid4(), HINT, "Exposure", "calexp", {})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert list(datastore.inventory.paths()) == []


@pytest.mark.parametrize("disassemble", [[], ["Exposure"]])
@pytest.mark.parametrize("call", ["fsync", "link", "open"])
def test_whichever_call_a_failing_disk_fails_first_nothing_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, disassemble: list[str]
) -> None:
    datastore = open_datastore({"disassemble": disassemble}, tmp_path)
    real = getattr(os, call)
    failures = 0
    while True:
        left = failures

        def fail_later(*args: Any, **options: Any) -> Any:
            nonlocal left
            left -= 1
            if left == -1:
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            return real(*args, **options)

        with monkeypatch.context() as patched:
            patched.setattr(os, call, fail_later)
            try:
                datastore.put(example_exposure(), uuid4(), HINT, "Exposure", "calexp", {})
            except StorageError:
                failures += 1
            else:
                break
        assert list(datastore.inventory.paths()) == []
    assert failures >= (7 if disassemble else 1)


def test_a_read_only_disk_is_a_matter_of_permission(small_disk: Path) -> None:
    datastore = open_datastore({"root": str(small_disk)}, small_disk)
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    with pytest.raises(PermissionDeniedError, match="Read-only"):
        datastore.put(b"", uuid4(), HINT, "Bytes", "calexp", {})


@pytest.mark.parametrize("disassemble", [[], ["Exposure"]])
def test_what_a_killed_writer_left_is_temporary_or_foretold_and_is_discarded(
    tmp_path: Path, disassemble: list[str]
) -> None:
    datastore = open_datastore({"disassemble": disassemble}, tmp_path)
    kept = datastore.put(b"kept", uuid4(), HINT, "Bytes", "calexp", {})
    dead = uuid4()
    program = f"""
import os, signal
from pathlib import Path
from typing import Any
from uuid import UUID
from butler.datastore import open_datastore
from butler.datastore.formatters.fits.header import FitsWcsFormatter
from butler.datastore.formatters.fits.exposure import FitsExposureFormatter
from butler.testing.datastore import example_exposure
for formatter in (FitsWcsFormatter, FitsExposureFormatter):
    write = formatter.write
    def write_and_die(self, obj, path, identity, *, storage_class, write=write):
        write(self, obj, path, identity, storage_class=storage_class)
        os.kill(os.getpid(), signal.SIGKILL)
    formatter.write = write_and_die
datastore = open_datastore({{"disassemble": {disassemble}}}, Path({str(tmp_path)!r}))
datastore.put(example_exposure(), UUID({str(dead)!r}), {HINT!r}, "Exposure", "calexp", {{}})
"""
    killed = subprocess.run(
        [sys.executable, "-c", program], env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    )
    assert killed.returncode == -signal.SIGKILL
    expected = datastore.inventory.expected_paths(dead, HINT, "Exposure", "calexp")
    left = set(datastore.inventory.paths()) - {kept[0].path}
    assert left
    assert all(datastore.inventory.is_temporary(path) or path in expected for path in left)
    datastore.inventory.discard(expected)
    assert list(datastore.inventory.paths()) == [kept[0].path]


def test_a_file_that_is_written_to_during_its_ingest_is_noticed(tmp_path: Path) -> None:
    file = tmp_path / "growing"
    file.write_bytes(b"first")
    before = regular_file(file)
    assert not changed_since(before, file)
    file.write_bytes(b"first and second")
    assert changed_since(before, file)


# Links ---------------------------------------------------------------------


def test_a_hard_link_shares_the_bytes_and_survives_the_source(datastore: Datastore, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"linked")
    artifacts = ingest(datastore, source, IngestMode.HARDLINK)
    file = stored(datastore, tmp_path / "repo/data", artifacts)
    assert file.samefile(source)
    source.unlink()
    assert datastore.get(artifacts, "Bytes") == b"linked"


def test_removing_a_symbolic_link_leaves_its_target(datastore: Datastore, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"linked")
    artifacts = ingest(datastore, source, IngestMode.SYMLINK)
    assert stored(datastore, tmp_path / "repo/data", artifacts).is_symlink()
    assert datastore.get(artifacts, "Bytes") == b"linked"
    datastore.remove(artifacts)
    assert list(datastore.inventory.paths()) == []
    assert source.read_bytes() == b"linked"


def test_a_symbolic_link_whose_target_is_gone_is_missing(datastore: Datastore, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"linked")
    artifacts = ingest(datastore, source, IngestMode.SYMLINK)
    source.unlink()
    assert datastore.check(artifacts[0]) == ArtifactFault.MISSING
    datastore.remove(artifacts)
    assert list(datastore.inventory.paths()) == []


def test_a_link_to_another_file_system_is_refused_if_it_would_have_to_be_hard(
    small_disk: Path, datastore: Datastore
) -> None:
    source = small_disk / "source"
    source.write_bytes(b"far away")
    with pytest.raises(NotSupportedError, match="linked"):
        ingest(datastore, source, IngestMode.HARDLINK)
    artifacts = ingest(datastore, source, IngestMode.MOVE)
    datastore.intake.finish_move(source, artifacts)
    assert not source.exists()
    assert datastore.get(artifacts, "Bytes") == b"far away"


def test_a_move_within_a_file_system_copies_nothing(datastore: Datastore, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"moved")
    inode = source.stat().st_ino
    artifacts = ingest(datastore, source, IngestMode.MOVE)
    datastore.intake.finish_move(source, artifacts)
    assert stored(datastore, tmp_path / "repo/data", artifacts).stat().st_ino == inode


def test_a_moved_file_that_has_other_names_is_not_shared_with_them(
    datastore: Datastore, tmp_path: Path
) -> None:
    source, other = tmp_path / "source", tmp_path / "other"
    source.write_bytes(b"moved")
    other.hardlink_to(source)
    artifacts = ingest(datastore, source, IngestMode.MOVE)
    datastore.intake.finish_move(source, artifacts)
    other.write_bytes(b"edited")
    assert datastore.get(artifacts, "Bytes") == b"moved"


def test_moving_a_symbolic_link_moves_the_bytes_and_leaves_its_target(
    datastore: Datastore, tmp_path: Path
) -> None:
    target, source = tmp_path / "target", tmp_path / "source"
    target.write_bytes(b"moved")
    source.symlink_to(target)
    artifacts = ingest(datastore, source, IngestMode.MOVE)
    datastore.intake.finish_move(source, artifacts)
    assert not source.is_symlink()
    assert target.read_bytes() == datastore.get(artifacts, "Bytes") == b"moved"


# Names that lead outside ---------------------------------------------------


def test_a_folder_inside_the_root_that_leads_outside_is_refused(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_bytes(b"secret")
    root = tmp_path / "root"
    root.mkdir()
    (root / "run").symlink_to(outside)
    storage = PosixStorage(root)
    datastore = FileDatastore("main", storage)
    with pytest.raises(InvalidNameError, match="inside"):
        datastore.put(b"", uuid4(), "run/calexp", "Bytes", "calexp", {})
    for touch in (storage.exists, storage.modified, storage.delete, storage.seal):
        with pytest.raises(InvalidNameError, match="inside"):
            touch("run/secret")
    assert [file.name for file in outside.iterdir()] == ["secret"]


def test_the_root_itself_may_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "root").symlink_to(tmp_path / "disk")
    datastore = FileDatastore("main", PosixStorage(tmp_path / "root"))
    artifacts = datastore.put(b"here", uuid4(), HINT, "Bytes", "calexp", {})
    assert datastore.get(artifacts, "Bytes") == b"here"


@pytest.mark.parametrize(
    "path", ["https://host/a.fits", "file://host/a.fits", "//host/a.fits", "s3://bucket/a"]
)
def test_only_local_files_are_read_in_place(datastore: Datastore, path: str) -> None:
    artifact = Artifact("main", path, "bytes", 0, b"")
    with pytest.raises(NotSupportedError, match="local file"):
        datastore.get((artifact,), "Bytes")


@pytest.mark.parametrize(
    "name",
    [
        b"a b",
        b"new\nline",
        "🔭".encode(),
        b"[1](2),:x",
        b"100%25",
        b"not \xff utf-8",
        b"-",
        b"~",
        b"a#b?c=d&e",
        b"'\"\\",
    ],
)
def test_a_file_in_place_may_have_any_name(datastore: Datastore, tmp_path: Path, name: bytes) -> None:
    file = tmp_path / os.fsdecode(name)
    file.write_bytes(b"in place")
    artifacts = ingest(datastore, file, IngestMode.IN_PLACE)
    assert artifacts[0].path.startswith("file:///")
    assert artifacts[0].path.isascii()
    assert artifacts[0].path.isprintable()
    assert " " not in artifacts[0].path
    assert datastore.get(artifacts, "Bytes") == b"in place"
    assert datastore.check(artifacts[0]) is None


def test_a_name_that_is_a_file_already_cannot_be_a_folder(datastore: Datastore) -> None:
    artifacts = datastore.put(b"", uuid4(), "run", "Bytes", "calexp", {})
    with pytest.raises(InvalidNameError, match="a part of it is one already"):
        datastore.put(b"", uuid4(), f"{artifacts[0].path}/calexp", "Bytes", "calexp", {})


def test_a_datastore_is_found_again_by_another_process(datastore: Datastore) -> None:
    import pickle

    artifacts = datastore.put(b"shared", uuid4(), HINT, "Bytes", "calexp", {})
    assert pickle.loads(pickle.dumps(datastore)).get(artifacts, "Bytes") == b"shared"


def test_a_datastore_in_memory_refuses_to_go_to_another_process(tmp_path: Path) -> None:
    import pickle

    with pytest.raises(NotSupportedError, match="memory"):
        pickle.dumps(open_datastore({"type": "memory"}, tmp_path))


# Moves that would take the only copy ---------------------------------------


@pytest.mark.parametrize("mode", [IngestMode.IN_PLACE, IngestMode.SYMLINK])
def test_a_move_leaves_the_source_that_an_artifact_names(
    datastore: Datastore, tmp_path: Path, mode: IngestMode
) -> None:
    source, link = tmp_path / "source", tmp_path / "link"
    source.write_bytes(b"the only copy")
    link.symlink_to(source)
    artifacts = ingest(datastore, source, mode)
    for name in (source, link):
        datastore.intake.finish_move(name, artifacts)
    assert datastore.check(artifacts[0]) is None


def test_a_move_leaves_a_source_with_two_names_to_the_one_that_is_linked_to(
    datastore: Datastore, tmp_path: Path
) -> None:
    source, other = tmp_path / "source", tmp_path / "other"
    source.write_bytes(b"the only copy")
    other.hardlink_to(source)
    artifacts = ingest(datastore, source, IngestMode.SYMLINK)
    datastore.intake.finish_move(other, artifacts)
    datastore.intake.finish_move(source, artifacts)
    assert not other.exists()
    assert datastore.check(artifacts[0]) is None


def test_a_move_unlinks_a_source_that_is_another_hard_link(datastore: Datastore, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"two names")
    artifacts = ingest(datastore, source, IngestMode.HARDLINK)
    datastore.intake.finish_move(source, artifacts)
    assert not source.exists()
    assert datastore.get(artifacts, "Bytes") == b"two names"


@pytest.mark.parametrize("linked_folder", [False, True])
def test_what_lies_in_the_datastore_cannot_be_moved_into_it(
    datastore: Datastore, tmp_path: Path, linked_folder: bool
) -> None:
    first = datastore.put(b"first", uuid4(), HINT, "Bytes", "raw", {})
    source = stored(datastore, tmp_path / "repo/data", first)
    if linked_folder:
        (tmp_path / "link").symlink_to(source.parent)
        source = tmp_path / "link" / source.name
    with pytest.raises(NotSupportedError, match=r"lies in datastore(?s:.*)'copy'"):
        ingest(datastore, source, IngestMode.MOVE)
    with pytest.raises(NotSupportedError, match="lies in datastore"):
        datastore.intake.finish_move(source, first)
    assert datastore.get(first, "Bytes") == b"first"
    assert list(datastore.inventory.paths()) == [first[0].path]

"""The storages that come with Butler, by the public suite."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote, unquote_to_bytes
from uuid import uuid4

import pytest

from butler.datastore import FileDatastore
from butler.datastore.storage import InPlaceStorage, MemoryStorage, PosixStorage, Storage, StorageWrapper
from butler.errors import ArtifactMissingError, InvalidNameError, NotSupportedError
from butler.testing.datastore import example_exposure
from butler.testing.storage import StorageTests
from datastore.counting import CountingStorage


class TestPosixStorage(StorageTests):
    def open(self, folder: Path) -> Storage:
        self.folder = folder
        return PosixStorage(folder)

    def raw_read(self, storage: Storage, path: str) -> bytes:
        return self._file(path).read_bytes()

    def raw_write(self, storage: Storage, path: str, content: bytes) -> None:
        self._file(path).parent.mkdir(parents=True, exist_ok=True)
        self._file(path).unlink(missing_ok=True)
        self._file(path).write_bytes(content)

    def test_a_sweep_lists_each_folder_once_however_many_paths(
        self, storage: Storage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for path in ("a/b", "a/c", "e/b", "e/c"):
            storage.create(path).__enter__().write_bytes(b"half")
        listed: list[Path] = []
        listing = os.listdir

        def noting(folder: Path) -> list[str]:
            listed.append(folder)
            return listing(folder)

        monkeypatch.setattr(os, "listdir", noting)
        storage.sweep(["a/b", "a/c", "e/b", "no/such"])
        assert sorted(listed) == [self.folder / "a", self.folder / "e", self.folder / "no"]
        assert [path.parent.name for path in self.folder.rglob("*.partial")] == ["e"]

    def _file(self, path: str) -> Path:
        return self.folder / os.fsdecode(unquote_to_bytes(path))


class TestMemoryStorage(StorageTests):
    def open(self, folder: Path) -> Storage:
        return MemoryStorage("test")

    def raw_read(self, storage: Storage, path: str) -> bytes:
        return in_memory(storage)._files[unquote_to_bytes(path)]

    def raw_write(self, storage: Storage, path: str, content: bytes) -> None:
        in_memory(storage)._files[unquote_to_bytes(quote(path))] = content


def in_memory(storage: Storage) -> MemoryStorage:
    inner = storage.inner if isinstance(storage, StorageWrapper) else storage
    assert isinstance(inner, MemoryStorage)
    return inner


# A storage over another ------------------------------------------------------


class TestWrapperOfPosixStorage(TestPosixStorage):
    def open(self, folder: Path) -> Storage:
        return StorageWrapper(super().open(folder))


class TestCountingStorage(TestMemoryStorage):
    def open(self, folder: Path) -> Storage:
        return CountingStorage(super().open(folder))


def test_a_wrapper_forwards_all_that_a_storage_has() -> None:
    promised = {name for name in vars(Storage) if not name.startswith("_")}
    assert promised - {"options", "from_config"} <= vars(StorageWrapper).keys()


def test_a_storage_that_is_made_in_python_only_is_refused_in_a_configuration(tmp_path: Path) -> None:
    with pytest.raises(NotSupportedError, match="'main': StorageWrapper can't be made from a configuration"):
        StorageWrapper.from_config("main", {}, tmp_path)


def test_one_component_in_a_file_of_its_own_is_read_from_that_file_alone(tmp_path: Path) -> None:
    storage = CountingStorage(PosixStorage(tmp_path))
    datastore = FileDatastore("main", storage, disassemble=["Exposure"])
    artifacts = datastore.put(example_exposure(), uuid4(), "a", "Exposure", "calexp", {})
    assert storage.written == {artifact.path: artifact.size for artifact in artifacts}
    (image,) = (artifact.path for artifact in artifacts if artifact.component == "image")
    for component in ("image", "bbox"):
        datastore.get(artifacts, "Exposure", component)
    assert storage.read == {image: 2}


def test_foretelling_paths_and_uris_reads_nothing(tmp_path: Path) -> None:
    storage = CountingStorage(PosixStorage(tmp_path))
    datastore = FileDatastore("main", storage)
    datastore.inventory.expected_paths(uuid4(), "a", "Exposure", "calexp")
    (artifact,) = datastore.put("text", uuid4(), "a", "Text", "log", {})
    datastore.uri(artifact)
    assert storage.read == {}


# Files in place ----------------------------------------------------------------


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "a b%20🔭"
    file.write_bytes(b"in place")
    return file


def test_a_file_in_place_is_read_by_its_whole_uri_and_outlives_its_removal(file: Path) -> None:
    storage, path = InPlaceStorage(), file.as_uri()
    assert storage.root + path == path
    with storage.local(path) as local:
        assert local == file
    assert storage.exists(path)
    assert abs(storage.modified(path) - datetime.now(UTC)) < timedelta(seconds=10)
    storage.delete(path)
    storage.sweep([path])
    storage.seal(path)
    assert file.stat().st_mode & 0o200
    assert list(storage.paths()) == []
    assert not storage.is_temporary(path)


def test_a_file_in_place_that_is_gone_is_missing(file: Path) -> None:
    file.unlink()
    storage, path = InPlaceStorage(), file.as_uri()
    assert not storage.exists(path)
    with (
        pytest.raises(ArtifactMissingError, match="ingested in place and has been moved"),
        storage.local(path),
    ):
        pass
    with pytest.raises(ArtifactMissingError, match="ingested in place and has been moved"):
        storage.modified(path)


def test_nothing_is_written_in_place(file: Path) -> None:
    with pytest.raises(NotSupportedError, match="only read"):
        InPlaceStorage().create(file.as_uri())
    with pytest.raises(NotSupportedError, match="no links"):
        InPlaceStorage().link(file, (file.parent / "new").as_uri(), symbolic=True)
    assert file.read_bytes() == b"in place"


@pytest.mark.parametrize("path", ["a/b", "/etc/passwd", "../a", ""])
def test_a_path_that_is_not_a_whole_uri_is_not_one_of_a_file_in_place(path: str) -> None:
    with pytest.raises(InvalidNameError, match="isn't the URI of a file in place"):
        InPlaceStorage().exists(path)

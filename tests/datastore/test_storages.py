"""The storages that come with Butler, by the public suite."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import quote, unquote_to_bytes

import pytest

from butler.datastore.storage import MemoryStorage, PosixStorage, Storage
from butler.testing.storage import StorageTests


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
        monkeypatch.setattr(os, "listdir", lambda folder: listed.append(folder) or listing(folder))
        storage.sweep(["a/b", "a/c", "e/b", "no/such"])
        assert sorted(listed) == [self.folder / "a", self.folder / "e", self.folder / "no"]
        assert [path.parent.name for path in self.folder.rglob("*.partial")] == ["e"]

    def _file(self, path: str) -> Path:
        return self.folder / os.fsdecode(unquote_to_bytes(path))


class TestMemoryStorage(StorageTests):
    def open(self, folder: Path) -> Storage:
        return MemoryStorage("test")

    def raw_read(self, storage: Storage, path: str) -> bytes:
        return storage._files[unquote_to_bytes(path)]

    def raw_write(self, storage: Storage, path: str, content: bytes) -> None:
        storage._files[unquote_to_bytes(quote(path))] = content

"""Small files whose bytes are known are written without a name, where the system has files without one."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from butler.datastore import FileDatastore
from butler.datastore.storage import PosixStorage
from butler.errors import DatasetExistsError, InvalidNameError
from butler.testing.storage import HOSTILE_PATHS


@pytest.fixture(params=["as here", "as over NFS", "without /proc"])
def storage(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PosixStorage:
    """A storage on a system that has files without a name, or none, or can't give them one."""
    really_open, really_link, really_exists = os.open, os.link, os.path.exists

    def without_nameless(file: Path, flags: int, *given: int, **options: Any) -> int:
        if flags & os.O_TMPFILE == os.O_TMPFILE:
            raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP), str(file))
        return really_open(file, flags, *given, **options)

    def link_without_proc(source: Any, target: Any, **options: Any) -> None:
        if os.fspath(source).startswith("/proc/"):
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), source, None, target)
        really_link(source, target, **options)

    def exists_without_proc(file: Any) -> bool:
        return not str(file).startswith("/proc/") and really_exists(file)

    if request.param == "as over NFS":
        monkeypatch.setattr(os, "open", without_nameless)
    if request.param == "without /proc":
        monkeypatch.setattr(os, "link", link_without_proc)
        monkeypatch.setattr(os.path, "exists", exists_without_proc)
    return PosixStorage(tmp_path / "data")


def test_what_is_given_is_a_file_at_once_and_never_overwrites_one(
    storage: PosixStorage, tmp_path: Path
) -> None:
    given = {"a/b.bin": b"content", "a/c": b"", "d": bytes(3_000_000)}
    for path, content in given.items():
        storage.write(path, content)
        with pytest.raises(DatasetExistsError, match=path):
            storage.write(path, b"second")
        file = tmp_path / "data" / path
        assert file.read_bytes() == content
        assert not file.stat().st_mode & 0o222, "nobody writes to it again"
    assert set(storage.paths()) == given.keys()


@pytest.mark.parametrize("path", HOSTILE_PATHS)
def test_a_path_that_leads_outside_is_refused(storage: PosixStorage, path: str) -> None:
    with pytest.raises(InvalidNameError):
        storage.write(path, b"outside")
    assert list(storage.paths()) == []


def test_bytes_that_are_known_have_no_name_before_they_are_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage = PosixStorage(tmp_path)
    listed: list[list[str]] = []
    link = os.link

    def looking(source: str, target: Path, **options: Any) -> None:
        listed.append(list(storage.paths()))
        assert Path(source).read_bytes() == b"content"
        link(source, target, **options)

    monkeypatch.setattr(os, "link", looking)
    storage.write("a/b", b"content")
    assert listed == [[]], "whoever dies here leaves nothing"
    assert list(storage.paths()) == ["a/b"]


def test_bytes_that_are_known_are_written_however_few_the_system_takes_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = os.write
    monkeypatch.setattr(os, "write", lambda file, content: write(file, content[:3]))
    PosixStorage(tmp_path).write("a", b"0123456789")
    assert (tmp_path / "a").read_bytes() == b"0123456789"


def test_a_storage_that_changes_how_a_file_is_made_is_asked_for_documents_too(tmp_path: Path) -> None:
    class Shouting(PosixStorage):
        @contextmanager
        def create(self, path: str) -> Iterator[Path]:
            with super().create(path) as draft:
                yield draft
                draft.write_bytes(draft.read_bytes().upper())

    Shouting(tmp_path).write("a", b"content")
    assert (tmp_path / "a").read_bytes() == b"CONTENT"


def test_a_document_is_read_back(storage: PosixStorage) -> None:
    datastore = FileDatastore("main", storage)
    for storage_class, obj in {"Dict": {"a": [1, 2.5, None]}, "Text": "text", "Bytes": b"bytes"}.items():
        artifacts = datastore.put(obj, uuid4(), "a", storage_class, "note", {})
        assert datastore.get(artifacts, storage_class) == obj
        assert datastore.check(artifacts[0]) is None

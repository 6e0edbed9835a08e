"""What every `~butler.datastore.storage.Storage` must do.

Subclass `StorageTests` in a test module and name what to test; pytest runs
the rest::

    class TestMyStorage(StorageTests):
        def open(self, folder):
            return MyStorage(...)

        def raw_read(self, storage, path): ...

        def raw_write(self, storage, path, content): ...
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from butler.datastore.marks import RootState, check_mark, encode_mark
from butler.datastore.storage import Storage
from butler.errors import (
    ArtifactMissingError,
    DatasetExistsError,
    DatastoreRootError,
    InvalidNameError,
    NotSupportedError,
)
from butler.values import Mark

__all__ = ["HOSTILE_PATHS", "StorageTests"]

HOSTILE_PATHS = (
    "../outside",
    "a/../../outside",
    "a/../b",
    "/etc/passwd",
    "a//b",
    "a/./b",
    ".",
    "..",
    "",
    "%2e%2e/outside",
    "a/%2E%2E/b",
    "%2Fetc/passwd",
    "a%00b",
    "a/",
)
"""Paths that no storage may touch."""


class StorageTests(ABC):
    """Conformance of a `~butler.datastore.storage.Storage`."""

    @abstractmethod
    def open(self, folder: Path) -> Storage:
        """Make an empty storage; ``folder`` is the test's own, to use or not."""

    @abstractmethod
    def raw_read(self, storage: Storage, path: str) -> bytes:
        """Read a file without the storage."""

    @abstractmethod
    def raw_write(self, storage: Storage, path: str, content: bytes) -> None:
        """Write a file without the storage."""

    @pytest.fixture
    def storage(self, tmp_path: Path) -> Storage:
        """Storage under test."""
        return self.open(tmp_path / "storage")

    def test_a_created_file_has_the_bytes_that_were_written(self, storage: Storage) -> None:
        _create(storage, "a/b/c.bin", b"content")
        assert self.raw_read(storage, "a/b/c.bin") == b"content"

    def test_bytes_that_others_wrote_are_read(self, storage: Storage) -> None:
        self.raw_write(storage, "a/b.bin", b"0123456789")
        assert storage.exists("a/b.bin")
        with storage.local("a/b.bin") as file:
            assert file.read_bytes() == b"0123456789"

    def test_an_empty_file_is_a_file(self, storage: Storage) -> None:
        _create(storage, "empty", b"")
        assert storage.exists("empty")
        assert self.raw_read(storage, "empty") == b""

    def test_a_file_appears_only_when_it_is_whole(self, storage: Storage) -> None:
        with storage.create("a/b") as draft:
            draft.write_bytes(b"half")
            assert not storage.exists("a/b")
        assert storage.exists("a/b")

    def test_a_write_that_fails_leaves_nothing(self, storage: Storage) -> None:
        def die() -> None:
            with storage.create("a/b") as draft:
                draft.write_bytes(b"half")
                raise RuntimeError("writer died")

        with pytest.raises(RuntimeError, match="writer died"):
            die()
        assert list(storage.paths()) == []

    def test_a_write_that_makes_no_file_fails_and_leaves_nothing(self, storage: Storage) -> None:
        with pytest.raises((ArtifactMissingError, FileNotFoundError)), storage.create("a/b"):
            pass
        assert list(storage.paths()) == []

    def test_a_file_is_never_overwritten(self, storage: Storage) -> None:
        _create(storage, "a", b"first")
        with pytest.raises(DatasetExistsError, match="'a'"):
            _create(storage, "a", b"second")
        assert self.raw_read(storage, "a") == b"first"
        assert list(storage.paths()) == ["a"]

    def test_a_file_that_appears_meanwhile_is_not_overwritten(self, storage: Storage) -> None:
        def be_late() -> None:
            with storage.create("a") as draft:
                draft.write_bytes(b"late")
                _create(storage, "a", b"early")

        with pytest.raises(DatasetExistsError):
            be_late()
        assert self.raw_read(storage, "a") == b"early"
        assert list(storage.paths()) == ["a"]

    def test_of_many_writers_of_one_path_one_wins(self, storage: Storage) -> None:
        def write(number: int) -> bytes | None:
            try:
                _create(storage, "folder/a", content := b"%d" % number * 1000)
            except DatasetExistsError:
                return None
            return content

        with ThreadPoolExecutor(8) as pool:
            written = [content for content in pool.map(write, range(16)) if content is not None]
        assert written == [self.raw_read(storage, "folder/a")]
        assert list(storage.paths()) == ["folder/a"]

    def test_what_is_missing_is_said_to_be(self, storage: Storage) -> None:
        _create(storage, "other", b"")
        assert not storage.exists("a/b")
        with pytest.raises(ArtifactMissingError, match="'a/b'"):
            storage.modified("a/b")
        with pytest.raises(ArtifactMissingError, match="'a/b'"), storage.local("a/b"):
            pass

    def test_a_root_bears_one_mark_which_is_none_of_its_files(self, storage: Storage) -> None:
        assert isinstance(storage.mark.read(), RootState)
        assert storage.mark.root == storage.root
        storage.mark.write(b"first", instead_of=None)
        assert storage.mark.read() == b"first"
        _create(storage, "a", b"")
        assert list(storage.paths()) == ["a"]
        storage.sweep(list(storage.paths()))
        storage.delete("a")
        assert storage.mark.read() == b"first"

    def test_a_mark_is_only_replaced_by_who_has_read_it(self, storage: Storage) -> None:
        storage.mark.write(b"first", instead_of=None)
        for other in (None, b"another"):
            with pytest.raises(DatastoreRootError):
                storage.mark.write(b"second", instead_of=other)
        assert storage.mark.read() == b"first"
        storage.mark.write(b"second", instead_of=b"first")
        assert storage.mark.read() == b"second"

    def test_of_many_who_mark_a_root_one_wins(self, storage: Storage) -> None:
        def write(number: int) -> bytes | None:
            try:
                storage.mark.write(content := b"%d" % number, instead_of=None)
            except DatastoreRootError:
                return None
            return content

        with ThreadPoolExecutor(8) as pool:
            written = [content for content in pool.map(write, range(16)) if content is not None]
        assert written == [storage.mark.read()]
        assert list(storage.paths()) == []

    def test_a_root_without_its_mark_is_refused_unless_nobody_else_can_ever_have_it(
        self, storage: Storage
    ) -> None:
        _create(storage, "a", b"")
        ours, theirs = (Mark(uuid4(), "main", uuid4()) for _ in range(2))
        if not storage.mark.is_private:
            with pytest.raises(DatastoreRootError, match=f"'main'.*{re.escape(storage.root)}"):
                check_mark(storage.mark, ours)
            storage.mark.write(encode_mark(ours), instead_of=None)
        check_mark(storage.mark, ours)
        with pytest.raises(DatastoreRootError, match=f"{ours.id}.*{ours.installation}"):
            check_mark(storage.mark, theirs)

    def test_deleting_twice_is_no_error(self, storage: Storage) -> None:
        _create(storage, "a/b", b"")
        storage.delete("a/b")
        storage.delete("a/b")
        assert not storage.exists("a/b")

    def test_every_path_is_listed_as_it_is_spelt(self, storage: Storage) -> None:
        paths = {"a", "b/c", "b/d/e+f=g,h@i.fits", "blank%20and%0Anewline", "%F0%9F%94%AD", "%5B1%5D%28x%29"}
        for path in paths:
            _create(storage, path, b"")
        assert set(storage.paths()) == paths
        assert all(storage.exists(path) for path in paths)

    def test_a_file_still_being_written_is_listed_as_temporary_or_not_at_all(self, storage: Storage) -> None:
        with storage.create("a/b") as draft:
            draft.write_bytes(b"half")
            assert all(storage.is_temporary(path) for path in storage.paths())
        assert not any(storage.is_temporary(path) for path in storage.paths())

    def test_the_age_of_a_file_counts_from_when_it_got_its_name(self, storage: Storage) -> None:
        before = datetime.now(UTC) - timedelta(seconds=2)  # a file system's clock may be coarse
        _create(storage, "a/b", b"")
        assert before <= storage.modified("a/b") <= datetime.now(UTC) + timedelta(seconds=2)

    def test_a_sweep_removes_what_a_dead_writer_of_the_path_left_and_no_more(self, storage: Storage) -> None:
        _create(storage, "a/c", b"kept")
        dead = storage.create("a/b")
        dead.__enter__().write_bytes(b"half")
        left = set(storage.paths())
        storage.sweep(["a/c"])
        assert set(storage.paths()) == left
        storage.sweep(["a/b", "a/d", "e/b"])
        assert set(storage.paths()) == {"a/c"}

    @pytest.mark.parametrize("path", HOSTILE_PATHS)
    def test_a_path_that_leads_outside_is_refused(self, storage: Storage, path: str) -> None:
        for touch in (
            storage.exists,
            storage.modified,
            storage.delete,
            storage.seal,
            lambda path: storage.sweep([path]),
        ):
            with pytest.raises(InvalidNameError):
                touch(path)
        with pytest.raises(InvalidNameError), storage.local(path):
            pass
        with pytest.raises(InvalidNameError):
            _create(storage, path, b"outside")
        assert list(storage.paths()) == []

    @pytest.mark.parametrize("symbolic", [False, True])
    def test_a_link_holds_the_files_bytes_or_is_said_not_to_be_supported(
        self, storage: Storage, tmp_path: Path, symbolic: bool
    ) -> None:
        file = tmp_path / "source"
        file.write_bytes(b"linked")
        if not storage.supports_links:
            with pytest.raises(NotSupportedError):
                storage.link(file, "a/b", symbolic=symbolic)
            return
        storage.link(file, "a/b", symbolic=symbolic)
        assert self.raw_read(storage, "a/b") == b"linked"
        with pytest.raises(DatasetExistsError):
            storage.link(file, "a/b", symbolic=symbolic)
        storage.delete("a/b")
        assert file.read_bytes() == b"linked"

    def test_the_root_is_a_uri_that_paths_continue(self, storage: Storage) -> None:
        assert "://" in storage.root
        assert storage.root.endswith("/")


def _create(storage: Storage, path: str, content: bytes) -> None:
    with storage.create(path) as draft:
        draft.write_bytes(content)

"""What every `Storage` and every `Datastore` must do.

Subclass `StorageTests` or `DatastoreTests` in a test module and name what to
test; pytest runs the rest::

    class TestMyStorage(StorageTests):
        def open(self, folder):
            return MyStorage(...)

        def raw_read(self, storage, path): ...

        def raw_write(self, storage, path, content): ...
"""

from __future__ import annotations

import hashlib
import os
from abc import ABC, abstractmethod
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from butler.datastore.base import Datastore
from butler.datastore.fingerprint import Fingerprint
from butler.datastore.storage import Storage
from butler.errors import (
    ArtifactMissingError,
    ChecksumError,
    DatasetExistsError,
    FormatError,
    InvalidNameError,
    NotSupportedError,
    StorageClassError,
)
from butler.values import Artifact

__all__ = ["HOSTILE_PATHS", "DatastoreTests", "StorageTests", "example_exposure"]

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
        assert storage.size("a/b.bin") == 10
        with storage.open("a/b.bin") as stream:
            stream.seek(4)
            assert stream.read(2) == b"45"
        with storage.local("a/b.bin") as file:
            assert file.read_bytes() == b"0123456789"

    def test_an_empty_file_is_a_file(self, storage: Storage) -> None:
        _create(storage, "empty", b"")
        assert storage.exists("empty")
        assert storage.size("empty") == 0

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
        for look in (storage.open, storage.size, storage.modified):
            with pytest.raises(ArtifactMissingError, match="'a/b'"):
                look("a/b")
        with pytest.raises(ArtifactMissingError, match="'a/b'"), storage.local("a/b"):
            pass

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
        storage.sweep(["a/c"])
        before = set(storage.paths())
        storage.sweep(["a/b", "a/d", "e/b"])
        assert set(storage.paths()) == {"a/c"}
        assert before >= {"a/c"}

    @pytest.mark.parametrize("path", HOSTILE_PATHS)
    def test_a_path_that_leads_outside_is_refused(self, storage: Storage, path: str) -> None:
        for touch in (
            storage.open,
            storage.size,
            storage.exists,
            storage.modified,
            storage.delete,
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


class DatastoreTests(ABC):
    """Conformance of a `~butler.datastore.Datastore`."""

    HINT = "u/alice/run=1/calexp/calexp_ACS_8560513_1"
    RUN = "u/alice/run=1"

    @abstractmethod
    def open(self, folder: Path, *, disassemble: tuple[str, ...] = ()) -> Datastore:
        """Make an empty datastore that writes these storage classes one component a file."""

    @pytest.fixture
    def datastore(self, tmp_path: Path) -> Datastore:
        """Datastore under test."""
        return self.open(tmp_path / "repo")

    def put(
        self, datastore: Datastore, obj: Any, storage_class: str, id: UUID | None = None
    ) -> tuple[Artifact, ...]:
        """Put an object, as Butler does."""
        id = id or uuid4()
        identity = {
            "id": str(id),
            "dataset_type": "calexp",
            "run": self.RUN,
            "data_id": {"camera": "ACS", "visit": 8560513, "sensor": 1},
            "inputs": [str(uuid4())],
        }
        return datastore.put(obj, id, self.HINT, storage_class, "calexp", identity)

    @pytest.mark.parametrize(
        ("storage_class", "obj"),
        [
            ("Dict", {"a": [1, 2.5, None, True], "ü": {"b": "text"}}),
            ("Dict", {}),
            ("List", [1, {"a": "b"}]),
            ("List", []),
            ("Text", "line\r\nline\n🔭"),
            ("Text", ""),
            ("Bytes", bytes(range(256))),
            ("Bytes", b""),
        ],
    )
    def test_an_object_comes_back_equal(self, datastore: Datastore, storage_class: str, obj: Any) -> None:
        artifacts = self.put(datastore, obj, storage_class)
        assert datastore.get(artifacts, storage_class) == obj

    def test_an_exposure_comes_back_equal(self, datastore: Datastore) -> None:
        exposure = example_exposure()
        assert_same_exposure(datastore.get(self.put(datastore, exposure, "Exposure"), "Exposure"), exposure)

    def test_an_artifact_is_described_by_what_was_written(self, datastore: Datastore) -> None:
        (artifact,) = self.put(datastore, b"content", "Bytes")
        assert artifact.datastore == datastore.name
        assert artifact.component == ""
        assert artifact.size == 7
        assert artifact.sha256 == hashlib.sha256(b"content").digest()
        assert datastore.exists(artifact)
        assert datastore.check(artifact) is None
        assert datastore.uri(artifact) == datastore.root + artifact.path
        assert list(datastore.paths()) == [artifact.path]

    def test_paths_are_foretold_from_hint_and_id(self, datastore: Datastore) -> None:
        first, second = uuid4(), uuid4()
        (artifact,) = self.put(datastore, {"a": 1}, "Dict", first)
        assert artifact.path in datastore.expected_paths(first, self.HINT, "Dict", "calexp")
        assert not set(datastore.expected_paths(first, self.HINT, "Dict", "calexp")) & set(
            datastore.expected_paths(second, self.HINT, "Dict", "calexp")
        )

    def test_a_path_tells_the_id_and_the_file_its_identity_and_description(
        self, datastore: Datastore
    ) -> None:
        id = uuid4()
        (artifact,) = self.put(datastore, {"a": 1}, "Dict", id)
        (path,) = datastore.paths()
        assert datastore.id_in_path(path) == id
        assert datastore.id_in_path("a/b.json") is None
        identity = datastore.identify(path)
        assert identity is not None
        assert UUID(identity["id"]) == id
        assert datastore.describe(path, "Dict", "calexp") == artifact
        assert datastore.modified(path) <= datetime.now(UTC) + timedelta(seconds=2)
        datastore.remove([artifact])
        for look in (datastore.identify, datastore.modified):
            with pytest.raises(ArtifactMissingError):
                look(path)

    def test_of_an_artifact_that_is_lost_nothing_is_read_until_it_is_whole(
        self, datastore: Datastore
    ) -> None:
        (artifact,) = self.put(datastore, {"a": 1}, "Dict")
        lost = replace(artifact, state="lost")
        assert datastore.get([lost], "Dict") == {"a": 1}, "it is whole again"
        with pytest.raises(ChecksumError, match="lost"):
            datastore.get([replace(lost, sha256=bytes(32))], "Dict")
        datastore.remove([artifact])
        with pytest.raises(ArtifactMissingError, match="lost"):
            datastore.get([lost], "Dict")

    def test_an_artifact_of_another_datastore_is_not_looked_for(self, datastore: Datastore) -> None:
        (artifact,) = self.put(datastore, "here", "Text")
        elsewhere = replace(artifact, datastore="another", path="nowhere.txt")
        assert datastore.get([artifact, elsewhere], "Text") == "here"
        with pytest.raises(ArtifactMissingError, match="No artifact"):
            datastore.get([elsewhere], "Text")

    def test_one_hint_serves_many_datasets(self, datastore: Datastore) -> None:
        one, two = self.put(datastore, "one", "Text"), self.put(datastore, "two", "Text")
        assert (datastore.get(one, "Text"), datastore.get(two, "Text")) == ("one", "two")

    def test_a_dataset_is_never_overwritten(self, datastore: Datastore) -> None:
        id = uuid4()
        first = self.put(datastore, "first", "Text", id)
        with pytest.raises(DatasetExistsError):
            self.put(datastore, "second", "Text", id)
        assert datastore.get(first, "Text") == "first"

    @pytest.mark.parametrize(
        ("storage_class", "obj"), [("Text", b"bytes"), ("Dict", [1]), ("Exposure", {"a": 1})]
    )
    def test_an_object_of_another_type_is_refused_and_leaves_nothing(
        self, datastore: Datastore, storage_class: str, obj: Any
    ) -> None:
        with pytest.raises(StorageClassError, match=storage_class):
            self.put(datastore, obj, storage_class)
        assert list(datastore.paths()) == []

    def test_an_object_that_the_format_cannot_hold_is_refused_and_leaves_nothing(
        self, datastore: Datastore
    ) -> None:
        for obj in ({"a": {1, 2}}, {"a": (1, 2)}, {1: "a"}, {"a": float("nan")}, {"_butler": 1}):
            with pytest.raises(StorageClassError):
                self.put(datastore, obj, "Dict")
        assert list(datastore.paths()) == []

    @pytest.mark.parametrize(
        "hint", [*HOSTILE_PATHS, "a b", "a\nb", "a\\b", "~root", "ü", "x" * 201, "a/" + "x" * 201]
    )
    def test_a_hostile_hint_is_refused_and_leaves_nothing(self, datastore: Datastore, hint: str) -> None:
        with pytest.raises(InvalidNameError):
            datastore.put("text", uuid4(), hint, "Text", "note", {})
        with pytest.raises(InvalidNameError):
            datastore.ingest(Path(__file__), uuid4(), hint, "Text", "note", "copy")
        assert list(datastore.paths()) == []

    def test_the_longest_hint_is_stored(self, datastore: Datastore) -> None:
        artifacts = datastore.put("text", uuid4(), "d" * 200 + "/" + "f" * 200, "Text", "note", {})
        assert datastore.get(artifacts, "Text") == "text"

    def test_an_unknown_component_or_parameter_is_refused_by_name(self, datastore: Datastore) -> None:
        artifacts = self.put(datastore, example_exposure(), "Exposure")
        with pytest.raises(StorageClassError, match=r"component 'wsc'\s+Did you mean 'wcs'"):
            datastore.get(artifacts, "Exposure", "wsc")
        with pytest.raises(StorageClassError, match=r"parameter 'box'\s+Did you mean 'bbox'"):
            datastore.get(artifacts, "Exposure", parameters={"box": (0, 0, 1, 1)})
        with pytest.raises(StorageClassError, match=r"'wcs'.*'bbox'"):
            datastore.get(artifacts, "Exposure", "wcs", {"bbox": (0, 0, 1, 1)})

    def test_what_is_gone_is_missing(self, datastore: Datastore) -> None:
        artifacts = self.put(datastore, "text", "Text")
        datastore.remove(artifacts)
        datastore.remove(artifacts)
        assert not datastore.exists(artifacts[0])
        assert datastore.check(artifacts[0]) == "missing"
        with pytest.raises(ArtifactMissingError, match="calexp"):
            datastore.get(artifacts, "Text")
        with pytest.raises(ArtifactMissingError):
            datastore.get((), "Text")
        assert list(datastore.paths()) == []

    def test_discarding_what_a_dead_writer_left_touches_no_other_dataset(self, datastore: Datastore) -> None:
        dead = uuid4()
        kept = self.put(datastore, "kept", "Text")
        self.put(datastore, "dead", "Text", dead)
        datastore.discard(datastore.expected_paths(dead, self.HINT, "Text", "calexp"))
        assert list(datastore.paths()) == [kept[0].path]

    # Layouts ---------------------------------------------------------------

    def test_a_reader_need_not_know_whether_an_exposure_lies_in_one_file_or_several(
        self, tmp_path: Path
    ) -> None:
        import numpy as np

        exposure = example_exposure()
        for folder, layout, files in (("one", (), 1), ("many", ("Exposure",), 7)):
            datastore = self.open(tmp_path / folder, disassemble=layout)
            artifacts = self.put(datastore, exposure, "Exposure")
            assert len(artifacts) == files
            assert_same_exposure(datastore.get(artifacts, "Exposure"), exposure)
            for component, plane in (("image", "data"), ("mask", "mask"), ("flags", "flags")):
                np.testing.assert_array_equal(
                    datastore.get(artifacts, "Exposure", component), getattr(exposure, plane)
                )
            assert datastore.get(artifacts, "Exposure", "unit") == exposure.unit
            assert datastore.get(artifacts, "Exposure", "metadata")["OBSERVER"] == "Hypatia"
            assert datastore.get(artifacts, "Exposure", "bbox") == (0, 0, 40, 30)
            uncertainty = datastore.get(artifacts, "Exposure", "uncertainty")
            assert type(uncertainty) is type(exposure.uncertainty)
            wcs = datastore.get(artifacts, "Exposure", "wcs")
            np.testing.assert_allclose(
                wcs.pixel_to_world_values(3, 4), exposure.wcs.pixel_to_world_values(3, 4), rtol=1e-13
            )
            cut = datastore.get(artifacts, "Exposure", parameters={"bbox": (5, 10, 7, 3)})
            expected = exposure[10:13, 5:12]
            expected.flags = exposure.flags[10:13, 5:12]
            assert_same_exposure(cut, expected)

    def test_a_component_that_an_exposure_lacks_is_none(self, tmp_path: Path) -> None:
        exposure = example_exposure()
        exposure.mask = exposure.uncertainty = exposure.wcs = exposure.flags = None
        for folder, layout in (("one", ()), ("many", ("Exposure",))):
            datastore = self.open(tmp_path / folder, disassemble=layout)
            artifacts = self.put(datastore, exposure, "Exposure")
            assert datastore.get(artifacts, "Exposure", "wcs") is None
            assert datastore.get(artifacts, "Exposure", "mask") is None
            assert_same_exposure(datastore.get(artifacts, "Exposure"), exposure)

    def test_one_component_of_several_files_is_read_without_the_others(self, tmp_path: Path) -> None:
        datastore = self.open(tmp_path, disassemble=("Exposure",))
        artifacts = self.put(datastore, example_exposure(), "Exposure")
        datastore.remove([artifact for artifact in artifacts if artifact.component != "wcs"])
        assert datastore.get(artifacts, "Exposure", "wcs").has_celestial
        with pytest.raises(ArtifactMissingError):
            datastore.get(artifacts, "Exposure")

    def test_each_of_several_files_says_and_shows_which_component_it_is(self, tmp_path: Path) -> None:
        datastore = self.open(tmp_path, disassemble=("Exposure",))
        artifacts = self.put(datastore, example_exposure(), "Exposure")
        for artifact in artifacts:
            said = datastore.identify(artifact.path) or {}
            assert said["component"] == artifact.component
            assert said.get("components") in (sorted(each.component for each in artifacts), None)
            assert datastore.describe(artifact.path, "Exposure", "calexp", artifact.component) == artifact
        with pytest.raises(StorageClassError, match="bbox"):
            datastore.describe(artifacts[0].path, "Exposure", "calexp", "bbox")

    def test_an_exposure_in_several_files_is_written_whole_or_not_at_all(self, tmp_path: Path) -> None:
        datastore = self.open(tmp_path, disassemble=("Exposure",))
        exposure = example_exposure()
        exposure.flags = exposure.flags.astype("datetime64[D]")
        with pytest.raises(StorageClassError, match="datetime64"):
            self.put(datastore, exposure, "Exposure")
        assert list(datastore.paths()) == []

    def test_paths_of_all_layouts_are_foretold(self, tmp_path: Path) -> None:
        id = uuid4()
        one, many = self.open(tmp_path / "one"), self.open(tmp_path / "many", disassemble=("Exposure",))
        written = {
            artifact.path
            for datastore in (one, many)
            for artifact in self.put(datastore, example_exposure(), "Exposure", id)
        }
        assert len(written) == 8
        assert written <= set(one.expected_paths(id, self.HINT, "Exposure", "calexp"))

    # Ingest ----------------------------------------------------------------

    @pytest.fixture
    def file(self, tmp_path: Path) -> Path:
        """File to be ingested, under a name that needs escaping."""
        file = tmp_path / "a [1](x), b:🔭\n.txt"
        file.write_bytes(b"ingested")
        return file

    def ingest(self, datastore: Datastore, file: Path, mode: str) -> tuple[Artifact, ...]:
        """Ingest a text."""
        return datastore.ingest(file, uuid4(), self.HINT, "Text", "calexp", mode)

    @pytest.mark.parametrize("mode", ["copy", "move", "in-place"])
    def test_an_ingested_file_is_read_and_its_source_stays(
        self, datastore: Datastore, file: Path, mode: str
    ) -> None:
        artifacts = self.ingest(datastore, file, mode)
        assert datastore.get(artifacts, "Text") == "ingested"
        assert datastore.check(artifacts[0]) is None
        assert file.read_bytes() == b"ingested"

    def test_a_move_is_finished_by_unlinking_the_source(self, datastore: Datastore, file: Path) -> None:
        artifacts = self.ingest(datastore, file, "move")
        datastore.finish_move(file, artifacts)
        datastore.finish_move(file, artifacts)
        assert not file.exists()
        assert datastore.get(artifacts, "Text") == "ingested"

    def test_a_move_is_not_finished_when_the_source_is_no_longer_what_was_ingested(
        self, datastore: Datastore, file: Path
    ) -> None:
        artifacts = self.ingest(datastore, file, "move")
        file.unlink()
        file.write_bytes(b"another")
        with pytest.raises(ChecksumError):
            datastore.finish_move(file, artifacts)
        assert file.read_bytes() == b"another"

    def test_a_move_is_not_finished_when_the_artifact_is_gone(self, datastore: Datastore, file: Path) -> None:
        artifacts = self.ingest(datastore, file, "move")
        datastore.remove(artifacts)
        with pytest.raises(ChecksumError):
            datastore.finish_move(file, artifacts)
        assert file.read_bytes() == b"ingested"

    def test_a_file_in_place_is_a_whole_uri_and_is_never_removed(
        self, datastore: Datastore, file: Path
    ) -> None:
        (artifact,) = self.ingest(datastore, file, "in-place")
        assert artifact.path == datastore.uri(artifact) == file.as_uri()
        datastore.remove((artifact,))
        assert datastore.exists(artifact)
        assert file.exists()
        file.unlink()
        assert datastore.check(artifact) == "missing"
        with pytest.raises(ArtifactMissingError):
            datastore.get((artifact,), "Text")

    def test_a_file_in_place_whose_fingerprint_is_known_is_not_read(
        self, datastore: Datastore, file: Path
    ) -> None:
        known = Fingerprint(8, bytes(32))
        unread, read, other = datastore.in_place(
            [(file, known), (file, None), (file, Fingerprint(9, bytes(32)))], "Text", "calexp"
        )
        assert isinstance(unread, Artifact)
        assert unread.sha256 == bytes(32)
        assert read == self.ingest(datastore, file, "in-place")[0]
        assert isinstance(other, ChecksumError)

    def test_of_files_in_place_each_that_is_none_is_told_apart(
        self, datastore: Datastore, file: Path, tmp_path: Path
    ) -> None:
        good, gone, folder = datastore.in_place(
            [(file, None), (tmp_path / "nowhere", None), (tmp_path, None)], "Text", "calexp"
        )
        assert (good,) == self.ingest(datastore, file, "in-place")
        assert isinstance(gone, ArtifactMissingError)
        assert isinstance(folder, FormatError)

    @pytest.mark.parametrize("size", [0, 1, 2**16, 2**16 + 1, 2**21 + 3])
    def test_a_file_in_place_of_any_size_is_known_by_its_bytes(
        self, datastore: Datastore, tmp_path: Path, size: int
    ) -> None:
        content = (bytes(range(251)) * (size // 251 + 1))[:size]
        (tmp_path / "file").write_bytes(content)
        (found,) = datastore.in_place([(tmp_path / "file", None)], "Text", "calexp")
        assert isinstance(found, Artifact)
        assert (found.size, found.sha256) == (size, hashlib.sha256(content).digest())

    def test_an_ingested_file_that_changes_afterwards_is_refused(
        self, datastore: Datastore, file: Path
    ) -> None:
        artifacts = self.ingest(datastore, file, "in-place")
        file.write_bytes(b"Ingested")
        assert datastore.check(artifacts[0]) == "sha256"
        assert datastore.check(artifacts[0], checksum=False) is None
        with pytest.raises(ChecksumError):
            datastore.get(artifacts, "Text")
        file.write_bytes(b"longer than it was")
        assert datastore.check(artifacts[0]) == "size"
        with pytest.raises(ChecksumError):
            datastore.get(artifacts, "Text")

    def test_only_a_regular_file_is_ingested(self, datastore: Datastore, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "pipe")
        with pytest.raises(ArtifactMissingError, match="nowhere"):
            self.ingest(datastore, tmp_path / "nowhere", "copy")
        for other in (tmp_path, tmp_path / "pipe", Path("/dev/null")):
            with pytest.raises(FormatError, match="regular"):
                self.ingest(datastore, other, "copy")
        assert list(datastore.paths()) == []

    def test_an_unknown_mode_or_formatter_is_refused(self, datastore: Datastore, file: Path) -> None:
        with pytest.raises(NotSupportedError, match="'teleport'"):
            self.ingest(datastore, file, "teleport")
        with pytest.raises(StorageClassError, match="'json' doesn't read"):
            datastore.ingest(file, uuid4(), self.HINT, "Text", "calexp", "copy", formatter="json")

    def test_a_file_that_is_visibly_not_of_its_format_is_not_ingested(
        self, datastore: Datastore, file: Path
    ) -> None:
        with pytest.raises(FormatError, match="can't be read as"):
            datastore.ingest(file, uuid4(), self.HINT, "Exposure", "calexp", "copy")
        assert list(datastore.paths()) == []


def example_exposure() -> Any:
    """Exposure of 40 by 30 pixels with every component.

    Returns
    -------
    exposure : `astropy.nddata.CCDData`
        In electrons.
    """
    import numpy as np
    from astropy.nddata import CCDData, StdDevUncertainty
    from astropy.wcs import WCS

    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.crval = [150.1, -2.3]
    wcs.wcs.crpix = [20.5, 15.5]
    wcs.wcs.cdelt = [-7e-6, 7e-6]
    pixels = np.arange(1200, dtype=np.float32).reshape(30, 40)
    pixels[0, 0] = np.nan
    return CCDData(
        pixels,
        unit="electron",
        mask=pixels % 7 == 0,
        flags=np.arange(1200, dtype=np.int32).reshape(30, 40),
        uncertainty=StdDevUncertainty(pixels / 10),
        wcs=wcs,
        meta={"OBSERVER": "Hypatia", "EXPTIME": 30.0, "SHUTTER": True, "FRAMES": 3},
    )


def assert_same_exposure(found: Any, expected: Any) -> None:
    """Assert that two exposures have the same components."""
    import numpy as np

    for plane in ("data", "mask", "flags"):
        one, other = getattr(found, plane), getattr(expected, plane)
        np.testing.assert_array_equal(one, other)
        assert getattr(one, "dtype", None) == getattr(other, "dtype", None)
    assert found.unit == expected.unit
    assert type(found.uncertainty) is type(expected.uncertainty)
    if expected.uncertainty is not None:
        np.testing.assert_array_equal(found.uncertainty.array, expected.uncertainty.array)
        assert found.uncertainty.unit == expected.uncertainty.unit
    assert dict(found.meta) == dict(expected.meta)
    assert (found.wcs is None) == (expected.wcs is None)
    if expected.wcs is not None:
        corners = ([0, 5, 6], [0, 2, 1])
        np.testing.assert_allclose(
            found.wcs.pixel_to_world_values(*corners),
            expected.wcs.pixel_to_world_values(*corners),
            rtol=1e-13,
        )


def _create(storage: Storage, path: str, content: bytes) -> None:
    with storage.create(path) as draft:
        draft.write_bytes(content)

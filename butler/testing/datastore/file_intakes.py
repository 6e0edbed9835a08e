"""What every `~butler.datastore.FileIntake` must do."""

from __future__ import annotations

import hashlib
import os
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from butler.datastore import Datastore
from butler.datastore.fingerprint import Fingerprint
from butler.errors import (
    ArtifactMissingError,
    ChecksumError,
    ConfigError,
    FormatError,
    InvalidNameError,
    NotSupportedError,
    StorageClassError,
)
from butler.testing.datastore.suite import HOSTILE_HINTS, DatastoreSuite
from butler.values import Artifact, ArtifactFault, IngestMode

__all__ = ["FileIntakeTests"]


class FileIntakeTests(DatastoreSuite):
    """Conformance of a datastore's `~butler.datastore.FileIntake`."""

    @pytest.fixture
    def file(self, tmp_path: Path) -> Path:
        """File to be ingested, under a name that needs escaping."""
        file = tmp_path / "a [1](x), b:🔭\n.txt"
        file.write_bytes(b"ingested")
        return file

    def ingest(self, datastore: Datastore, file: Path, mode: IngestMode) -> tuple[Artifact, ...]:
        """Ingest a text."""
        return datastore.intake.ingest(file, uuid4(), self.HINT, "Text", "calexp", mode)

    @pytest.mark.parametrize("mode", [IngestMode.COPY, IngestMode.MOVE, IngestMode.IN_PLACE])
    def test_an_ingested_file_is_read_and_its_source_stays(
        self, datastore: Datastore, file: Path, mode: IngestMode
    ) -> None:
        artifacts = self.ingest(datastore, file, mode)
        assert datastore.get(artifacts, "Text") == "ingested"
        assert datastore.check(artifacts[0]) is None
        assert file.read_bytes() == b"ingested"

    def test_a_file_is_taken_in_in_a_lot(self, datastore: Datastore, file: Path) -> None:
        lot = datastore.lot()
        artifacts = self.ingest(lot.writer, file, IngestMode.MOVE)
        lot.flush()
        datastore.intake.finish_move(file, artifacts)
        assert not file.exists()
        assert datastore.get(artifacts, "Text") == "ingested"

    def test_a_move_is_finished_by_unlinking_the_source(self, datastore: Datastore, file: Path) -> None:
        artifacts = self.ingest(datastore, file, IngestMode.MOVE)
        datastore.intake.finish_move(file, artifacts)
        datastore.intake.finish_move(file, artifacts)
        assert not file.exists()
        assert datastore.get(artifacts, "Text") == "ingested"

    def test_a_move_is_not_finished_when_the_source_is_no_longer_what_was_ingested(
        self, datastore: Datastore, file: Path
    ) -> None:
        artifacts = self.ingest(datastore, file, IngestMode.MOVE)
        file.unlink()
        file.write_bytes(b"another")
        with pytest.raises(ChecksumError):
            datastore.intake.finish_move(file, artifacts)
        assert file.read_bytes() == b"another"

    def test_a_move_is_not_finished_when_the_artifact_is_gone(self, datastore: Datastore, file: Path) -> None:
        artifacts = self.ingest(datastore, file, IngestMode.MOVE)
        datastore.remove(artifacts)
        with pytest.raises(ChecksumError):
            datastore.intake.finish_move(file, artifacts)
        assert file.read_bytes() == b"ingested"

    def test_a_file_in_place_is_a_whole_uri_and_is_never_removed(
        self, datastore: Datastore, file: Path
    ) -> None:
        (artifact,) = self.ingest(datastore, file, IngestMode.IN_PLACE)
        assert artifact.path == datastore.uri(artifact) == file.as_uri()
        datastore.remove((artifact,))
        assert datastore.exists(artifact)
        assert file.exists()
        file.unlink()
        assert datastore.check(artifact) == ArtifactFault.MISSING
        with pytest.raises(ArtifactMissingError):
            datastore.get((artifact,), "Text")

    def test_a_file_in_place_whose_fingerprint_is_known_is_not_read(
        self, datastore: Datastore, file: Path
    ) -> None:
        known = Fingerprint(8, bytes(32))
        unread, read, other = datastore.intake.describe_in_place(
            [(file, known), (file, None), (file, Fingerprint(9, bytes(32)))], "Text", "calexp"
        )
        assert isinstance(unread, Artifact)
        assert unread.sha256 == bytes(32)
        assert read == self.ingest(datastore, file, IngestMode.IN_PLACE)[0]
        assert isinstance(other, ChecksumError)

    def test_of_files_in_place_each_that_is_none_is_told_apart(
        self, datastore: Datastore, file: Path, tmp_path: Path
    ) -> None:
        good, gone, folder = datastore.intake.describe_in_place(
            [(file, None), (tmp_path / "nowhere", None), (tmp_path, None)], "Text", "calexp"
        )
        assert (good,) == self.ingest(datastore, file, IngestMode.IN_PLACE)
        assert isinstance(gone, ArtifactMissingError)
        assert isinstance(folder, FormatError)

    @pytest.mark.parametrize("size", [0, 1, 2**16, 2**16 + 1, 2**21 + 3])
    def test_a_file_in_place_of_any_size_is_known_by_its_bytes(
        self, datastore: Datastore, tmp_path: Path, size: int
    ) -> None:
        content = (bytes(range(251)) * (size // 251 + 1))[:size]
        (tmp_path / "file").write_bytes(content)
        (found,) = datastore.intake.describe_in_place([(tmp_path / "file", None)], "Text", "calexp")
        assert isinstance(found, Artifact)
        assert (found.size, found.sha256) == (size, hashlib.sha256(content).digest())

    def test_an_ingested_file_that_changes_afterwards_is_refused(
        self, datastore: Datastore, file: Path
    ) -> None:
        artifacts = self.ingest(datastore, file, IngestMode.IN_PLACE)
        file.write_bytes(b"Ingested")
        assert datastore.check(artifacts[0]) == ArtifactFault.SHA256
        assert datastore.check(artifacts[0], checksum=False) is None
        with pytest.raises(ChecksumError):
            datastore.get(artifacts, "Text")
        file.write_bytes(b"longer than it was")
        assert datastore.check(artifacts[0]) == ArtifactFault.SIZE
        with pytest.raises(ChecksumError):
            datastore.get(artifacts, "Text")

    def test_only_a_regular_file_is_ingested(self, datastore: Datastore, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "pipe")
        with pytest.raises(ArtifactMissingError, match="nowhere"):
            self.ingest(datastore, tmp_path / "nowhere", IngestMode.COPY)
        for other in (tmp_path, tmp_path / "pipe", Path("/dev/null")):
            with pytest.raises(FormatError, match="regular"):
                self.ingest(datastore, other, IngestMode.COPY)
        assert self.stored(datastore) == set()

    def test_an_unknown_mode_or_formatter_is_refused(self, datastore: Datastore, file: Path) -> None:
        with pytest.raises(NotSupportedError, match="'teleport'"):
            self.ingest(datastore, file, "teleport")  # type: ignore[arg-type]
        with pytest.raises(StorageClassError, match="'json' doesn't read"):
            datastore.intake.ingest(
                file, uuid4(), self.HINT, "Text", "calexp", IngestMode.COPY, formatter="json"
            )

    def test_a_file_that_is_visibly_not_of_its_format_is_not_ingested(
        self, datastore: Datastore, file: Path
    ) -> None:
        with pytest.raises(FormatError, match="can't be read as"):
            datastore.intake.ingest(file, uuid4(), self.HINT, "Exposure", "calexp", IngestMode.COPY)
        assert self.stored(datastore) == set()

    @pytest.mark.parametrize("hint", HOSTILE_HINTS)
    def test_a_file_under_a_hostile_hint_is_refused_and_leaves_nothing(
        self, datastore: Datastore, file: Path, hint: str
    ) -> None:
        with pytest.raises(InvalidNameError):
            datastore.intake.ingest(file, uuid4(), hint, "Text", "note", IngestMode.COPY)
        assert self.stored(datastore) == set()

    def test_a_move_of_an_artifact_of_another_datastore_is_not_finished(
        self, datastore: Datastore, file: Path
    ) -> None:
        (artifact,) = self.ingest(datastore, file, IngestMode.MOVE)
        with pytest.raises(ConfigError, match="'elsewhere'"):
            datastore.intake.finish_move(file, [replace(artifact, datastore="elsewhere")])
        assert file.read_bytes() == b"ingested"

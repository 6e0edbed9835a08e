"""Files compared with the datasets that a run has of their data IDs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from butler.datastore.fingerprint import fingerprint, regular_file
from butler.errors import ArtifactMissingError, DatasetExistsError
from butler.ingest.requests import IngestedFile, IngestRequest, SourceFile
from butler.values import Artifact, ArtifactState, DatasetRef, IngestMode

__all__ = ["compared", "contents", "differs", "sha256_of", "whole"]


def differs(file: Path, ref: DatasetRef) -> DatasetExistsError:
    """Give the error of a file whose data ID the run has, with other bytes."""
    return DatasetExistsError(
        f"{file} is not the file that run {ref.run} has as {ref.dataset_type.name}"
        f" with {ref.data_id}: dataset {ref.id}",
        hint="Datasets never change: ingest it into another run.",
        details={"file": str(file), "existing": str(ref.id)},
    )


def whole(ref: DatasetRef) -> list[Artifact]:
    """Give the artifacts of a dataset that aren't known to be lost: only they prove that bytes are there."""
    return [artifact for artifact in ref.artifacts or () if artifact.state == ArtifactState.PRESENT]


def contents(artifacts: Iterable[Artifact]) -> set[tuple[bytes, str]]:
    """Give of what bytes artifacts are, and which part of them each is."""
    return {(artifact.sha256, artifact.part) for artifact in artifacts}


def sha256_of(file: Path) -> bytes:
    """Read a file through."""
    regular_file(file)
    return fingerprint(file).sha256


def compared(
    source: SourceFile, ref: DatasetRef, request: IngestRequest, sha256: Callable[[], bytes]
) -> IngestedFile:
    """Compare a file with the dataset that the run has under its data ID, unless that may be skipped.

    A source of a move is compared in any case: where its bytes are registered, it is to go.
    """
    moving = request.mode == IngestMode.MOVE
    if request.skip_existing and not moving:
        return IngestedFile(ref, new=False, same=None)
    try:
        same = (sha256(), source.part) in contents(whole(ref))
    except ArtifactMissingError:
        if moving:  # finished by an earlier run of the same, or another process
            return IngestedFile(ref, new=False)
        raise
    if not same and not request.skip_existing:
        raise differs(source.path, ref)
    return IngestedFile(ref, new=False, same=same)

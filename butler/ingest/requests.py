"""Files that are to be ingested, how, and what became of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, SupportsIndex, TypeAlias
from uuid import UUID

from butler.errors import DatasetExistsError
from butler.values import Artifact, ArtifactState, DataId, DatasetRef, DatasetType, IngestMode

if TYPE_CHECKING:
    from butler.datastore.fingerprint import Fingerprint
    from butler.registry import Registry

__all__ = ["GivenFile", "IngestRequest", "IngestedFile", "SourceFile", "differs", "refs_of", "whole"]


GivenFile: TypeAlias = (
    "tuple[Path | str, Mapping[str, Any]] | tuple[Path | str, Mapping[str, Any], Fingerprint]"
    " | tuple[Path | str, Mapping[str, Any], str | SupportsIndex]"
    " | tuple[Path | str, Mapping[str, Any], str | SupportsIndex, Fingerprint]"
)
"""A file with its data ID, as a program gives it, perhaps with its part, and what is known of its bytes."""


class SourceFile(NamedTuple):
    """A file to ingest.

    Parameters
    ----------
    path : `~pathlib.Path`
        The file.
    data_id : `~collections.abc.Mapping`
        As people write it.
    known : `~butler.datastore.fingerprint.Fingerprint`, optional
        Its size and SHA-256, where somebody has read it; used in place only.
    part : `str`
        Which part of the file it is; empty for the whole. Several parts of
        one file are one file in the datastore.
    """

    path: Path
    data_id: Mapping[str, Any]
    known: Fingerprint | None = None
    part: str = ""


@dataclass(frozen=True, slots=True)
class IngestRequest:
    """How files are ingested.

    Parameters
    ----------
    dataset_type, run : `str`
        What they are, and where they go.
    mode : `~butler.values.IngestMode`
        What becomes of the files.
    formatter : `str`, optional
        Reads them; by default what the datastore chooses.
    strict : `bool`
        Whether one that can't be ingested keeps all others out; else its error
        is given in its place.
    skip_existing : `bool`
        Whether what the run has is passed over without comparing bytes; else
        other bytes under the same data ID are an error.
    """

    dataset_type: str
    run: str
    mode: IngestMode
    formatter: str | None = None
    strict: bool = True
    skip_existing: bool = False


class IngestedFile(NamedTuple):
    """What became of a file.

    Parameters
    ----------
    ref : `~butler.DatasetRef`
        The dataset that it is, or that the run had.
    new : `bool`
        Whether it was registered now.
    same : `bool` or `None`
        Whether the dataset has the file's bytes; `None` if they weren't
        compared.
    """

    ref: DatasetRef
    new: bool = True
    same: bool | None = True


def differs(file: Path, ref: DatasetRef) -> DatasetExistsError:
    """Give the error of a file whose data ID the run has, with other bytes."""
    return DatasetExistsError(
        f"{file} is not the file that run {ref.run} has as {ref.dataset_type.name}"
        f" with {ref.data_id}: dataset {ref.id}",
        hint="Datasets never change: ingest it into another run.",
        details={"file": str(file), "existing": str(ref.id)},
    )


def refs_of(
    registry: Registry, dataset_type: DatasetType, run: str, data_ids: Mapping[UUID, DataId]
) -> dict[UUID, DatasetRef]:
    """Look up the artifacts of datasets whose data IDs are known, in one statement."""
    refs = [DatasetRef(dataset_id, dataset_type, data_id, run) for dataset_id, data_id in data_ids.items()]
    return {ref.id: ref for ref in registry.lookup.with_artifacts(refs)}


def whole(ref: DatasetRef) -> list[Artifact]:
    """Give the artifacts of a dataset that aren't known to be lost: only they prove that bytes are there."""
    return [artifact for artifact in ref.artifacts or () if artifact.state == ArtifactState.PRESENT]

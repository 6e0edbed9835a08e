"""Files that are to be filed, how, and what became of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from butler.errors import DatasetExistsError
from butler.values import Artifact, DataId, DatasetRef, DatasetType

if TYPE_CHECKING:
    from butler.datastore.fingerprint import Fingerprint
    from butler.registry import Registry

__all__ = ["GivenFile", "Intake", "TakenFile", "differs", "refs_of"]


class GivenFile(NamedTuple):
    """A file to take in.

    Parameters
    ----------
    path : `~pathlib.Path`
        The file.
    labels : `~collections.abc.Mapping`
        Its data ID, as people write it.
    known : `~butler.datastore.fingerprint.Fingerprint`, optional
        Its size and SHA-256, where somebody has read it; used in place only.
    """

    path: Path
    labels: Mapping[str, Any]
    known: Fingerprint | None = None


@dataclass(frozen=True, slots=True)
class Intake:
    """How files are taken in.

    Parameters
    ----------
    dataset_type, run, mode : `str`
        What they are, where they go, and whether they are copied.
    formatter : `str`, optional
        Reads them; by default what the datastore chooses.
    strict : `bool`
        Whether one that can't be filed keeps all others out; else its error
        is given in its place.
    skip_existing : `bool`
        Whether what the run has is passed over without comparing bytes; else
        other bytes under the same labels are an error.
    """

    dataset_type: str
    run: str
    mode: str
    formatter: str | None = None
    strict: bool = True
    skip_existing: bool = False


class TakenFile(NamedTuple):
    """What became of a file.

    Parameters
    ----------
    ref : `~butler.DatasetRef`
        The dataset that it is, or that the run had.
    new : `bool`
        Whether it was filed now.
    same : `bool` or `None`
        Whether the dataset has the file's bytes; `None` if they weren't
        compared.
    """

    ref: DatasetRef
    new: bool = True
    same: bool | None = True


def differs(file: Path, ref: DatasetRef) -> DatasetExistsError:
    """Give the error of a file whose labels the run has, with other bytes."""
    return DatasetExistsError(
        f"{file} is not the file that run {ref.run} has as {ref.dataset_type.name}"
        f" with {ref.data_id}: dataset {ref.id}",
        hint="Datasets never change: ingest it into another run.",
        details={"file": str(file), "existing": str(ref.id)},
    )


def refs_of(
    registry: Registry, kind: DatasetType, run: str, data_ids: Mapping[UUID, DataId]
) -> dict[UUID, DatasetRef]:
    """Look up the artifacts of datasets whose data IDs are known, in one statement."""
    artifacts: dict[UUID, list[Artifact]] = {dataset_id: [] for dataset_id in data_ids}
    if data_ids:
        rows = registry.query(
            "SELECT dataset_id::text, datastore, path, formatter, size, sha256, component FROM artifact"
            " WHERE dataset_id = ANY (CAST(:ids AS uuid[])) AND state = 'present'",
            {"ids": [str(dataset_id) for dataset_id in data_ids]},
        )
        for row in rows:
            artifacts[UUID(row.dataset_id)].append(
                Artifact(
                    row.datastore, row.path, row.formatter, row.size, bytes.fromhex(row.sha256), row.component
                )
            )
    return {
        dataset_id: DatasetRef(dataset_id, kind, data_id, run, tuple(artifacts[dataset_id]))
        for dataset_id, data_id in data_ids.items()
    }

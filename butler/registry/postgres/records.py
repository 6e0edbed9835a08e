"""Values out of the rows that stored functions give."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from butler.values import Artifact, ArtifactState, DataId, DatasetRef, DatasetType
from butler.values.data_ids import UnitValue

__all__ = ["artifact_of", "data_id_of", "ref_of"]


def data_id_of(values: Mapping[str, UnitValue], units: Sequence[str]) -> DataId:
    """Give a data ID in the units' order; JSON objects have an order of their own."""
    return DataId({unit: values[unit] for unit in units})


def artifact_of(row: Any, datastore: str, state: ArtifactState = ArtifactState.PRESENT) -> Artifact:
    """Give the artifact that a row describes."""
    return Artifact(
        datastore,
        row.path,
        row.formatter,
        row.size,
        bytes(row.sha256),
        row.component,
        state,
    )


def ref_of(rows: Sequence[Any]) -> DatasetRef:
    """Give the dataset that some rows describe, one an artifact, or one without a path if it has none."""
    first = rows[0]
    return DatasetRef(
        first.dataset_id,
        DatasetType(first.dataset_type, first.storage_class, tuple(first.units)),
        data_id_of(first.data_id, first.units),
        first.run,
        tuple(
            artifact_of(row, row.datastore, ArtifactState(row.artifact_state))
            for row in rows
            if row.path is not None
        ),
    )

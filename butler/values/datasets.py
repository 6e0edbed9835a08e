"""Datasets and their types."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from uuid import UUID

from butler.arguments import short
from butler.errors import InvalidNameError
from butler.values.artifacts import Artifact
from butler.values.data_ids import DataId

__all__ = ["DatasetRef", "DatasetState", "DatasetType", "split_component"]


class DatasetState(StrEnum):
    """Whether a dataset is there."""

    PRESENT = "present"
    UNSTORED = "unstored"
    """Its bytes were given up on purpose; its name and provenance stay."""
    REMOVED = "removed"
    """Its name is free again; its provenance stays."""


@dataclass(frozen=True, slots=True)
class DatasetType:
    """What datasets of one name have in common: the units that label them, and their Python class.

    Parameters
    ----------
    name : `str`
        Such as ``calexp``.
    storage_class : `str`
        Name of the storage class.
    units : `tuple` [`str`]
        Short names of the units that label it, in the units' order.
    doc : `str`
        One sentence.
    """

    name: str
    storage_class: str
    units: tuple[str, ...]
    doc: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class DatasetRef:
    """One dataset in a registry.

    Parameters
    ----------
    id : `uuid.UUID`
        The same in every registry.
    dataset_type : `DatasetType`
        Its type.
    data_id : `DataId`
        Its data ID, complete.
    run : `str`
        The run that made it.
    artifacts : `tuple` [`Artifact`] or `None`
        Where its bytes lie: empty if they are gone, `None` if that wasn't
        asked.

    Notes
    -----
    Refs are ordered by dataset type, data ID, run and id.
    """

    id: UUID
    dataset_type: DatasetType
    data_id: DataId
    run: str
    artifacts: tuple[Artifact, ...] | None = field(default=None, compare=False)

    def __str__(self) -> str:
        return f"{self.dataset_type.name}@{{{self.data_id}}} [{self.run}] {self.id}"

    def __lt__(self, other: object) -> bool:
        if not isinstance(other, DatasetRef):
            return NotImplemented
        return self._order < other._order

    @property
    def _order(self) -> tuple[Any, ...]:
        # A unit has values of one type; refs of one type have the same units.
        return (self.dataset_type.name, tuple(self.data_id.values()), self.run, self.id)


def split_component(dataset: str) -> tuple[str, str | None]:
    """Split ``calexp.wcs`` into dataset type and component.

    Raises
    ------
    InvalidNameError
        If either part is empty.
    """
    dataset_type, dot, component = dataset.partition(".")
    if not dataset_type or (dot and not component):
        raise InvalidNameError(
            f"{short(dataset)} is not a dataset type, nor a dataset type and a component",
            hint="Write it as 'calexp' or 'calexp.wcs'.",
            details={"name": dataset},
        )
    return dataset_type, component or None

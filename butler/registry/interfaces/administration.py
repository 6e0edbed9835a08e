"""What operators ask of a registry."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Literal

from butler.registry.results import Rows

__all__ = ["Administration", "UsedBy"]

UsedBy = Literal["run", "dataset_type", "collection", "datastore"]
"""What storage is added up by."""


class Administration(ABC):
    """Counts, sizes and versions."""

    @abstractmethod
    def summary(self) -> dict[str, Any]:
        """Give versions of schema, PostgreSQL and PostGIS, counts of units and datasets, and bytes.

        Also ``replica``, how a copy of the database that is read from does, in a line; `None` without one.
        """

    @abstractmethod
    def server(self) -> dict[str, Any]:
        """Give the server's ``version``, the ``login`` in use, and the database's size in ``bytes``."""

    @abstractmethod
    def storage_use(self, pattern: str = "*", *, by: UsedBy = "run") -> Rows:
        """Add up datasets and bytes, for names that match a pattern with ``*`` and ``?``.

        In the datastore, in place, and in the trash; a dataset counts in
        each collection that it is in.

        Raises
        ------
        InvalidNameError
            If it can't be added up by that.
        """

    @abstractmethod
    def count_datasets(self, dataset_type: str) -> int:
        """Count the datasets of a type."""

    @abstractmethod
    def fold_counts(self) -> int:
        """Add up what has changed since the last time in what is counted, so that asking stays cheap.

        Returns how many changes that were. What is counted stays the same,
        and nobody waits; nothing is done if somebody else does it.
        """

    @abstractmethod
    def datastores(self) -> Rows:
        """List datastores: ``datastore, root, artifacts, bytes``."""

"""Named groups of datasets."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from uuid import UUID

from butler.values import Collection, CollectionType

__all__ = ["Collections"]


class Collections(ABC):
    """Runs, tagged, chained and calibration collections, and what is in them."""

    @abstractmethod
    def register(self, name: str, collection_type: CollectionType, doc: str = "") -> bool:
        """Register a collection; see `butler.collections.Collections.register`."""

    @abstractmethod
    def chain(self, name: str, members: Sequence[str]) -> None:
        """Make a chain hold these collections; see `butler.collections.Collections.chain`."""

    @abstractmethod
    def freeze(self, name: str, frozen: bool = True) -> None:
        """Freeze a collection, or release it; see `butler.collections.Collections.freeze`."""

    @abstractmethod
    def associate(self, collection: str, dataset_ids: Sequence[UUID]) -> int:
        """Put datasets into a collection; see `butler.collections.Collections.associate`."""

    @abstractmethod
    def disassociate(self, collection: str, dataset_ids: Sequence[UUID]) -> int:
        """Take datasets out of a tagged collection; returns how many were in it."""

    @abstractmethod
    def matching(self, pattern: str = "*") -> list[Collection]:
        """List collections whose names match a pattern with ``*`` and ``?``, by name."""

    @abstractmethod
    def contents(self, name: str) -> dict[str, int]:
        """Count the datasets of each type; see `butler.collections.Collections.contents`."""

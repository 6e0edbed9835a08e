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
        """Register a collection; the same again changes nothing and returns `False`.

        Raises
        ------
        DefinitionConflictError
            If the name is registered with another type.
        InvalidNameError
            If it isn't a name for a collection.
        """

    @abstractmethod
    def chain(self, name: str, members: Sequence[str]) -> None:
        """Make a chain hold these collections, in search order.

        Raises
        ------
        CollectionNotFoundError
            If one isn't registered.
        DefinitionConflictError
            If the chain would hold itself, or one twice.
        PermissionDeniedError
            If it is frozen.
        """

    @abstractmethod
    def freeze(self, name: str, frozen: bool = True) -> None:
        """Freeze a collection, or release it.

        Raises
        ------
        CollectionNotFoundError
            If it isn't registered.
        """

    @abstractmethod
    def associate(self, collection: str, dataset_ids: Sequence[UUID]) -> int:
        """Put datasets into a tagged collection, or into a run as its inputs; returns how many were new.

        Raises
        ------
        DatasetExistsError
            If it holds another dataset of the same type and data ID.
        DatasetNotFoundError, CollectionNotFoundError
            If one isn't there.
        PermissionDeniedError
            If the collection is frozen.
        """

    @abstractmethod
    def disassociate(self, collection: str, dataset_ids: Sequence[UUID]) -> int:
        """Take datasets out of a tagged collection; returns how many were in it."""

    @abstractmethod
    def matching(self, pattern: str = "*") -> list[Collection]:
        """List collections whose names match a pattern with ``*`` and ``?``, by name."""

    @abstractmethod
    def contents(self, name: str) -> dict[str, int]:
        """Give how many datasets of each type a collection holds; a chain holds collections, not datasets.

        Raises
        ------
        CollectionNotFoundError
            If it isn't registered.
        """

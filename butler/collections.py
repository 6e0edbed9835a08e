"""Collections, as a Butler sees them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

from butler.arguments import name as text
from butler.context import Context, ids_of
from butler.values import Collection, CollectionType, DatasetRef

__all__ = ["Collections"]


class Collections:
    """Named groups of datasets: ``butler.collections``.

    Parameters
    ----------
    context : `~butler.context.Context`
        Whose registry has them.
    """

    def __init__(self, context: Context) -> None:
        self._context = context

    def register(self, name: str, collection_type: CollectionType | str, doc: str = "") -> bool:
        """Register a collection; the same again changes nothing and returns `False`.

        Parameters
        ----------
        name : `str`
            Its name; ``/`` makes name spaces.
        collection_type : `~butler.CollectionType` or `str`
            ``run``, ``tagged``, ``chained`` or ``calibration``.
        doc : `str`
            What it is for.

        Raises
        ------
        DefinitionConflictError
            If the name is registered with another type.
        InvalidNameError
            If it isn't a name for a collection, or there is no such type.
        """
        return self._context.registry.collections.register(
            name, CollectionType(text(collection_type, "collection_type")), doc
        )

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
        self._context.registry.collections.chain(name, members)

    def freeze(self, name: str, frozen: bool = True) -> None:
        """Freeze a collection, so that nothing is put into it or taken out, or release it.

        Raises
        ------
        CollectionNotFoundError
            If it isn't registered.
        """
        self._context.registry.collections.freeze(name, frozen)

    def associate(self, collection: str, datasets: Iterable[DatasetRef | UUID]) -> int:
        """Put datasets into a tagged collection, or into a run as its inputs.

        A run is then searched for what it reads as for what it makes.

        Returns
        -------
        new : `int`
            How many were new to it.

        Raises
        ------
        DatasetExistsError
            If it holds another dataset of the same type and data ID.
        DatasetNotFoundError, CollectionNotFoundError
            If one isn't there.
        PermissionDeniedError
            If the collection is frozen.
        """
        return self._context.registry.collections.associate(collection, ids_of(datasets))

    def disassociate(self, collection: str, datasets: Iterable[DatasetRef | UUID]) -> int:
        """Take datasets out of a tagged collection, or a run's inputs; returns how many were in it."""
        return self._context.registry.collections.disassociate(collection, ids_of(datasets))

    def contents(self, name: str) -> dict[str, int]:
        """Give how many datasets of each type a collection holds; a chain holds collections, not datasets.

        Raises
        ------
        CollectionNotFoundError
            If it isn't registered.
        """
        return self._context.registry.collections.contents(name)

    def list(self, pattern: str = "*") -> Sequence[Collection]:
        """List collections whose names match a pattern with ``*`` and ``?``, by name."""
        return self._context.registry.collections.matching(pattern)

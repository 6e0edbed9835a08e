"""Collections, as a Butler sees them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from butler.arguments import moment
from butler.arguments import name as text
from butler.context import Context, ids_of
from butler.values import Collection, CollectionType, DatasetRef

if TYPE_CHECKING:
    from butler.registry.interfaces.puts import Hold

__all__ = ["Collections"]

_LONGEST = timedelta(days=10_000)


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

    def hold(self, run: str, until: datetime | timedelta, reason: str = "") -> None:
        """Have a run take datasets whose ids are older than the grace period, or not of version 7.

        Such ids come from an import, an adoption, or from work that was done
        offline. Call it before their files are written, and again before it
        ends, if need be: it makes a hold longer, never shorter.

        Parameters
        ----------
        run : `str`
            A run.
        until : `datetime.datetime` or `datetime.timedelta`
            When the hold ends by itself, or for how long from now; at most a
            year.
        reason : `str`
            What for: `holds` tells others.

        Raises
        ------
        CollectionNotFoundError
            If there is no such run.
        InvalidDataIdError
            If that is no time to come, or names no time zone.
        PermissionDeniedError
            If the run is frozen.
        """
        if isinstance(until, timedelta):
            # A longer one is refused all the same, and some lead to no time that there is.
            until = datetime.now(UTC) + max(min(until, _LONGEST), -_LONGEST)
        self._context.registry.puts.hold(text(run, "run"), moment(until, "until"), text(reason, "reason"))

    def release(self, run: str) -> bool:
        """End one's own hold of a run before its time; returns whether there was one."""
        return self._context.registry.puts.release(text(run, "run"))

    def holds(self) -> Sequence[Hold]:
        """List the runs that are held, by whom, until when and what for."""
        return self._context.registry.puts.holds()

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

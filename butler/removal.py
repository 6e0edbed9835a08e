"""Giving datasets and collections up, and bringing them back."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from butler.context import Context, ids_of
from butler.values import DatasetRef, Removal

if TYPE_CHECKING:
    from butler.maintenance.trash import Emptied

__all__ = ["Removals"]


class Removals:
    """What is given up, and the trash: ``butler.removal``.

    Parameters
    ----------
    context : `~butler.context.Context`
        Whose datasets they are.
    """

    def __init__(self, context: Context) -> None:
        self._context = context

    def unstore(
        self,
        datasets: Iterable[DatasetRef | UUID],
        *,
        reason: str = "",
        force: bool = False,
        dry_run: bool = False,
    ) -> list[Removal]:
        """Give up the bytes of datasets; their data IDs, collections and provenance stay.

        Their files go to the trash, and can be restored until it is emptied.

        Parameters
        ----------
        datasets : iterable of `~butler.DatasetRef` or `uuid.UUID`
            Which.
        reason : `str`
            Why; recorded with who and when.
        force : `bool`
            Also those that a tagged collection holds.
        dry_run : `bool`
            Only say what would be done.

        Returns
        -------
        outcomes : `list` [`~butler.values.Removal`]
            How many are ``unstored``, were ``done before``, or are ``kept``
            and why: frozen, certified, tagged, of another registry.

        Raises
        ------
        DatasetNotFoundError
            If one isn't registered; then nothing is done.
        """
        return self._context.registry.removal.unstore(
            ids_of(datasets), reason=reason, force=force, dry_run=dry_run
        )

    def remove(
        self,
        datasets: Iterable[DatasetRef | UUID],
        *,
        reason: str = "",
        force: bool = False,
        dry_run: bool = False,
    ) -> list[Removal]:
        """Remove datasets: their names are free again, their provenance stays.

        Their files go to the trash, and can be restored until it is emptied.
        A read as of an earlier time says who removed them, when and why.

        Parameters
        ----------
        datasets, reason : as for `unstore`
            Which, and why.
        force : `bool`
            Also those that a tagged collection holds, which they leave.
        dry_run : `bool`
            Only say what would be done.

        Returns
        -------
        outcomes : `list` [`~butler.values.Removal`]
            How many are ``removed``, were ``done before``, or are ``kept``
            and why.
        """
        return self._context.registry.removal.remove(
            ids_of(datasets), reason=reason, force=force, dry_run=dry_run
        )

    def remove_collection(
        self,
        name: str,
        *,
        datasets: bool = False,
        reason: str = "",
        force: bool = False,
        dry_run: bool = False,
    ) -> list[Removal]:
        """Remove a collection, and take it out of the chains that have it.

        Parameters
        ----------
        name : `str`
            Its name, which stays known to reads as of an earlier time.
        datasets : `bool`
            Remove its datasets too, as `remove` does. A run goes with its
            datasets only, and stays if one of them is kept.
        reason, force, dry_run : as for `remove`
            Why, and how.

        Raises
        ------
        PermissionDeniedError
            If it is frozen, certifies calibrations, or is a run with datasets
            that aren't to be removed.
        """
        return self._context.registry.removal.remove_collection(
            name, datasets=datasets, reason=reason, force=force, dry_run=dry_run
        )

    def restore(self, datasets: Iterable[DatasetRef | UUID]) -> int:
        """Bring back datasets that were unstored or removed, with the tags that they left.

        Returns
        -------
        restored : `int`
            How many; those that are there already don't count.

        Raises
        ------
        ArtifactMissingError
            If the files of one are deleted. Nothing is restored then.
        DatasetExistsError
            If another has its name by now.
        PermissionDeniedError
            If its run is frozen or was removed.
        """
        return self._context.registry.removal.restore(ids_of(datasets))

    def empty_trash(
        self,
        *,
        older_than: timedelta | None = None,
        on_progress: Callable[[int, int], None] | None = None,
    ) -> Emptied:
        """Delete the files of what was unstored or removed.

        A file that several datasets have goes with the last of them; one that
        was ingested in place stays.

        Parameters
        ----------
        older_than : `datetime.timedelta`, optional
            How long they have been in the trash; by default the repository's
            own delay. Only the owner may name a shorter one.
        on_progress : callable, optional
            Called with how many are done, and 0.

        Returns
        -------
        emptied : `~butler.maintenance.trash.Emptied`
            What went, and what couldn't be deleted.
        """
        from butler.maintenance.trash import empty_trash

        return empty_trash(self._context, older_than=older_than, on_progress=on_progress)

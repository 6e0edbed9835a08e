"""Removing datasets and collections, and the trash."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from butler.registry.results import Rows
from butler.values import Artifact, DatasetState, Removal

__all__ = ["HeldTrash", "RemovalRecord", "Removals", "TrashedArtifact"]


@dataclass(frozen=True, slots=True)
class RemovalRecord:
    """How a dataset came to have no bytes.

    Parameters
    ----------
    state : `~butler.values.DatasetState`
        What it is now.
    changed : `datetime.datetime`
        Since when, UTC.
    changed_by, reason : `str`
        Who did it, and why.
    restorable : `bool`
        Whether its bytes are in the trash still.
    """

    state: DatasetState
    changed: datetime
    changed_by: str
    reason: str
    restorable: bool


@dataclass(frozen=True, slots=True)
class TrashedArtifact:
    """An artifact whose bytes are to be deleted now.

    Parameters
    ----------
    dataset_id : `uuid.UUID`
        The dataset that had it.
    artifact : `~butler.Artifact`
        Which bytes.
    delete_bytes : `bool`
        Whether nobody else needs them.
    """

    dataset_id: UUID
    artifact: Artifact
    delete_bytes: bool


class HeldTrash(ABC):
    """Datasets whose claimed artifacts nobody else can end meanwhile.

    Attributes
    ----------
    dataset_ids : `frozenset` [`uuid.UUID`]
        Which of them: not those that another holds, or has ended.
    """

    dataset_ids: frozenset[UUID]

    @abstractmethod
    def confirm(self) -> None:
        """Make sure, before bytes are deleted, that they are held still.

        Raises
        ------
        DatabaseUnavailableError
            If the connection was lost, and others may hold them by now.
        """

    @abstractmethod
    def drop(self, dataset_ids: Iterable[UUID]) -> int:
        """Forget artifacts whose bytes are deleted; returns how many."""


class Removals(ABC):
    """Gives up datasets and collections; what is given up can be restored until the trash is emptied."""

    @abstractmethod
    def unstore(
        self, dataset_ids: Sequence[UUID], *, reason: str = "", force: bool = False, dry_run: bool = False
    ) -> list[Removal]:
        """Give up the bytes of datasets; see `butler.removal.Removals.unstore`."""

    @abstractmethod
    def remove(
        self, dataset_ids: Sequence[UUID], *, reason: str = "", force: bool = False, dry_run: bool = False
    ) -> list[Removal]:
        """Remove datasets; see `butler.removal.Removals.remove`."""

    @abstractmethod
    def remove_collection(
        self,
        name: str,
        *,
        datasets: bool = False,
        reason: str = "",
        force: bool = False,
        dry_run: bool = False,
    ) -> list[Removal]:
        """Remove a collection; see `butler.removal.Removals.remove_collection`."""

    @abstractmethod
    def restore(self, dataset_ids: Sequence[UUID]) -> int:
        """Bring back datasets whose bytes are still in the trash; see `butler.removal.Removals.restore`."""

    @abstractmethod
    def record_of(self, dataset_id: UUID) -> RemovalRecord | None:
        """Say how a dataset came to have no bytes; `None` if nobody removed or unstored it."""

    @abstractmethod
    def restorable(self, run: str, dataset_type: str | None = None) -> list[UUID]:
        """Give the datasets of a run, perhaps of one type, whose bytes are in the trash."""

    @abstractmethod
    def trash(self) -> Rows:
        """List what is in the trash: by run, dataset type, and who put it there when, with its bytes."""

    @abstractmethod
    def due(self, *, now: bool = False) -> tuple[int, int]:
        """Give the datasets, and their bytes, whose time in the trash is over; with ``now``, all in it."""

    @abstractmethod
    def delay(self) -> str:
        """Give for how long what is in the trash can be restored, as an interval of PostgreSQL."""

    @abstractmethod
    def claim(
        self, datastore: str, older_than: timedelta | None, limit: int, stuck: Iterable[UUID] = ()
    ) -> list[TrashedArtifact]:
        """Say which bytes are to be deleted now; they can no longer be restored.

        Parameters
        ----------
        datastore : `str`
            Its name.
        older_than : `datetime.timedelta` or `None`
            How long they have been in the trash; `None` for the registry's
            own delay.
        limit : `int`
            Of how many datasets at most. What a dead process had claimed
            comes first; what another holds doesn't come.
        stuck : iterable of `uuid.UUID`
            Claimed before, and not to be given again: they can't be deleted.

        Raises
        ------
        PermissionDeniedError
            If it is sooner than the delay, and not the owner who asks.
        """

    @abstractmethod
    def hold(self, datastore: str, dataset_ids: Iterable[UUID]) -> AbstractContextManager[HeldTrash]:
        """Keep what was claimed from everybody else while its bytes are deleted.

        As long as it is claimed, nobody registers one of its files anew; what
        is dropped in the block is forgotten at its end, and not before. If the
        block raises, all of it stays claimed.
        """

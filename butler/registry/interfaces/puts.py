"""Registering datasets with their artifacts."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from butler.values import Artifact, DataId, DatasetType

__all__ = ["BegunPut", "Hold", "Puts", "Registered", "UnfinishedPut"]


@dataclass(frozen=True, slots=True)
class BegunPut:
    """A dataset that may now be written.

    Parameters
    ----------
    id : `uuid.UUID`
        Its id.
    dataset_type : `~butler.DatasetType`
        Its type.
    data_id : `~butler.DataId`
        Its data ID, complete.
    run : `str`
        The run that it goes into.
    hint : `str`
        The datastore's file-name template, filled.
    needs_environment : `bool`
        Whether nobody has described the run's environment yet.
    there_already : `bool`
        Whether the run has it already, so that nothing is to be written.
    """

    id: UUID
    dataset_type: DatasetType
    data_id: DataId
    run: str
    hint: str
    needs_environment: bool
    there_already: bool = False


@dataclass(frozen=True, slots=True)
class Registered:
    """What became of datasets registered in bulk.

    Parameters
    ----------
    new : `int`
        How many were registered.
    existing : `~collections.abc.Mapping` [`uuid.UUID`, `uuid.UUID`]
        The id that one was to have → the one that the run has.
    """

    new: int
    existing: Mapping[UUID, UUID]


@dataclass(frozen=True, slots=True)
class UnfinishedPut:
    """A put that began and didn't end.

    Parameters
    ----------
    id : `uuid.UUID`
        Of the dataset that was to be.
    dataset_type, storage_class, datastore, hint : `str`
        From which the datastore computes what it would have written.
    begun : `datetime.datetime`
        When, UTC.
    begun_by : `str`
        The database role.
    given_up : `datetime.datetime` or `None`
        Since when it can't end any more, UTC.
    registered : `bool`
        Whether there is a dataset of its id after all.
    """

    id: UUID
    dataset_type: str
    storage_class: str
    datastore: str
    hint: str
    begun: datetime
    begun_by: str
    given_up: datetime | None = None
    registered: bool = False


@dataclass(frozen=True, slots=True)
class Hold:
    """A run that takes datasets whose ids are old, or not of version 7.

    Parameters
    ----------
    run : `str`
        The run.
    held_by : `str`
        The database role.
    since, until : `datetime.datetime`
        When it began, and when it ends by itself, UTC.
    reason : `str`
        What for.
    """

    run: str
    held_by: str
    since: datetime
    until: datetime
    reason: str


class Puts(ABC):
    """Registers datasets so that nothing can be half done: begun, then written, then finished."""

    @abstractmethod
    def begin(
        self,
        run: str,
        dataset_type: str,
        data_ids: Sequence[Mapping[str, Any]],
        *,
        template: str,
        datastore: str,
        quantum_id: int | None = None,
        skip_existing: bool = False,
    ) -> list[BegunPut]:
        """Begin to put datasets: everything that can be refused is refused here.

        Parameters
        ----------
        run : `str`
            A run collection of this registry; made if it isn't there.
        dataset_type : `str`
            Their type.
        data_ids : sequence of `~collections.abc.Mapping`
            One a dataset.
        template : `str`
            The datastore's file-name template.
        datastore : `str`
            Its name.
        quantum_id : `int`, optional
            The quantum that makes them.
        skip_existing : `bool`
            Whether one that the run has is given as ``there_already``,
            instead of being an error.

        Raises
        ------
        DatasetExistsError
            If the run has one of them.
        DatasetTypeNotFoundError, CollectionNotFoundError, UnitNotFoundError
            If a name isn't registered.
        InvalidDataIdError, AmbiguousDataIdError
            If a data ID doesn't fit the type. One error names every bad row.
        PermissionDeniedError
            If the run is frozen or belongs to a layer under this one.
        """

    @abstractmethod
    def finish(self, written: Mapping[UUID, Sequence[Artifact]], *, skip_existing: bool = False) -> int:
        """Register datasets whose bytes are safe; all of them or none.

        Parameters
        ----------
        written : `~collections.abc.Mapping`
            Id to artifacts, at least one each.
        skip_existing : `bool`
            Whether to pass over those that another process has put since
            they began, instead of refusing all. They stay begun:
            `abandon` tells which they are.

        Returns
        -------
        registered : `int`
            How many were registered.

        Raises
        ------
        ArtifactMissingError
            If one has no artifacts.
        DatasetExistsError
            If another process was first.
        DatasetNotFoundError
            If one has not begun, or was given up meanwhile.
        """

    @abstractmethod
    def abandon(self, dataset_ids: Sequence[UUID]) -> list[UUID]:
        """Give up puts that have begun: they can't end any more.

        Returns
        -------
        unregistered : `list` [`uuid.UUID`]
            Those that are no datasets and can't become any: their bytes may
            be deleted, and then they are to be forgotten by `forget`.
            One that isn't among them was registered after all.
        """

    @abstractmethod
    def forget(self, dataset_ids: Sequence[UUID]) -> int:
        """Say that the bytes of puts that were given up are deleted; returns how many are forgotten.

        Puts that weren't given up stay.
        """

    @abstractmethod
    def unfinished(self, older_than: timedelta) -> list[UnfinishedPut]:
        """List puts that began longer ago than this and didn't end, also those that were given up."""

    @abstractmethod
    def reap(
        self, datastore: str, older_than: timedelta, *, after: UUID | None = None, limit: int = 1000
    ) -> list[UnfinishedPut]:
        """Give up the puts that began longer ago than this.

        Parameters
        ----------
        datastore : `str`
            Into which they were.
        older_than : `datetime.timedelta`
            For how long they have been at it.
        after : `uuid.UUID`, optional
            Leave out ids up to this one.
        limit : `int`
            At most so many.

        Returns
        -------
        puts : `list` [`UnfinishedPut`]
            By their ids, also those that were given up before. The bytes of
            those that aren't registered may be deleted, and then they are to
            be forgotten by `forget`. One that is just ending is passed
            over.
        """

    @abstractmethod
    def register(
        self,
        run: str,
        dataset_type: str,
        datastore: str,
        rows: Iterable[tuple[UUID, Mapping[str, Any], Artifact]],
        *,
        skip_existing: bool = False,
    ) -> Registered:
        """Register many datasets of one type whose bytes are there already, in one transaction.

        Parameters
        ----------
        run, dataset_type, datastore : `str`
            What they go into, are, and lie in. The run is made if it isn't
            there.
        rows : iterable of (`uuid.UUID`, `~collections.abc.Mapping`, `~butler.Artifact`)
            One an artifact: the dataset's id, its complete data ID in the
            units' own names, the artifact. Those of one dataset follow each
            other. Read as they are registered, some thousands in memory.
        skip_existing : `bool`
            Whether to pass over those that the run has.

        Returns
        -------
        registered : `Registered`
            How many are new, and which the run had.

        Raises
        ------
        ArtifactMissingError
            If an id is older than the grace period, so that its files may
            have been deleted, and nobody holds the run.
        ButlerError
            As for `begin`; one error names every bad row.
        """

    @abstractmethod
    def hold(self, run: str, until: datetime, reason: str = "") -> None:
        """Have a run take datasets whose ids are older than the grace period, or not of version 7.

        To be called before their files are written, and again before it
        ends, if need be. It never makes a hold shorter.

        Parameters
        ----------
        run : `str`
            A run of this registry.
        until : `datetime.datetime`
            When the hold ends by itself, at most a year from now.
        reason : `str`
            What for.

        Raises
        ------
        CollectionNotFoundError
            If there is no such run.
        InvalidDataIdError
            If that is no time to come.
        PermissionDeniedError
            If the run is frozen or belongs to a layer under this one.
        """

    @abstractmethod
    def release(self, run: str) -> bool:
        """End one's own hold of a run; returns whether there was one."""

    @abstractmethod
    def holds(self) -> list[Hold]:
        """List who holds what, by run and role; holds that have ended aren't among them."""

"""Registering datasets with their artifacts."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from butler.values import Artifact, DataId, DatasetRef

__all__ = ["HeldRun", "Hold", "LooseFile", "Prepared", "Puts", "Registered"]


@dataclass(frozen=True, slots=True)
class Prepared:
    """What a registry says of a data ID under which something is to be put.

    Parameters
    ----------
    data_id : `~butler.DataId`
        Complete.
    names : `~collections.abc.Mapping`
        What a file name may say of a visit, a sensor and a filter beside it:
        by the unit, a mapping.
    existing : `uuid.UUID` or `None`
        The dataset that the run has of it.
    """

    data_id: DataId
    names: Mapping[str, Mapping[str, Any]]
    existing: UUID | None = None


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


class LooseFile(NamedTuple):
    """A file of a datastore that no dataset is known to have.

    Parameters
    ----------
    path : `str`
        As artifacts spell it.
    modified : `datetime.datetime`
        When it came to be what it is, UTC.
    """

    path: str
    modified: datetime


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


@dataclass(frozen=True, slots=True)
class HeldRun:
    """A run for whose sake no loose file is deleted, in whatever registry it is.

    Parameters
    ----------
    registry, run : `str`
        Which.
    held_by : `str`
        The database role.
    until : `datetime.datetime`
        When the hold ends by itself, UTC; files stay until an hour after that.
    """

    registry: str
    run: str
    held_by: str
    until: datetime


class Puts(ABC):
    """Registers datasets whose bytes are safe: all that are given, or none.

    Nothing is announced before the bytes are written. Ids of datasets are
    UUIDs of version 7, which say when they were made; once an id is older
    than the grace period, nothing can be registered under it any more, so
    that a file of that name which no registry knows may be deleted.
    """

    @abstractmethod
    def open_run(self, run: str) -> bool:
        """Make sure that a run can be put into; it is made if there is no collection of that name.

        Returns
        -------
        described : `bool`
            Whether somebody has described its environment.

        Raises
        ------
        CollectionNotFoundError, InvalidNameError
            If it can't be made.
        DefinitionConflictError
            If the collection is no run.
        PermissionDeniedError
            If the run is frozen or belongs to a layer under this one.
        """

    @abstractmethod
    def prepare(
        self,
        run: str,
        dataset_type: str,
        data_ids: Sequence[Mapping[str, Any]],
        *,
        skip_existing: bool = False,
    ) -> list[Prepared]:
        """Look at data IDs before something is put under them; nothing is written.

        Parameters
        ----------
        run : `str`
            A run, which need not be there yet.
        dataset_type : `str`
            Their type.
        data_ids : sequence of `~collections.abc.Mapping`
            As people write them.
        skip_existing : `bool`
            Whether one that the run has is given as ``existing``, instead of
            being an error.

        Raises
        ------
        DatasetExistsError
            If the run has one of them.
        DatasetTypeNotFoundError, UnitNotFoundError
            If a name isn't registered.
        InvalidDataIdError, AmbiguousDataIdError
            If a data ID doesn't fit the type. One error names every bad row.
        """

    @abstractmethod
    def put(
        self,
        run: str,
        datasets: Sequence[DatasetRef],
        *,
        roots: Mapping[str, str] | None = None,
    ) -> int:
        """Register datasets of any types whose bytes are safe; all of them or none.

        The same datasets given again are no error, as the answer to the first
        call may have been lost.

        Parameters
        ----------
        run : `str`
            A run of this registry.
        datasets : sequence of `~butler.DatasetRef`
            With artifacts, in any datastores; ids as
            `butler.values.new_dataset_id` makes them.
        roots : `~collections.abc.Mapping` [`str`, `str`], optional
            URIs of the datastores' roots, by their names, as the writer knew
            them: refused if they aren't there any more.

        Returns
        -------
        new : `int`
            How many weren't registered before.

        Raises
        ------
        ArtifactMissingError
            If one has no artifacts, or its id is older than the grace period
            and nobody holds the run.
        DatasetExistsError
            If the run has one of them, or an id is taken.
        DatasetTypeNotFoundError, CollectionNotFoundError, UnitNotFoundError
            If a name isn't registered.
        InvalidDataIdError
            If a data ID doesn't fit the type. One error names every bad row.
        PermissionDeniedError
            If the run is frozen or belongs to a layer under this one.
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
        root: str | None = None,
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
        root : `str`, optional
            URI of the datastore's root, as whoever wrote the bytes knew it:
            refused if it isn't there any more.

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
            As for `put`; one error names every bad row.
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

    @abstractmethod
    def held_runs(self) -> list[HeldRun]:
        """List the runs, of all registries of the database, for which `claim_loose_files` gives no file."""

    @abstractmethod
    def grace_period(self) -> timedelta:
        """For how long after its id was made a dataset can be registered."""

    @abstractmethod
    def now(self) -> datetime:
        """Give the time by the clock that judges how old ids are, UTC."""

    @abstractmethod
    def claim_loose_files(
        self, datastore: str, files: Sequence[LooseFile]
    ) -> AbstractContextManager[frozenset[str]]:
        """Keep files from becoming datasets, while they are deleted.

        Gives the paths of those that may be deleted before the context ends:
        that no registry of the database has, whose names have an id older
        than the grace period (for an id of another version than 7, that were
        modified longer ago); none while a run is held.

        Raises
        ------
        InvalidDataIdError
            If there is no such datastore.
        """

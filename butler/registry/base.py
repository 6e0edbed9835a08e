"""What a registry is: the interface that every implementation keeps.

A registry never opens an artifact, and never decides where bytes lie.
``butler.testing.RegistryTests`` is the suite that shows an implementation right.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from butler.registry.upkeep import Upkeep
from butler.values import Artifact, Collection, DataId, DatasetRef, DatasetType, Removal

if TYPE_CHECKING:
    from butler.registry.rows import DatasetRefs, Rows

__all__ = ["BegunPut", "Existing", "Filed", "HeldTrash", "OpenIntent", "Registry", "TrashedArtifact"]


@dataclass(frozen=True, slots=True)
class BegunPut:
    """A dataset that may now be written.

    Parameters
    ----------
    id : `uuid.UUID`
        Its id.
    dataset_type : `~butler.DatasetType`
        Its kind.
    data_id : `~butler.DataId`
        Its labels, complete.
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
class Existing:
    """A dataset that a run had already.

    Parameters
    ----------
    id : `uuid.UUID`
        Its id.
    same_bytes : `bool`
        Whether it has an artifact of the same size and SHA-256 as the one
        that was to be filed.
    """

    id: UUID
    same_bytes: bool


@dataclass(frozen=True, slots=True)
class Filed:
    """What became of datasets filed in bulk.

    Parameters
    ----------
    new : `int`
        How many were registered.
    existing : `~collections.abc.Mapping` [`uuid.UUID`, `Existing`]
        The id that one was to have → what the run has instead.
    """

    new: int
    existing: Mapping[UUID, Existing]


@dataclass(frozen=True, slots=True)
class OpenIntent:
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


class Registry(Upkeep):
    """Labels, collections, provenance and locations of datasets."""

    # Definitions ---------------------------------------------------------

    @abstractmethod
    def register_camera(self, definition: Mapping[str, Any], *, replace: bool = False) -> None:
        """Register a camera with its sensors and filters; the same again changes nothing.

        Parameters
        ----------
        definition : `~collections.abc.Mapping`
            Plain data, as `butler.cameras.CameraDefinition.to_json` gives it.
        replace : `bool`
            Whether to overwrite what differs.

        Raises
        ------
        DefinitionConflictError
            If it is registered otherwise and may not be replaced.
        """

    @abstractmethod
    def register_skymap(self, definition: Mapping[str, Any], *, replace: bool = False) -> None:
        """Register a sky map with its tracts and patches; the same again changes nothing.

        Parameters
        ----------
        definition : `~collections.abc.Mapping`
            ``{"skymap", "doc", "tracts": [{"tract", "region", "patches": [{"patch", "region"}]}]}``;
            regions are lists of (ra, dec) vertices, ICRS, degrees.
        replace : `bool`
            Whether to overwrite what differs.

        Raises
        ------
        DefinitionConflictError
            If it is registered otherwise and may not be replaced.
        InvalidRegionError
            If a region isn't one.
        """

    @abstractmethod
    def register_units(self, unit: str, rows: Sequence[Mapping[str, Any]], *, replace: bool = False) -> int:
        """Register visits, observed sensors, labels … ; rows that are there and agree count as done.

        Parameters
        ----------
        unit : `str`
            Name of the view that lists them.
        rows : sequence of `~collections.abc.Mapping`
            Keys are the view's columns. Times are TAI, as ISO texts without a
            zone; regions lists of (ra, dec) vertices, ICRS, degrees.
        replace : `bool`
            Whether to overwrite what differs.

        Returns
        -------
        new : `int`
            How many were not there.
        """

    @abstractmethod
    def register_dataset_type(self, dataset_type: DatasetType) -> bool:
        """Register a dataset type; the same again changes nothing and returns `False`.

        Raises
        ------
        DefinitionConflictError
            If the name is registered with other units or another storage class.
        InvalidDataIdError
            If a unit is unknown.
        """

    @abstractmethod
    def register_collection(self, name: str, collection_type: str, doc: str = "") -> bool:
        """Register a run, tagged, chained or calibration collection; returns whether it is new."""

    @abstractmethod
    def register_datastore(self, name: str, root: str) -> bool:
        """Register a datastore by name and root URI; returns whether it is new."""

    @abstractmethod
    def set_chain(self, name: str, members: Sequence[str]) -> None:
        """Make a chain hold these collections, in search order."""

    @abstractmethod
    def freeze_collection(self, name: str, frozen: bool = True) -> None:
        """Freeze a collection, or release it."""

    # Look-up -------------------------------------------------------------

    @abstractmethod
    def find(
        self,
        dataset_type: str,
        data_id: Mapping[str, Any],
        collections: Sequence[str],
        *,
        as_of: datetime | str | None = None,
        required: bool = True,
    ) -> DatasetRef | None:
        """Find a dataset in the first of some collections that has it.

        Parameters
        ----------
        dataset_type : `str`
            Its type.
        data_id : `~collections.abc.Mapping`
            Its labels; today's words for units and names of sensors and
            visits are understood.
        collections : sequence of `str`
            Searched in order, chains included.
        as_of : `datetime.datetime` or `str`, optional
            Find what was there at this time, with a time zone.
        required : `bool`
            Whether finding none is an error.

        Raises
        ------
        DatasetNotFoundError
            If none has it and it is required.
        """

    @abstractmethod
    def get_dataset(self, dataset_id: UUID) -> DatasetRef:
        """Look a dataset up by its id.

        Raises
        ------
        DatasetNotFoundError
            If there is none.
        """

    @abstractmethod
    def find_in_run(
        self, run: str, dataset_type: str, data_ids: Sequence[Mapping[str, Any]]
    ) -> list[tuple[DataId, UUID | None]]:
        """Complete data IDs as people write them, and say which of them a run has.

        Parameters
        ----------
        run : `str`
            Name of a run, which need not be there yet.
        dataset_type : `str`
            Their type.
        data_ids : sequence of `~collections.abc.Mapping`
            Their labels.

        Returns
        -------
        found : `list` [(`~butler.DataId`, `uuid.UUID` or `None`)]
            The complete data ID, and the dataset; in the same order.

        Raises
        ------
        InvalidDataIdError, AmbiguousDataIdError
            If a data ID doesn't fit the type. One error names every bad row.
        """

    @abstractmethod
    def datasets(
        self,
        dataset_type: str,
        collections: Sequence[str],
        data_id: Mapping[str, Any],
        *,
        find_first: bool = True,
        as_of: datetime | str | None = None,
    ) -> DatasetRefs:
        """List the datasets of a type for which the units given have the values given."""

    @abstractmethod
    def query(self, sql: str, parameters: Mapping[str, Any] | None = None) -> Rows:
        """Run one SELECT on the common schema, read only, when its rows are first asked for.

        Parameters
        ----------
        sql : `str`
            One statement; parameters are written ``:name``.
        parameters : `~collections.abc.Mapping`, optional
            Their values.
        """

    @abstractmethod
    def dataset_type(self, name: str) -> DatasetType:
        """Look a dataset type up."""

    @abstractmethod
    def collections(self, pattern: str = "*") -> list[Collection]:
        """List collections whose names match a pattern with ``*`` and ``?``."""

    @abstractmethod
    def cameras(self) -> list[dict[str, Any]]:
        """Give the definitions of all cameras."""

    # Writing -------------------------------------------------------------

    @abstractmethod
    def begin_put(
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
    def file_datasets(
        self,
        run: str,
        dataset_type: str,
        datastore: str,
        rows: Iterable[tuple[UUID, Mapping[str, Any], Artifact]],
        *,
        skip_existing: bool = False,
    ) -> Filed:
        """Register many datasets of one type whose bytes are there already, in one transaction.

        Parameters
        ----------
        run, dataset_type, datastore : `str`
            What they go into, are, and lie in. The run is made if it isn't
            there.
        rows : iterable of (`uuid.UUID`, `~collections.abc.Mapping`, `~butler.Artifact`)
            One an artifact: the dataset's id, its complete data ID in the
            units' own names, the artifact. Those of one dataset follow each
            other. Read as they are filed, some thousands in memory.
        skip_existing : `bool`
            Whether to pass over those that the run has.

        Returns
        -------
        filed : `Filed`
            How many are new, and which the run had.

        Raises
        ------
        ButlerError
            As for `begin_put`; one error names every bad row.
        """

    @abstractmethod
    def finish_put(self, written: Mapping[UUID, Sequence[Artifact]], *, skip_existing: bool = False) -> int:
        """Register datasets whose bytes are safe; all of them or none.

        Parameters
        ----------
        written : `~collections.abc.Mapping`
            Id to artifacts.
        skip_existing : `bool`
            Whether to pass over those that another process has put since
            they began, instead of refusing all. They stay begun:
            `abandon_put` tells which they are.

        Returns
        -------
        filed : `int`
            How many were registered.

        Raises
        ------
        DatasetExistsError
            If another process was first.
        DatasetNotFoundError
            If one has not begun, or was given up meanwhile.
        """

    @abstractmethod
    def abandon_put(self, dataset_ids: Sequence[UUID]) -> list[UUID]:
        """Give up puts that have begun: they can't end any more.

        Returns
        -------
        unregistered : `list` [`uuid.UUID`]
            Those that are no datasets and can't become any: their bytes may
            be deleted, and then they are to be forgotten by `forget_puts`.
            One that isn't among them was registered after all.
        """

    @abstractmethod
    def forget_puts(self, dataset_ids: Sequence[UUID]) -> int:
        """Say that the bytes of puts that were given up are deleted; returns how many are forgotten.

        Puts that weren't given up stay.
        """

    @abstractmethod
    def reap_puts(
        self, datastore: str, older_than: timedelta, *, after: UUID | None = None, limit: int = 1000
    ) -> list[OpenIntent]:
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
        puts : `list` [`OpenIntent`]
            By their ids, also those that were given up before. The bytes of
            those that aren't registered may be deleted, and then they are to
            be forgotten by `forget_puts`. One that is just ending is passed
            over.
        """

    @abstractmethod
    def open_intents(self, older_than: timedelta) -> list[OpenIntent]:
        """List puts that began longer ago than this and didn't end, also those that were given up."""

    @abstractmethod
    def associate(self, collection: str, dataset_ids: Sequence[UUID]) -> int:
        """Put datasets into a tagged collection, or into a run as its inputs; returns how many were new."""

    @abstractmethod
    def disassociate(self, collection: str, dataset_ids: Sequence[UUID]) -> int:
        """Take datasets out of a tagged collection; returns how many were in it."""

    # Removing ------------------------------------------------------------

    @abstractmethod
    def unstore(
        self, dataset_ids: Sequence[UUID], *, reason: str = "", force: bool = False, dry_run: bool = False
    ) -> list[Removal]:
        """Give up the bytes of datasets; see `butler.Butler.unstore`."""

    @abstractmethod
    def remove(
        self, dataset_ids: Sequence[UUID], *, reason: str = "", force: bool = False, dry_run: bool = False
    ) -> list[Removal]:
        """Remove datasets; see `butler.Butler.remove`."""

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
        """Remove a collection; see `butler.Butler.remove_collection`."""

    @abstractmethod
    def restore(self, dataset_ids: Sequence[UUID]) -> int:
        """Bring back datasets whose bytes are still in the trash; see `butler.Butler.restore`."""

    @abstractmethod
    def claim_trash(
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
    def hold_trash(self, datastore: str, dataset_ids: Iterable[UUID]) -> AbstractContextManager[HeldTrash]:
        """Keep what was claimed from everybody else while its bytes are deleted.

        As long as it is claimed, nobody registers one of its files anew; what
        is dropped in the block is forgotten at its end, and not before. If the
        block raises, all of it stays claimed.
        """

    # Provenance ----------------------------------------------------------

    @abstractmethod
    def set_run_environment(self, run: str, dataset_id: UUID) -> bool:
        """Say which dataset describes a run's environment; the first to say so wins."""

    @abstractmethod
    def begin_quantum(
        self, run: str, task: str, data_id: Mapping[str, Any], inputs: Sequence[UUID], host: str
    ) -> int:
        """Record that a task begins, with the inputs that it will read."""

    @abstractmethod
    def predict_inputs(self, quantum_id: int, inputs: Sequence[UUID]) -> None:
        """Say that a running quantum will read more."""

    @abstractmethod
    def end_quantum(
        self, quantum_id: int, status: str, inputs_read: Sequence[UUID], message: str | None = None
    ) -> None:
        """Record that a quantum is ``done`` or ``failed``, and what it really read."""

    @abstractmethod
    def close(self) -> None:
        """Let go of connections; the registry opens them anew when it is used again."""

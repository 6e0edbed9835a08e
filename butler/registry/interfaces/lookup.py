"""Finding datasets by their data IDs, their ids and their files."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, overload
from uuid import UUID

from butler.values import DataId, DatasetRef

__all__ = ["Lookup"]


class Lookup(ABC):
    """Datasets that are known by their data IDs, their ids or their files."""

    @overload
    def find(
        self,
        dataset_type: str,
        data_id: Mapping[str, Any],
        collections: Sequence[str],
        *,
        as_of: datetime | str | None = None,
        required: Literal[True] = True,
    ) -> DatasetRef: ...
    @overload
    def find(
        self,
        dataset_type: str,
        data_id: Mapping[str, Any],
        collections: Sequence[str],
        *,
        as_of: datetime | str | None = None,
        required: bool,
    ) -> DatasetRef | None: ...
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
            Its data ID; today's words for units and names of sensors and
            visits are understood.
        collections : sequence of `str`
            Searched in order, chains included.
        as_of : `datetime.datetime` or `str`, optional
            Find what was there at this time, with a time zone.
        required : `bool`
            Whether finding none is an error.

        Returns
        -------
        ref : `~butler.DatasetRef` or `None`
            With its artifacts; `None` only where it isn't required.

        Raises
        ------
        DatasetNotFoundError
            If none has it and it is required.
        ArtifactMissingError
            If the one that was there at the time has been removed since.
        DatasetTypeNotFoundError, CollectionNotFoundError
            If a name isn't registered.
        InvalidDataIdError, AmbiguousDataIdError
            If the data ID doesn't fit the type, or the time has no zone.
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
            As people write them.

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
    def get_dataset(self, dataset_id: UUID) -> DatasetRef:
        """Look a dataset up by its id, with its artifacts.

        Raises
        ------
        DatasetNotFoundError
            If there is none.
        """

    @abstractmethod
    def with_artifacts(self, refs: Iterable[DatasetRef]) -> list[DatasetRef]:
        """Give the same datasets, in their order, with their artifacts; however many, in one statement.

        Those whose bytes are gone come with none.
        """

    @abstractmethod
    def datasets_at(self, datastore: str | None, paths: Iterable[str]) -> dict[str, UUID]:
        """Give those of these paths that are artifacts, each with its dataset.

        Parameters
        ----------
        datastore : `str` or `None`
            In which they are artifacts; `None` for any, as for files in
            place, whose whole URIs mean the same everywhere.
        paths : iterable of `str`
            As artifacts have them.
        """

"""What a registry knows before it has datasets: cameras, sky maps, units, types, datastores."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

from butler.registry.results import Rows
from butler.values import DatasetType, RegisteredDatastore

__all__ = ["Definitions"]


class Definitions(ABC):
    """Cameras, sky maps, units, dataset types and datastores."""

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
    def register_datastore(self, name: str, root: str) -> bool:
        """Register a datastore by name and root URI; returns whether it is new."""

    @abstractmethod
    def dataset_type(self, name: str) -> DatasetType:
        """Look a dataset type up.

        Raises
        ------
        DatasetTypeNotFoundError
            If it isn't registered; the message names those with near names.
        """

    @abstractmethod
    def dataset_types(self, pattern: str = "*") -> list[DatasetType]:
        """List dataset types whose names match a pattern with ``*`` and ``?``, by name."""

    @abstractmethod
    def cameras(self) -> list[dict[str, Any]]:
        """Give the definitions of all cameras, as `register_camera` takes them, by name."""

    @abstractmethod
    def describe_cameras(self) -> Rows:
        """List cameras, each with how many sensors, filters and visits it has, and its ``doc``."""

    @abstractmethod
    def describe_skymaps(self) -> Rows:
        """List sky maps, each with how many tracts and patches it has, and its ``doc``."""

    @abstractmethod
    def datastores(self) -> dict[str, RegisteredDatastore]:
        """Give each datastore with its root URI, and the mark that the root must bear, by name."""

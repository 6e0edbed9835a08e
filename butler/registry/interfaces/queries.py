"""Lists: of datasets, of units, and of whatever SQL asks for."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from butler.registry.results import DatasetRefs, Rows

__all__ = ["Queries"]


class Queries(ABC):
    """Lists of datasets and units, and SELECTs on the common schema."""

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
        """List the datasets of a type for which the units given have the values given.

        Parameters
        ----------
        dataset_type : `str`
            Their type.
        collections : sequence of `str`
            Where to look, in order, chains included.
        data_id : `~collections.abc.Mapping`
            Any of the type's units.
        find_first : `bool`
            Whether to give of each data ID only what the first collection
            has; else a dataset comes once for each collection that holds it.
        as_of : `datetime.datetime` or `str`, optional
            List what was there at this time, with a time zone.

        Raises
        ------
        DatasetTypeNotFoundError, CollectionNotFoundError
            If a name isn't registered.
        InvalidDataIdError, AmbiguousDataIdError
            If the data ID has a unit that isn't the type's, or a wrong value.
        """

    @abstractmethod
    def units(self, view: str, values: Mapping[str, Any], *, limit: int | None = None) -> Rows:
        """List the rows of a unit's view in which the columns given have the values given.

        Parameters
        ----------
        view : `str`
            Name of the view, such as ``visit``.
        values : `~collections.abc.Mapping`
            Column, or today's word for a unit, to value; `None` for what
            isn't known.
        limit : `int`, optional
            At most so many rows.

        Raises
        ------
        InvalidDataIdError
            If there is no such view or column.
        """

    @abstractmethod
    def uris(self, dataset_ids: Iterable[UUID]) -> Rows:
        """Give ``dataset_id, component, uri`` of datasets, in their order.

        One that is not known, or whose bytes are gone, has nulls.
        """

    @abstractmethod
    def sql(self, statement: str, parameters: Mapping[str, Any] | None = None) -> Rows:
        """Run one SELECT on the common schema, read only, when its rows are first asked for.

        Parameters
        ----------
        statement : `str`
            One statement; parameters are written ``:name``.
        parameters : `~collections.abc.Mapping`, optional
            Their values.

        Raises
        ------
        ExpressionError
            If it isn't one statement, or the database can't make sense of it.
        PermissionDeniedError
            If it isn't a reading one.
        """

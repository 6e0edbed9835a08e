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
        """List the datasets of a type for which the units given have the values given."""

    @abstractmethod
    def units(self, view: str, values: Mapping[str, Any], *, limit: int | None = None) -> Rows:
        """List the rows of a unit's view in which the columns given have the values given.

        Parameters
        ----------
        view : `str`
            Name of the view, such as ``visit``.
        values : `~collections.abc.Mapping`
            Column, or today's word for a unit, to value.
        limit : `int`, optional
            At most so many rows.

        Raises
        ------
        InvalidDataIdError
            If there is no such view or column.
        """

    @abstractmethod
    def uris(self, dataset_ids: Iterable[UUID]) -> Rows:
        """Give ``dataset_id, component, uri`` of datasets, in their order; one without files has nulls."""

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

"""Lists of datasets, as a Butler sees them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from butler.arguments import data_id_of
from butler.context import Context
from butler.registry.results import DatasetRefs

__all__ = ["Query"]


class Query:
    """Lists of datasets: ``butler.query``.

    Parameters
    ----------
    context : `~butler.context.Context`
        Whose search path is used.
    """

    def __init__(self, context: Context) -> None:
        self._context = context

    def datasets(
        self,
        dataset_type: str,
        data_id: Mapping[str, Any] | None = None,
        /,
        *,
        collections: Sequence[str] | str | None = None,
        find_first: bool = True,
        as_of: datetime | str | None = None,
        **units: Any,
    ) -> DatasetRefs:
        """List the datasets of a type for which the units given have the values given.

        Parameters
        ----------
        dataset_type : `str`
            Their type.
        data_id : `~collections.abc.Mapping`, optional
            Some of their data IDs' values; more may be given as keywords.
        collections : sequence of `str`, optional
            Searched instead of the Butler's own.
        find_first : `bool`
            Whether of several with the same data ID only the first
            collection's counts.
        as_of : `datetime.datetime` or `str`, optional
            List what was there at that time.
        **units
            More of them.

        Returns
        -------
        refs : `~butler.registry.results.DatasetRefs`
            Refs when iterated over, with their artifacts by
            ``with_artifacts()``; ``to_arrow()``, ``to_pandas()`` and
            ``to_astropy()`` give tables, ``to_batches()`` streams one.
        """
        context, registry = self._context, self._context.registry
        values = data_id_of(data_id, units)

        def find(path: Sequence[str]) -> DatasetRefs:
            return registry.queries.datasets(dataset_type, path, values, find_first=find_first, as_of=as_of)

        return DatasetRefs(
            lambda: context.search(lambda path: find(path).fetched, collections),
            lambda: registry.definitions.dataset_type(dataset_type),
            registry.lookup.with_artifacts,
            lambda: context.search(lambda path: find(path).to_batches(), collections),
        )

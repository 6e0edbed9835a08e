"""Lists of datasets, as a Butler sees them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from butler.registry.results import DatasetRefs

if TYPE_CHECKING:
    from butler.butler import Butler

__all__ = ["Query"]


class Query:
    """Lists of datasets, as a Butler sees them.

    Parameters
    ----------
    butler : `~butler.Butler`
        Whose search path is used.
    """

    def __init__(self, butler: Butler) -> None:
        self._butler = butler

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
            Some of their labels; more may be given as keywords.
        collections : sequence of `str`, optional
            Searched instead of the Butler's own.
        find_first : `bool`
            Whether of several with the same labels only the first
            collection's counts.
        as_of : `datetime.datetime` or `str`, optional
            List what was there at that time.
        **units
            Some of their labels.

        Returns
        -------
        refs : `~butler.registry.results.DatasetRefs`
            Refs when iterated over; ``to_arrow()``, ``to_pandas()`` and
            ``to_astropy()`` give tables, ``to_batches()`` streams one.
        """
        registry, labels = self._butler.registry, {**(data_id or {}), **units}

        def look(path: Sequence[str]) -> DatasetRefs:
            return registry.datasets(dataset_type, path, labels, find_first=find_first, as_of=as_of)

        return DatasetRefs(
            lambda: self._butler.search(lambda path: look(path).fetched, collections),
            lambda: registry.dataset_type(dataset_type),
            lambda: self._butler.search(lambda path: look(path).to_batches(), collections),
        )

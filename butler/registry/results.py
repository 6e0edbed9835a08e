"""Results of queries: lazy tables that become whatever the user works with."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple, overload
from uuid import UUID

from butler.units import UNITS
from butler.values import DataId, DatasetRef, DatasetType

if TYPE_CHECKING:
    import astropy.table
    import pandas
    import pyarrow

__all__ = ["DatasetRefs", "Fetched", "Rows", "dataset_columns"]

_TOGETHER = 1000
"""Datasets whose artifacts are looked up in one statement."""


class Fetched(NamedTuple):
    """Column names and rows, as they came from the database."""

    columns: tuple[str, ...]
    rows: Sequence[Sequence[Any]]


class Rows:
    """Rows of a query, fetched once, when they are first asked for.

    Parameters
    ----------
    fetch : callable
        Runs the query.

    Examples
    --------
    >>> rows = butler.registry.query("SELECT visit, exposure_time FROM visit")  # doctest: +SKIP
    >>> rows.to_astropy()  # doctest: +SKIP
    """

    def __init__(self, fetch: Callable[[], Fetched]) -> None:
        self._fetch = fetch

    @cached_property
    def fetched(self) -> Fetched:
        """Columns and rows as they came from the database."""
        return self._fetch()

    @cached_property
    def _row_type(self) -> Any:
        from collections import namedtuple

        return namedtuple("Row", self.columns, rename=True)

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns."""
        return self.fetched.columns

    def __len__(self) -> int:
        return len(self.fetched.rows)

    def __iter__(self) -> Iterator[Any]:
        return map(self._row_type._make, self.fetched.rows)

    @overload
    def __getitem__(self, index: int) -> Any: ...
    @overload
    def __getitem__(self, index: slice) -> list[Any]: ...
    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return [self._row_type._make(row) for row in self.fetched.rows[index]]
        return self._row_type._make(self.fetched.rows[index])

    def scalar(self) -> Any:
        """Give the one value of a query that has one row and one column."""
        ((value,),) = self.fetched.rows
        return value

    def to_arrow(self) -> pyarrow.Table:
        """Give the rows as an Arrow table; ids and ranges are texts in it."""
        import pyarrow as pa

        columns = zip(*self.fetched.rows, strict=True) if self.fetched.rows else ([],) * len(self.columns)
        arrays = [_arrow_array([_plain(value) for value in column]) for column in columns]
        return pa.Table.from_arrays(arrays, names=list(self.columns))

    def to_pandas(self) -> pandas.DataFrame:
        """Give the rows as a pandas data frame."""
        return self.to_arrow().to_pandas()

    def to_astropy(self) -> astropy.table.Table:
        """Give the rows as an Astropy table; nulls are masked."""
        import numpy as np
        from astropy.table import MaskedColumn, Table

        arrow = self.to_arrow()
        table = Table()
        for name in arrow.column_names:
            column = arrow.column(name)
            mask = np.asarray(column.is_null())
            filled = column.to_pylist()
            if mask.any():
                spare = next((value for value in filled if value is not None), "")
                filled = [spare if value is None else value for value in filled]
                table[name] = MaskedColumn(filled, mask=mask)
            else:
                table[name] = filled
        return table

    def __repr__(self) -> str:
        if "fetched" not in self.__dict__:
            return "<Rows, not fetched yet>"
        return f"<Rows: {len(self)} of {', '.join(self.columns)}>"

    def _repr_html_(self) -> str:
        from html import escape

        head = "".join(f"<th>{escape(name)}</th>" for name in self.columns)
        body = "".join(
            "<tr>" + "".join(f"<td>{escape(str(value))}</td>" for value in row) + "</tr>"
            for row in self.fetched.rows[:20]
        )
        more = f"<p>{len(self)} rows, 20 shown</p>" if len(self) > 20 else ""
        return f"<table><tr>{head}</tr>{body}</table>{more}"


class DatasetRefs(Rows):
    """Datasets that a query found: refs when iterated over, columns when made a table.

    Parameters
    ----------
    fetch : callable
        Gives rows of dataset id, data ID, run, collection.
    dataset_type : callable
        Gives the dataset type.
    with_artifacts : callable
        Gives refs with their artifacts, in one statement.
    stream : callable
        Runs the same query anew and gives Arrow batches while rows come, with
        the columns of `dataset_columns`.
    """

    def __init__(
        self,
        fetch: Callable[[], Fetched],
        dataset_type: Callable[[], DatasetType],
        with_artifacts: Callable[[Iterable[DatasetRef]], list[DatasetRef]],
        stream: Callable[[], Iterator[pyarrow.RecordBatch]],
    ) -> None:
        super().__init__(fetch)
        self._dataset_type = dataset_type
        self._with_artifacts = with_artifacts
        self._stream = stream

    def __iter__(self) -> Iterator[DatasetRef]:
        dataset_type = self._dataset_type()
        return (self._ref(dataset_type, row) for row in self.fetched.rows)

    @overload
    def __getitem__(self, index: int) -> DatasetRef: ...
    @overload
    def __getitem__(self, index: slice) -> list[DatasetRef]: ...
    def __getitem__(self, index: int | slice) -> DatasetRef | list[DatasetRef]:
        dataset_type = self._dataset_type()
        if isinstance(index, slice):
            return [self._ref(dataset_type, row) for row in self.fetched.rows[index]]
        return self._ref(dataset_type, self.fetched.rows[index])

    def with_artifacts(self) -> Iterator[DatasetRef]:
        """Give the refs with their artifacts, so that each can be read without another look-up.

        One statement a thousand datasets.

        Examples
        --------
        >>> for ref in butler.query.datasets("calexp").with_artifacts():  # doctest: +SKIP
        ...     image = butler.get(ref)
        """
        refs = iter(self)
        while some := list(islice(refs, _TOGETHER)):
            yield from self._with_artifacts(some)

    @staticmethod
    def _ref(dataset_type: DatasetType, row: Sequence[Any]) -> DatasetRef:
        dataset_id, data_id, run, _collection = row
        return DatasetRef(
            dataset_id,
            dataset_type,
            DataId({unit: data_id[unit] for unit in dataset_type.units}),
            run,
        )

    def to_arrow(self) -> pyarrow.Table:
        """Give one row a dataset: its id, a column a unit, its run and the collection it was found in."""
        import pyarrow as pa

        return pa.Table.from_batches(self.to_batches(), dataset_columns(self._dataset_type().units))

    def to_batches(self) -> Iterator[pyarrow.RecordBatch]:
        """Give the rows of `to_arrow` some at a time, while they come: memory for a few thousand is enough.

        Examples
        --------
        >>> for batch in butler.query.datasets("calexp").to_batches():  # doctest: +SKIP
        ...     print(batch.num_rows)
        """
        if "fetched" not in self.__dict__:
            return self._stream()
        return iter(self._fetched_table().to_batches())

    def _fetched_table(self) -> pyarrow.Table:
        import pyarrow as pa

        units = self._dataset_type().units
        rows = [
            (str(dataset_id), *(data_id.get(unit) for unit in units), run, collection)
            for dataset_id, data_id, run, collection in self.fetched.rows
        ]
        columns = dataset_columns(units)
        values = zip(*rows, strict=True) if rows else ([],) * len(columns)
        return pa.Table.from_arrays(
            [
                pa.array(list(each), column_type)
                for each, column_type in zip(values, columns.types, strict=True)
            ],
            schema=columns,
        )

    def __repr__(self) -> str:
        if "fetched" not in self.__dict__:
            return "<DatasetRefs, not fetched yet>"
        return f"<DatasetRefs: {len(self)} of {self._dataset_type().name}>"


def dataset_columns(units: Sequence[str]) -> pyarrow.Schema:
    """Give the columns of a table of datasets with these units."""
    import pyarrow as pa

    return pa.schema(
        [
            ("dataset_id", pa.string()),
            *((unit, pa.int64() if UNITS[unit].python_type is int else pa.string()) for unit in units),
            ("run", pa.string()),
            ("collection", pa.string()),
        ]
    )


def _arrow_array(column: Sequence[Any]) -> Any:
    import pyarrow as pa

    try:
        return pa.array(column)
    except OverflowError:  # a sum may have more than 64 bits
        return pa.array([Decimal(value) if isinstance(value, int) else value for value in column])


def _plain(value: Any) -> Any:
    """Turn what Arrow has no type for into text or bytes."""
    if isinstance(value, memoryview):
        return value.tobytes()
    if isinstance(value, UUID) or (hasattr(value, "lower_inc") and hasattr(value, "upper_inc")):
        return str(value)
    if isinstance(value, (dict, list)):
        import json

        return json.dumps(value, default=str)
    return value

"""The parameters ``columns`` and ``rows`` of tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import index
from typing import Any

from butler.errors import StorageClassError, nearest

__all__ = ["cut", "wanted_columns", "wanted_rows"]


def wanted_columns(parameters: Mapping[str, Any], known: Sequence[str]) -> list[str] | None:
    """Columns to read, in the order asked for; `None` for all.

    Raises
    ------
    StorageClassError
        If one isn't in the table, or is asked for twice.
    """
    if "columns" not in parameters:
        return None
    columns = parameters["columns"]
    if isinstance(columns, str):
        columns = [columns]
    columns = list(columns)
    for column in columns:
        if column not in known:
            raise StorageClassError(
                f"the table has no column {column!r}",
                hint=nearest(str(column), known),
                details={"column": column, "valid": list(known)},
            )
    if len(set(columns)) < len(columns):
        raise StorageClassError(f"a column is named twice in {columns!r}", hint="Name each once.")
    return columns


def wanted_rows(parameters: Mapping[str, Any], length: int) -> tuple[int, int] | None:
    """First row and the one after the last; `None` for all.

    Raises
    ------
    StorageClassError
        If ``rows`` is neither a slice without a step nor a pair of numbers.
    """
    if "rows" not in parameters:
        return None
    rows = parameters["rows"]
    try:
        wanted = rows if isinstance(rows, slice) else slice(*map(index, _pair(rows)))
        start, stop, step = wanted.indices(length)
    except (TypeError, ValueError) as error:
        raise _no_rows(rows) from error
    if step != 1:
        raise _no_rows(rows)
    return start, max(start, stop)


def cut(table: Any, parameters: Mapping[str, Any]) -> Any:
    """Columns and rows of an astropy table that was read whole."""
    columns = wanted_columns(parameters, table.colnames)
    if columns is not None:
        table = table[columns]
    rows = wanted_rows(parameters, len(table))
    return table if rows is None else table[slice(*rows)]


def _pair(rows: Any) -> tuple[Any, Any]:
    start, stop = rows
    return start, stop


def _no_rows(rows: Any) -> StorageClassError:
    return StorageClassError(
        f"rows {rows!r} isn't a range of rows", hint="Give (first, last + 1) or a slice without a step."
    )

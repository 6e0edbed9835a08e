"""Arrow tables of astropy tables, and back.

Columns become plain Arrow columns that any reader of Parquet understands,
masked values become nulls. What Arrow has no place for — units, descriptions,
metadata, columns such as times and coordinates — goes into the schema's
metadata ``table_meta_yaml``, in astropy's own spelling, and the NumPy types
beside it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from butler.errors import StorageClassError

__all__ = ["TABLES", "from_arrow", "logical_columns", "table_from_arrow", "table_to_arrow", "to_arrow"]

TABLES = frozenset({"Table", "DataFrame", "ArrowTable"})
"""Storage classes of tables."""

_HEADER = b"table_meta_yaml"
_TYPES = b"butler_types"
_SERIALIZED = "__serialized_columns__"


def table_to_arrow(table: Any) -> Any:
    """Arrow table of a table of any of the three types."""
    import pyarrow as pa
    from astropy.table import Table

    if isinstance(table, pa.Table):
        return table
    return to_arrow(table) if isinstance(table, Table) else pa.Table.from_pandas(table)


def table_from_arrow(table: Any, storage_class: str) -> Any:
    """Table of the Python type that a storage class holds."""
    if storage_class == "ArrowTable":
        return table
    return table.to_pandas() if storage_class == "DataFrame" else from_arrow(table)


def to_arrow(table: Any) -> Any:
    """Arrow table of an astropy table.

    Parameters
    ----------
    table : `astropy.table.Table`
        With columns of any class that astropy can serialize.

    Returns
    -------
    table : `pyarrow.Table`

    Raises
    ------
    StorageClassError
        If a column is of a type that Arrow hasn't.
    """
    import pyarrow as pa
    from astropy.table import meta, serialize

    plain = serialize.represent_mixins_as_columns(table)
    arrays = {name: _to_array(name, column) for name, column in plain.columns.items()}
    types = {
        name: {"dtype": column.dtype.newbyteorder("=").str, "masked": hasattr(column, "mask")}
        for name, column in plain.columns.items()
    }
    metadata = {
        _HEADER: "\n".join(meta.get_yaml_from_table(plain)).encode(),
        _TYPES: json.dumps(types).encode(),
    }
    return pa.table(arrays).replace_schema_metadata(metadata)


def from_arrow(table: Any) -> Any:
    """Undo `to_arrow`; also for Arrow tables of other origin and parts of tables.

    Returns
    -------
    table : `astropy.table.Table`
    """
    from astropy.table import Table, serialize

    header = _header(table.schema)
    described = {column["name"]: column for column in header.get("datatype", ())}
    types = json.loads((table.schema.metadata or {}).get(_TYPES, b"{}"))
    columns = {
        name: _to_column(table.column(name), types.get(name, {}), described.get(name, {}))
        for name in table.column_names
    }
    metadata = dict(header.get("meta") or {})
    serialized = metadata.pop(_SERIALIZED, {})
    kept = {name: entry for name, entry in serialized.items() if _stored(entry) <= set(columns)}
    if kept:
        metadata[_SERIALIZED] = kept
    plain = Table(columns, meta=metadata)
    # The same private call as in each of astropy's own readers; there is no public one.
    return serialize._construct_mixins_from_columns(plain) if kept else plain


def logical_columns(schema: Any) -> dict[str, list[str]]:
    """Columns of the astropy table, each with those of the Arrow table that hold it."""
    serialized = (_header(schema).get("meta") or {}).get(_SERIALIZED, {})
    owner = {stored: name for name, entry in serialized.items() for stored in _stored(entry)}
    columns: dict[str, list[str]] = {}
    for name in schema.names:
        columns.setdefault(owner.get(name, name), []).append(name)
    return columns


def _header(schema: Any) -> dict[str, Any]:
    from astropy.table import meta

    text = (schema.metadata or {}).get(_HEADER)
    if text is None:
        return {}
    header: dict[str, Any] = meta.get_header_from_yaml(text.decode().split("\n"))
    return header


def _stored(entry: Mapping[str, Any]) -> set[str]:
    """Names of the stored columns in an entry of astropy's table of serialized columns."""
    if "name" in entry and not isinstance(entry["name"], Mapping):
        return {entry["name"]}
    return set().union(*(_stored(part) for part in entry.values() if isinstance(part, Mapping)))


def _to_array(name: str, column: Any) -> Any:
    import numpy as np
    import pyarrow as pa

    kind = column.dtype.kind
    mask = np.ascontiguousarray(column.mask).reshape(-1) if hasattr(column, "mask") else None
    values = np.ascontiguousarray(getattr(column, "data", column)).reshape(-1)
    if isinstance(values, np.ma.MaskedArray):
        values = values.data
    if kind in "US":
        texts = [
            None if mask is not None and mask[row] else value for row, value in enumerate(values.tolist())
        ]
        flat = pa.array(texts, pa.string() if kind == "U" else pa.binary())
    elif kind in "biuf" and column.dtype.itemsize <= 8:
        flat = pa.array(values.astype(values.dtype.newbyteorder("="), copy=False), mask=mask)
    else:
        raise StorageClassError(
            f"column {name!r} of type {column.dtype} can't be kept in Parquet",
            hint="Convert the column to numbers or text, or configure the formatter 'ecsv'.",
            details={"column": name, "dtype": str(column.dtype)},
        )
    for size in reversed(column.shape[1:]):
        if size == 0:
            raise StorageClassError(
                f"column {name!r} of shape {column.shape} can't be kept in Parquet", hint="Leave it out."
            )
        flat = pa.FixedSizeListArray.from_arrays(flat, size)
    return flat


def _to_column(chunks: Any, stored: Mapping[str, Any], described: Mapping[str, Any]) -> Any:
    import numpy as np
    import pyarrow as pa
    from astropy.table import Column, MaskedColumn

    array = chunks.combine_chunks()
    if isinstance(array, pa.ChunkedArray):
        array = pa.concat_arrays(array.chunks) if array.num_chunks else pa.array([], array.type)
    shape = [len(array)]
    while pa.types.is_fixed_size_list(array.type):
        shape.append(array.type.list_size)
        array = array.flatten()
    mask = np.asarray(array.is_null().to_numpy(zero_copy_only=False))
    if array.null_count:
        array = array.fill_null(_filler(array.type))
    values = np.asarray(array.to_numpy(zero_copy_only=False))
    if values.dtype == object and values.size and isinstance(values[0], (str, bytes)):
        values = np.array(values.tolist())
    if "dtype" in stored:
        values = values.astype(stored["dtype"])
    details = {key: described.get(key) for key in ("unit", "description", "format", "meta")}
    if mask.any() or stored.get("masked"):
        return MaskedColumn(values.reshape(shape), mask=mask.reshape(shape), **details)
    return Column(values.reshape(shape), **details)


def _filler(arrow_type: Any) -> Any:
    import pyarrow as pa

    if pa.types.is_string(arrow_type) or pa.types.is_large_string(arrow_type):
        return ""
    if pa.types.is_binary(arrow_type) or pa.types.is_large_binary(arrow_type):
        return b""
    return pa.scalar(0).cast(arrow_type)

"""Tables in HDF5: a dataset a column, so that any reader can have one alone.

A column of numbers is an array, with those of fixed-size lists as its further
axes; where values are missing, ``nulls`` has an array of truth values of the
same name. Text and bytes are a group: all bytes one after another, and the
offset where each value begins and the last one ends. The Arrow schema beside
them says what the numbers mean.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from butler.datastore.formatters.hdf5.file import Hdf5Reader, Hdf5Writer
from butler.datastore.formatters.tables.arrow import logical_columns
from butler.datastore.formatters.tables.rows import wanted_columns, wanted_rows
from butler.errors import StorageClassError

__all__ = ["read_table", "write_table"]

_SCHEMA = "schema"
_ROWS = "rows"
_COLUMNS = "columns"
_NULLS = "nulls"
_OFFSETS = "offsets"
_BYTES = "bytes"
_PLAIN = "".join(chr(code) for code in range(0x20, 0x7F) if chr(code) not in "%/")


def write_table(writer: Hdf5Writer, table: Any) -> None:
    """Write a `pyarrow.Table`.

    Raises
    ------
    StorageClassError
        If a column is of a type without a place here, or two have one name.
    """
    writer.content(_SCHEMA, table.schema.serialize().to_pybytes())
    writer.attribute(_ROWS, table.num_rows)
    columns, nulls = writer.group(_COLUMNS), writer.group(_NULLS)
    if len(set(table.column_names)) < table.num_columns:
        raise StorageClassError("two columns of the table have one name", hint="Rename one of them.")
    for name, chunks in zip(table.column_names, table.columns, strict=True):
        _write_column(columns, nulls, name, chunks)


def read_table(reader: Hdf5Reader, parameters: Mapping[str, Any]) -> Any:
    """Read the columns and rows asked for as a `pyarrow.Table`."""
    import pyarrow as pa

    schema = pa.ipc.read_schema(pa.py_buffer(reader.content(_SCHEMA)))
    stored = logical_columns(schema)
    wanted = wanted_columns(parameters, list(stored))
    names = schema.names if wanted is None else [part for column in wanted for part in stored[column]]
    first, end = wanted_rows(parameters, reader.number(_ROWS)) or (0, reader.number(_ROWS))
    columns, nulls = reader.group(_COLUMNS), reader.group(_NULLS)
    fields = [schema.field(name) for name in names]
    arrays = [_read_column(columns, nulls, field, first, end) for field in fields]
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields, schema.metadata))


def _write_column(columns: Hdf5Writer, nulls: Hdf5Writer, name: str, chunks: Any) -> None:
    import numpy as np
    import pyarrow as pa

    array = pa.concat_arrays(chunks.chunks) if chunks.num_chunks else pa.array([], chunks.type)
    shape = [len(array)]
    while pa.types.is_fixed_size_list(array.type) and not array.null_count:
        shape.append(array.type.list_size)
        array = array.flatten()
    missing = np.asarray(array.is_null().to_numpy(zero_copy_only=False))
    stored = _stored(name)
    if _is_text(array.type):
        group = columns.group(stored)
        offsets, content = _text_buffers(array)
        group.array(_OFFSETS, offsets)
        group.array(_BYTES, content)
    else:
        columns.array(stored, _numbers(name, array).reshape(shape))
    if missing.any():
        nulls.array(stored, missing.reshape(shape))


def _read_column(columns: Hdf5Reader, nulls: Hdf5Reader, field: Any, first: int, end: int) -> Any:
    import pyarrow as pa
    import pyarrow.compute as pc

    sizes: list[int] = []
    arrow_type = field.type
    while pa.types.is_fixed_size_list(arrow_type):
        sizes.append(arrow_type.list_size)
        arrow_type = arrow_type.value_type
    stored = _stored(field.name)
    if _is_text(arrow_type):
        each = math.prod(sizes)
        array = _read_text(columns.group(stored), first * each, end * each).cast(arrow_type)
    elif pa.types.is_null(arrow_type):
        array = pa.nulls((end - first) * math.prod(sizes))
    else:
        numbers = pa.array(columns.array(stored, (slice(first, end),)).reshape(-1))
        array = numbers.view(arrow_type)
    if stored in nulls and not pa.types.is_null(arrow_type):
        missing = pa.array(nulls.array(stored, (slice(first, end),)).reshape(-1))
        array = pc.if_else(missing, pa.scalar(None, array.type), array)
    for size in reversed(sizes):
        array = pa.FixedSizeListArray.from_arrays(array, size)
    return array.cast(field.type)


def _numbers(name: str, array: Any) -> Any:
    """Values as NumPy has them; those of times and dates as the integers that they are."""
    import numpy as np
    import pyarrow as pa

    arrow_type = array.type
    if pa.types.is_boolean(arrow_type):
        return np.asarray(array.fill_null(False).to_numpy(zero_copy_only=False))
    if pa.types.is_null(arrow_type):
        return np.zeros(len(array), np.uint8)
    if pa.types.is_integer(arrow_type) or pa.types.is_floating(arrow_type):
        dtype = np.dtype(arrow_type.to_pandas_dtype())
    elif pa.types.is_temporal(arrow_type) and arrow_type.bit_width <= 64:
        dtype = np.dtype(f"i{arrow_type.bit_width // 8}")
    else:
        raise StorageClassError(
            f"column {name!r} of type {arrow_type} has no place in HDF5",
            hint="Convert the column, or configure the formatter 'parquet'.",
            details={"column": name, "type": str(arrow_type)},
        )
    buffer = array.buffers()[1]
    if buffer is None:
        return np.zeros(len(array), dtype)
    return np.frombuffer(buffer, dtype)[array.offset : array.offset + len(array)]


def _is_text(arrow_type: Any) -> bool:
    from pyarrow import types

    return bool(
        types.is_string(arrow_type)
        or types.is_large_string(arrow_type)
        or types.is_binary(arrow_type)
        or types.is_large_binary(arrow_type)
    )


def _text_buffers(array: Any) -> tuple[Any, Any]:
    """Offset of each value and of the end, and all bytes."""
    import numpy as np
    import pyarrow as pa

    wide = array.fill_null("" if "string" in str(array.type) else b"").cast(pa.large_binary())
    _, offsets, content = wide.buffers()
    if not len(wide):
        return np.zeros(1, np.int64), np.zeros(0, np.uint8)
    ends = np.frombuffer(offsets, np.int64)[wide.offset : wide.offset + len(wide) + 1]
    start, end = int(ends[0]), int(ends[-1])
    if start == end:
        return ends - start, np.zeros(0, np.uint8)
    return ends - start, np.frombuffer(content, np.uint8)[start:end]


def _read_text(group: Hdf5Reader, first: int, end: int) -> Any:
    import pyarrow as pa

    offsets = group.array(_OFFSETS, (slice(first, end + 1),))
    start = int(offsets[0])
    content = group.array(_BYTES, (slice(start, int(offsets[-1])),))
    array = pa.LargeBinaryArray.from_buffers(
        pa.large_binary(), end - first, [None, pa.py_buffer(offsets - start), pa.py_buffer(content)]
    )
    array.validate(full=True)
    return array


def _stored(name: str) -> str:
    """Name of a column as HDF5 can have it: no slash, not empty, not the dot, which is the group itself."""
    return "%2E" if name == "." else quote(name, safe=_PLAIN) or "%"

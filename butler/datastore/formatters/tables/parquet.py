"""Tables in Parquet."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from butler.datastore.formatters.base import Formatter
from butler.datastore.formatters.tables.arrow import TABLES, logical_columns, table_from_arrow, table_to_arrow
from butler.datastore.formatters.tables.rows import wanted_columns, wanted_rows
from butler.errors import FormatError

__all__ = ["ParquetFormatter"]

_IDENTITY = b"butler"
_GROUP_ROWS = 1 << 16


class ParquetFormatter(Formatter):
    """Tables of astropy, pandas and Arrow; a file written from one is read as any.

    ``columns`` and ``rows`` read only those columns and groups of rows. Every
    page has a checksum. The identity is the metadata key ``butler``.
    """

    name = "parquet"
    extensions = (".parquet", ".parq")
    storage_classes = TABLES
    signatures = (b"PAR1",)
    detects_damage = True

    def write(self, obj: Any, path: Path, identity: Mapping[str, Any], *, storage_class: str) -> None:
        """Write a table of any of the three types."""
        from pyarrow import parquet

        table = table_to_arrow(obj)
        metadata = {**(table.schema.metadata or {}), _IDENTITY: json.dumps(identity).encode()}
        with path.open("xb") as stream:
            parquet.write_table(
                table.replace_schema_metadata(metadata),
                stream,
                row_group_size=_GROUP_ROWS,
                compression="zstd",
                write_page_checksum=True,
            )

    def read(
        self, path: Path, *, storage_class: str, component: str | None, parameters: Mapping[str, Any]
    ) -> Any:
        """Read the columns and rows asked for."""
        table = self._read(path, parameters)
        metadata = {key: value for key, value in (table.schema.metadata or {}).items() if key != _IDENTITY}
        return table_from_arrow(table.replace_schema_metadata(metadata or None), storage_class)

    def _read(self, path: Path, parameters: Mapping[str, Any]) -> Any:
        from pyarrow import parquet

        # Not by name: Arrow takes only such as are UTF-8.
        with (
            path.open("rb") as stream,
            parquet.ParquetFile(stream, page_checksum_verification=True) as file,
        ):
            stored = logical_columns(file.schema_arrow)
            columns = wanted_columns(parameters, list(stored))
            names = None if columns is None else [part for column in columns for part in stored[column]]
            rows = wanted_rows(parameters, file.metadata.num_rows)
            groups, offset = _groups(file.metadata, rows)
            table = file.read_row_groups(groups, columns=names)
        if names is not None:
            table = table.select(names)
        return table if rows is None else table.slice(rows[0] - offset, rows[1] - rows[0])

    def validate(self, path: Path) -> None:
        """Read the footer."""
        self._metadata(path)

    def _metadata(self, path: Path) -> Any:
        from pyarrow import ArrowException, parquet

        try:
            with path.open("rb") as stream:
                return parquet.read_metadata(stream)
        except (ArrowException, OSError) as error:
            if getattr(error, "errno", None) is not None:
                raise
            raise FormatError(
                f"{str(path)!r} isn't Parquet: {error}",
                hint="The file is cut short, or not of this format.",
                details={"file": str(path)},
            ) from error

    def identify(self, path: Path) -> dict[str, Any] | None:
        """Read the footer's key ``butler``."""
        text = (self._metadata(path).metadata or {}).get(_IDENTITY)
        if text is None:
            return None
        identity: dict[str, Any] = json.loads(text)
        return identity


def _groups(metadata: Any, rows: tuple[int, int] | None) -> tuple[list[int], int]:
    """Groups that hold a range of rows, and the number of the first row in them."""
    if rows is None:
        return list(range(metadata.num_row_groups)), 0
    groups: list[int] = []
    offset = first = 0
    for group in range(metadata.num_row_groups):
        end = offset + metadata.row_group(group).num_rows
        if offset < rows[1] and end > rows[0]:
            if not groups:
                first = offset
            groups.append(group)
        offset = end
    return groups, first if groups else rows[0]

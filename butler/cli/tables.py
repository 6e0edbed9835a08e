"""Rows as files for programs: JSON, CSV, VOTable, FITS, ECSV, Parquet."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from butler.cli.arguments import TableFormat
from butler.errors import FormatError

__all__ = ["plain", "scalar", "write_table"]

Cells = Sequence[Sequence[Any]]


def write_table(form: TableFormat, columns: Sequence[str], rows: Cells, path: Path) -> None:
    """Write rows to a new file.

    Times become ISO texts, except in Parquet; ids and ranges become texts;
    JSON values become JSON texts, except in JSON.

    Raises
    ------
    FormatError
        If the format can't hold them.
    """
    repeated = sorted({name for name in columns if list(columns).count(name) > 1})
    if repeated and form != TableFormat.CSV:
        raise FormatError(
            f"{form} can't hold two columns named {', '.join(repeated)}",
            hint="Name them differently: SELECT … AS …, or choose the format csv or table.",
        )
    try:
        _WRITERS[form](columns, rows, path)
    except (ValueError, TypeError, OverflowError, ArithmeticError) as error:
        raise FormatError(
            f"{form} can't hold these rows: {str(error).splitlines()[0]}",
            hint="Choose another format, or convert the column in the query.",
        ) from error


def plain(value: Any) -> Any:
    """Give a value as JSON can carry it: NaN and infinity as null."""
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Decimal):
        whole = value.is_finite() and value == value.to_integral_value()
        return int(value) if whole else plain(float(value))
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, (bytes, memoryview)):
        return bytes(value).hex()
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return str(value)


def _write_json(columns: Sequence[str], rows: Cells, path: Path) -> None:
    import json

    # Half a character, which a file may say, is written as JSON escapes it.
    with path.open("w", encoding="utf-8", errors="backslashreplace") as file:
        file.write("[")
        for number, row in enumerate(rows):
            file.write(",\n " if number else "\n ")
            file.write(json.dumps(dict(zip(columns, map(plain, row), strict=True)), ensure_ascii=False))
        file.write("\n]\n" if rows else "]\n")


def _write_csv(columns: Sequence[str], rows: Cells, path: Path) -> None:
    import csv

    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([scalar(value) for value in row] for row in rows)


def _write_parquet(columns: Sequence[str], rows: Cells, path: Path) -> None:
    import pyarrow.parquet

    from butler.registry.results import Fetched, Rows

    pyarrow.parquet.write_table(Rows(lambda: Fetched(tuple(columns), rows)).to_arrow(), path)


def _with_astropy(form: str, **options: Any) -> Callable[[Sequence[str], Cells, Path], None]:
    def write(columns: Sequence[str], rows: Cells, path: Path) -> None:
        import warnings

        from butler.registry.results import Fetched, Rows

        scalars = [[_in_64_bits(scalar(value)) for value in row] for row in rows]
        table = Rows(lambda: Fetched(tuple(columns), scalars)).to_astropy()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            table.write(path, format=form, **options)

    return write


def scalar(value: Any) -> Any:
    """Give a value as text or number."""
    if isinstance(value, float):
        return value
    simple = plain(value)
    if isinstance(simple, (dict, list)):
        import json

        return json.dumps(simple, ensure_ascii=False)
    return simple


def _in_64_bits(value: Any) -> Any:
    return float(value) if isinstance(value, int) and abs(value) >= 2**63 else value


_WRITERS: dict[TableFormat, Callable[[Sequence[str], Cells, Path], None]] = {
    TableFormat.JSON: _write_json,
    TableFormat.CSV: _write_csv,
    TableFormat.VOTABLE: _with_astropy("votable"),
    TableFormat.FITS: _with_astropy("fits"),
    TableFormat.ECSV: _with_astropy("ascii.ecsv"),
    TableFormat.PARQUET: _write_parquet,
}

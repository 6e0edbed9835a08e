"""Reports that can be read while they grow, so that whoever is killed leaves what was done so far."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from butler.cli.arguments import TableFormat
from butler.cli.console import format_of, writing_to
from butler.cli.tables import plain, scalar

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["growing_report"]


@contextmanager
def growing_report(path: Path | None, columns: Sequence[str]) -> Iterator[Callable[[Sequence[Any]], None]]:
    """Give what adds a row to a file that is well formed after each of them.

    A row is one call of the system, together with what ends the file.

    Parameters
    ----------
    path : `~pathlib.Path` or `None`
        The file, whose name says the format; it is replaced by one without
        rows. Nothing is written for `None`, nor for FITS, Parquet and VOTable,
        which can't grow.
    columns : sequence of `str`
        Their names. All are written as texts, but in JSON.
    """
    form = None if path is None else _FORMS.get(format_of(path))
    if path is None or form is None:
        yield lambda _row: None
        return
    end = form.end.encode()
    with ExitStack() as stack:
        with writing_to(path) as new:
            # Opened before it has its name, which another process may take for its own.
            file = stack.enter_context(new.open("wb", buffering=0))
            place = file.write(form.begin(columns).encode())
            file.write(end)
        rows = 0

        def add(row: Sequence[Any]) -> None:
            nonlocal place, rows
            text = form.row(dict(zip(columns, row, strict=True)))
            added = ((form.between if rows else "") + text).encode(errors="backslashreplace")
            os.pwrite(file.fileno(), added + end, place)
            place += len(added)
            rows += 1

        yield add


@dataclass(frozen=True, slots=True)
class _Form:
    begin: Callable[[Sequence[str]], str]
    row: Callable[[Mapping[str, Any]], str]
    between: str = ""
    end: str = ""


def _begin_ecsv(columns: Sequence[str]) -> str:
    described = "".join(f"# - {{name: {name}, datatype: string}}\n" for name in columns)
    return f"# %ECSV 1.0\n# ---\n# datatype:\n{described}# schema: astropy-2.0\n{' '.join(columns)}\n"


def _separated(row: Mapping[str, Any], **dialect: Any) -> str:
    line = StringIO()
    csv.writer(line, lineterminator="\n", **dialect).writerow(map(scalar, row.values()))
    return line.getvalue()


def _json_row(row: Mapping[str, Any]) -> str:
    return "\n " + json.dumps({name: plain(value) for name, value in row.items()}, ensure_ascii=False)


_FORMS: dict[TableFormat | None, _Form] = {
    TableFormat.ECSV: _Form(_begin_ecsv, lambda row: _separated(row, delimiter=" ", quoting=csv.QUOTE_ALL)),
    TableFormat.CSV: _Form(lambda columns: ",".join(columns) + "\n", _separated),
    TableFormat.JSON: _Form(lambda _columns: "[", _json_row, between=",", end="\n]\n"),
}

"""What the command writes: tables in several formats, records, notes, progress, questions."""

from __future__ import annotations

import os
import sys
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import typer

from butler.cli.arguments import ListFormat, TableFormat
from butler.cli.session import Session

__all__ = [
    "are",
    "confirm",
    "counted",
    "format_for",
    "format_of",
    "human_size",
    "note",
    "progress",
    "shown",
    "warn",
    "write_json",
    "write_line",
    "write_list",
    "write_record",
    "write_rows",
    "writing_to",
]

_BY_EXTENSION = {
    ".json": TableFormat.JSON,
    ".csv": TableFormat.CSV,
    ".xml": TableFormat.VOTABLE,
    ".vot": TableFormat.VOTABLE,
    ".votable": TableFormat.VOTABLE,
    ".fits": TableFormat.FITS,
    ".fit": TableFormat.FITS,
    ".ecsv": TableFormat.ECSV,
    ".parquet": TableFormat.PARQUET,
}
_FOR_PROGRAMS = (TableFormat.FITS, TableFormat.PARQUET)


def write_rows(
    columns: Sequence[str],
    rows: Sequence[Sequence[Any]],
    wanted: TableFormat | None,
    output: Path | None = None,
) -> None:
    """Write rows in a format.

    Parameters
    ----------
    columns : sequence of `str`
        Their names.
    rows : sequence of sequences
        Their values.
    wanted : `TableFormat` or `None`
        The format, as for `format_for`.
    output : `~pathlib.Path`, optional
        The file; standard output by default, or for ``-``.

    Raises
    ------
    FormatError
        If the format can't hold the rows.
    """
    form = format_for(wanted, output)
    to_terminal = output in (None, Path("-")) and sys.stdout.isatty()
    if form in _FOR_PROGRAMS and to_terminal:
        raise typer.BadParameter(f"{form} is not for a terminal: name a file by --output")
    if form == TableFormat.TABLE and to_terminal:
        print("\n".join(_for_terminal(columns, rows)))
        return
    with writing_to(output) as path:
        if form == TableFormat.TABLE:
            path.write_text(_joined(_aligned(columns, rows)), encoding="utf-8")
        else:
            from butler.cli.tables import write_table

            write_table(form, columns, rows, path)


def format_for(wanted: TableFormat | None, output: Path | None) -> TableFormat:
    """Give the format that is asked for, else the one that the file's name says, else a table to read."""
    return wanted or (output and format_of(output)) or TableFormat.TABLE


def format_of(output: Path) -> TableFormat | None:
    """Give the format that a file's name says, if it says one."""
    return _BY_EXTENSION.get(output.suffix.lower())


def write_list(columns: Sequence[str], rows: Iterable[Sequence[Any]], form: ListFormat) -> None:
    """Write a short list to standard output."""
    write_rows(columns, list(rows), TableFormat(form))


def write_record(record: Mapping[str, Any], form: ListFormat) -> None:
    """Write one thing's properties to standard output."""
    if form == ListFormat.JSON:
        import json

        from butler.cli.tables import plain

        print(
            json.dumps({name: plain(value) for name, value in record.items()}, ensure_ascii=False, indent=1)
        )
    else:
        print(_joined(_record_lines(record)), end="")


def write_line(text: object) -> None:
    """Write one line to standard output, whatever is in what people and files have said."""
    print(shown(text))


def write_json(document: Mapping[str, Any], output: Path | None) -> None:
    """Write a JSON document to a file, or to standard output."""
    import json

    with writing_to(output) as path:
        path.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


@contextmanager
def writing_to(output: Path | None) -> Iterator[Path]:
    """Give a path to write a new file at, which becomes the output when all of it is written.

    Parameters
    ----------
    output : `~pathlib.Path` or `None`
        The file; standard output for `None` and ``-``.
    """
    import shutil
    import tempfile

    to_file = output is not None and output != Path("-")
    with tempfile.TemporaryDirectory(
        prefix=".butler-", dir=output.absolute().parent if output and to_file else None
    ) as folder:
        path = Path(folder, output.name if output and to_file else "output")
        yield path
        if output and to_file:
            path.replace(output)
        else:
            sys.stdout.flush()
            with path.open("rb") as written:
                shutil.copyfileobj(written, sys.stdout.buffer)
            sys.stdout.buffer.flush()


def note(session: Session, message: str) -> None:
    """Say what was done, beside the results."""
    if not session.quiet:
        # Who reads both in one stream reads them in the order they were said.
        sys.stdout.flush()
        print(message, file=sys.stderr)


def warn(messages: Iterable[str]) -> None:
    """Warn of what the command found and can't judge."""
    import warnings

    for message in messages:
        warnings.warn(message, stacklevel=2)


@contextmanager
def progress(session: Session, what: str) -> Iterator[Callable[[int, int], None]]:
    """Show progress on a terminal, and nothing elsewhere.

    Parameters
    ----------
    session : `~butler.cli.session.Session`
        Says whether to.
    what : `str`
        What goes on.

    Yields
    ------
    report : callable
        To be called with how many are done, and of how many; of 0 if nobody knows.
    """
    if session.quiet or not sys.stderr.isatty():
        yield lambda _done, _of: None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        ProgressColumn,
        Task,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )
    from rich.text import Text

    class Rate(ProgressColumn):
        def render(self, task: Task) -> Text:
            return Text(f"{task.speed:,.0f}/s" if task.speed else "")

    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        Rate(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    with bar:
        task = bar.add_task(what, total=None)
        yield lambda done, of: bar.update(task, completed=done, total=of or None)


def shown(value: Any) -> str:
    """Give a value as one line that can't command the terminal."""
    if value is None:
        return ""
    if isinstance(value, (list, tuple)):
        value = ", ".join(map(str, value))
    elif isinstance(value, dict):
        import json

        value = json.dumps(value, ensure_ascii=False, default=str)
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in str(value))


def confirm(question: str, yes: bool) -> None:
    """Ask before what can't be undone, and end the command unless the answer is yes."""
    if not yes and not typer.confirm(shown(question), err=True):
        print("Nothing was done.", file=sys.stderr)
        raise typer.Exit(1)


def counted(number: int, noun: str, plural: str = "") -> str:
    """Give a number of things in words: ``1 dataset``, ``2 datasets``."""
    return f"{number} {noun if number == 1 else plural or f'{noun}s'}"


def are(number: int, planned: bool = False) -> str:
    """Give the verb that goes with `counted`."""
    return "would be" if planned else "is" if number == 1 else "are"


def human_size(size: int) -> str:
    """Give a number of bytes as people read it, in powers of 1000."""
    if size < 1000:
        return f"{size} bytes"
    value = float(size)
    for unit in ("kB", "MB", "GB"):
        value /= 1000
        if value < 1000:
            return f"{value:.1f} {unit}"
    return f"{value / 1000:.1f} TB"


def _for_terminal(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> Iterable[str]:
    """Give a table that fits the terminal, or a paragraph a row where none can."""
    import shutil

    lines = _aligned(columns, rows)
    if max(map(_width, lines)) <= shutil.get_terminal_size().columns:
        bold = "NO_COLOR" not in os.environ
        return (f"\033[1m{lines[0]}\033[0m" if bold else lines[0], *lines[1:])
    return (line for row in rows for line in (*_record_lines(dict(zip(columns, row, strict=True))), ""))


def _aligned(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> list[str]:
    texts = [list(columns), *([shown(value) for value in row] for row in rows)]
    widths = [max(map(_width, column)) for column in zip(*texts, strict=True)]
    to_the_right = [_all_numbers(column) for column in zip(*rows, strict=True)] or [False] * len(columns)
    return [
        "  ".join(
            _padding(text, width) + text if right else text + _padding(text, width)
            for text, width, right in zip(row, widths, to_the_right, strict=True)
        ).rstrip()
        for row in texts
    ]


def _record_lines(record: Mapping[str, Any]) -> list[str]:
    width = max(map(len, record), default=0)
    return [f"{name:{width}}  {shown(value)}".rstrip() for name, value in record.items()]


def _joined(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def _all_numbers(column: Sequence[Any]) -> bool:
    from numbers import Number

    return all(isinstance(v, Number) and not isinstance(v, bool) for v in column if v is not None)


def _width(text: str) -> int:
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text
    )


def _padding(text: str, width: int) -> str:
    return " " * (width - _width(text))

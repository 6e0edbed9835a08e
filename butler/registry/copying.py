"""Rows as streams that PostgreSQL's COPY reads and writes, a chunk in memory at a time."""

from __future__ import annotations

import io
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from threading import Thread
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow
    from sqlalchemy import Connection

__all__ = ["copied_batches", "copy_rows"]

_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
_ESCAPED = re.compile(r"[\\\t\n\r]")


class _CopyStream(io.RawIOBase):
    def __init__(self, lines: Iterator[bytes]) -> None:
        self._lines = lines
        self._rest = b""
        self.failure: Exception | None = None

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        try:
            while size < 0 or len(self._rest) < size:
                line = next(self._lines, None)
                if line is None:
                    break
                self._rest += line
        except Exception as error:
            self.failure = error
            raise
        size = len(self._rest) if size < 0 else size
        chunk, self._rest = self._rest[:size], self._rest[size:]
        return chunk


def copy_rows(cursor: Any, statement: str, rows: Iterable[Iterable[Any]]) -> None:
    """Run ``COPY … FROM STDIN`` with these rows; `None` is null.

    Raises
    ------
    Exception
        What ``rows`` raises, itself: the driver would tell of a cancelled
        statement instead.
    """
    stream = _CopyStream(("\t".join(map(_field, row)) + "\n").encode() for row in rows)
    try:
        cursor.copy_expert(statement, stream)
    except Exception:
        if stream.failure is not None:
            raise stream.failure from None
        raise


def _field(value: Any) -> str:
    if value is None:
        return "\\N"
    if isinstance(value, bytes):
        return f"\\\\x{value.hex()}"
    text = str(value)
    return text.translate(_ESCAPES) if _ESCAPED.search(text) else text


@contextmanager
def copied_batches(
    connection: Connection, query: str, parameters: tuple[Any, ...], columns: pyarrow.Schema
) -> Iterator[Iterator[pyarrow.RecordBatch]]:
    """Run a query by ``COPY … TO STDOUT``, and give its rows as Arrow batches while they come.

    The driver writes into a pipe, in a thread, no faster than the batches are
    taken. A connection whose answer isn't read to its end is closed.

    Parameters
    ----------
    connection : `sqlalchemy.Connection`
        Nothing else may use it meanwhile.
    query : `str`
        A SELECT, with marks for its parameters.
    parameters : `tuple`
        Their values.
    columns : `pyarrow.Schema`
        Of the rows.

    Raises
    ------
    Exception
        What the driver raises, when the context begins or while batches are
        taken.
    """
    from pyarrow import ArrowInvalid, csv

    failures: list[BaseException] = []
    driver: Any = connection.connection
    cursor = driver.cursor()
    statement = f"COPY ({cursor.mogrify(query, parameters).decode()}) TO STDOUT WITH (FORMAT csv, HEADER)"
    reading, writing = os.pipe()

    def copy() -> None:
        # Unbuffered: what can't be written to a reader that has gone isn't tried again at the end.
        with os.fdopen(writing, "wb", buffering=0) as sink:
            try:
                cursor.copy_expert(statement, sink)
            except BaseException as error:
                failures.append(error)

    thread = Thread(target=copy, daemon=True)
    thread.start()

    def failure(otherwise: Exception) -> BaseException:
        thread.join()
        return failures[0] if failures else otherwise

    def batches() -> Iterator[pyarrow.RecordBatch]:
        try:
            yield from rows
        except ArrowInvalid as error:  # the text ends in the middle of a row
            raise failure(error) from None
        thread.join()
        if failures:
            raise failures[0]

    complete = False
    try:
        with os.fdopen(reading, "rb") as source:
            try:
                rows = csv.open_csv(
                    source,
                    convert_options=csv.ConvertOptions(
                        column_types=columns,
                        null_values=[""],
                        strings_can_be_null=True,
                        quoted_strings_can_be_null=False,
                    ),
                )
            except ArrowInvalid as error:  # nothing came, not even the names of the columns
                raise failure(error) from None
            taken = batches()
            yield taken
            complete = next(taken, None) is None
            rows.close()
    finally:
        thread.join()
        if not complete:
            connection.invalidate()

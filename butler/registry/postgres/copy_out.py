"""What PostgreSQL's COPY writes, a chunk in memory at a time."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow

__all__ = ["copied_batches"]


@contextmanager
def copied_batches(
    connection: Any, query: str, parameters: tuple[Any, ...], columns: pyarrow.Schema
) -> Iterator[Iterator[pyarrow.RecordBatch]]:
    """Run a query by ``COPY … TO STDOUT``, and give its rows as Arrow batches while they come.

    The driver writes into a pipe, in a thread, no faster than the batches are
    taken. A connection whose answer isn't read to its end is closed.

    Parameters
    ----------
    connection : `psycopg2.extensions.connection`
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
    cursor = connection.cursor()
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
            read = batches()
            yield read
            complete = next(read, None) is None
            rows.close()
    finally:
        thread.join()
        if not complete:
            connection.close()

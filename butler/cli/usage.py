"""``butler du``: how much is stored, by run, dataset type, collection or datastore."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from butler.cli.arguments import FormatOption, Glob, OutputFile, TableFormat, examples
from butler.cli.console import format_of, human_size, note, write_rows
from butler.cli.session import session_of

__all__ = ["add_to"]


class By(StrEnum):
    """What to add up by."""

    RUN = "run"
    TYPE = "type"
    COLLECTION = "collection"
    DATASTORE = "datastore"


_COLUMNS = {By.RUN: "run", By.TYPE: "dataset_type", By.DATASTORE: "datastore"}
_BY_COLUMN = """
    SELECT {0},
        coalesce(sum(datasets) FILTER (WHERE state = 'present'), 0)::bigint AS datasets,
        coalesce(sum(bytes) FILTER (WHERE state = 'present' AND NOT in_place), 0)::bigint AS bytes,
        coalesce(sum(bytes) FILTER (WHERE state = 'present' AND in_place), 0)::bigint AS in_place,
        coalesce(sum(bytes) FILTER (WHERE state IN ('trashed', 'deleting')), 0)::bigint AS trashed
    FROM storage_use WHERE {0} LIKE :name GROUP BY {0} ORDER BY {0}
"""
_BY_COLLECTION = """
    SELECT c.collection, c.collection_type, count(DISTINCT c.dataset_id) AS datasets,
        coalesce(sum(a.size) FILTER (WHERE a.path !~ '^[a-z][a-z0-9+.-]*:'), 0)::bigint AS bytes,
        coalesce(sum(a.size) FILTER (WHERE a.path ~ '^[a-z][a-z0-9+.-]*:'), 0)::bigint AS in_place
    FROM dataset_collection AS c
    INNER JOIN artifact AS a ON a.dataset_id = c.dataset_id AND a.state = 'present'
    WHERE c.collection LIKE :name GROUP BY c.collection, c.collection_type ORDER BY c.collection
"""
_SIZES = frozenset({"bytes", "in_place", "trashed"})


def add_to(application: typer.Typer) -> None:
    """Add the command."""
    application.command(
        epilog=examples("butler du", "butler du --by type --format json", "butler du 'Peep*' --by collection")
    )(du)


def du(
    ctx: typer.Context,
    pattern: Glob = "*",
    by: Annotated[By, typer.Option("--by", help="What to add up by.")] = By.RUN,
    form: FormatOption = None,
    output: OutputFile = None,
) -> None:
    """Show how much is stored.

    From the database: number of datasets, bytes in the datastore, bytes of
    files that were ingested in place, bytes in the trash. A dataset counts
    in each collection that it is in. In SQL: SELECT * FROM storage_use.
    """
    from butler.registry.binding import like_pattern
    from butler.registry.rows import Fetched, Rows

    session = session_of(ctx)
    query = _BY_COLLECTION if by == By.COLLECTION else _BY_COLUMN.format(_COLUMNS[by])
    with session.reading() as butler:
        rows = butler.registry.query(query, {"name": like_pattern(pattern)})
        columns, cells = rows.columns, [tuple(row) for row in rows]
    if (form or (output and format_of(output)) or TableFormat.TABLE) == TableFormat.TABLE:
        sized = [
            tuple(
                human_size(value) if column in _SIZES else value
                for column, value in zip(columns, row, strict=True)
            )
            for row in cells
        ]
    else:
        sized = cells
    fetched = Fetched(tuple(columns), sized)
    write_rows(Rows(lambda: fetched), form, output)
    if by != By.COLLECTION:
        total = sum(row[columns.index("bytes")] for row in cells)
        note(session, f"{human_size(total)} in all")

"""``butler du``: how much is stored, by run, dataset type, collection or datastore."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from butler.cli.arguments import FormatOption, Glob, OutputFile, TableFormat
from butler.cli.commands import examples, new_app
from butler.cli.console import format_for, human_size, note, write_rows
from butler.cli.session import session_of

if TYPE_CHECKING:
    from butler.registry.interfaces.administration import UsedBy

__all__ = ["app"]


class By(StrEnum):
    """What to add up by."""

    RUN = "run"
    TYPE = "type"
    COLLECTION = "collection"
    DATASTORE = "datastore"


_COLUMNS: dict[By, UsedBy] = {
    By.RUN: "run",
    By.TYPE: "dataset_type",
    By.COLLECTION: "collection",
    By.DATASTORE: "datastore",
}
_SIZES = frozenset({"bytes", "in_place", "trashed"})

app = new_app()


@app.command(
    epilog=examples("butler du", "butler du --by type --format json", "butler du 'Peep*' --by collection")
)
def du(
    ctx: typer.Context,
    pattern: Glob = "*",
    by: Annotated[By, typer.Option("--by", help="What to add up by.")] = By.RUN,
    form: FormatOption = None,
    output: OutputFile = None,
) -> None:
    """Show how much is stored.

    From the database: number of datasets, bytes in the datastore, bytes of
    files that were ingested in place, bytes in the trash, but not what is being
    deleted. A dataset counts in each collection that it is in. In SQL: SELECT *
    FROM storage_use.
    """
    session = session_of(ctx)
    with session.reading() as butler:
        columns, rows = butler.registry.administration.storage_use(pattern, by=_COLUMNS[by]).fetched
    shown = rows
    if format_for(form, output) == TableFormat.TABLE:
        sizes = [column in _SIZES for column in columns]
        shown = [
            [human_size(value) if size else value for size, value in zip(sizes, row, strict=True)]
            for row in rows
        ]
    write_rows(columns, shown, form, output)
    if by != By.COLLECTION:
        total = sum(row[columns.index("bytes")] for row in rows)
        note(session, f"{human_size(total)} in all")

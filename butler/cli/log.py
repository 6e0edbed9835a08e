"""``butler log``: who did what."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

import typer

from butler.cli.arguments import FormatOption, OutputFile, read_duration
from butler.cli.commands import examples, new_app
from butler.cli.console import note, write_rows
from butler.cli.session import session_of

__all__ = ["app"]

app = new_app()


def _since(value: str | timedelta | datetime) -> timedelta | datetime:
    if not isinstance(value, str):
        return value
    try:
        return datetime.fromisoformat(value).astimezone()
    except ValueError:
        pass
    try:
        return read_duration(value)
    except typer.BadParameter as error:
        raise typer.BadParameter(f"{error.message}, or a time such as 2026-03-01T12:00:00Z") from None


@app.command(
    epilog=examples(
        "butler log",
        "butler log --since 8h --operation remove",
        "butler log --collection Peepshow/raw --format json",
    )
)
def log(
    ctx: typer.Context,
    since: Annotated[
        timedelta | None,
        typer.Option(
            parser=_since,
            metavar="TIME",
            help="Not before 2026-03-01T12:00:00Z, or longer ago than 8h or 1d.",
        ),
    ] = None,
    by: Annotated[
        str | None, typer.Option("--by", metavar="ROLE", help="Done by this role, or this login.")
    ] = None,
    collection: Annotated[
        str | None,
        typer.Option("--collection", metavar="NAME", help="Concerning it, or datasets of this run."),
    ] = None,
    operation: Annotated[
        str | None,
        typer.Option("--operation", metavar="NAME", help="Such as remove or merge_datasets."),
    ] = None,
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=0, help="At most so many rows.")] = 100,
    form: FormatOption = None,
    output: OutputFile = None,
) -> None:
    """Show who did what, when and from where.

    The newest first, a row a call that changed something, named as the database's function: what is
    ingested is merge_datasets, as it is loaded in bulk. Puts into one's own run have none:
    the datasets tell. What clients told of themselves, nobody has checked. In SQL:
    SELECT * FROM activity.
    """
    session = session_of(ctx)
    with session.reading() as butler:
        found = butler.provenance.activity(
            since=since, by=by, collection=collection, operation=operation, limit=limit
        )
        write_rows(*found.fetched, form, output)
    if not found.fetched.rows:
        note(session, "nothing of that is on record")

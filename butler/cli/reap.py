"""``butler reap``: clearing up after writers that died."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import typer

from butler.cli.arguments import DryRun, ListFormat, ListFormatOption, read_duration
from butler.cli.commands import examples, new_app
from butler.cli.console import note, write_list
from butler.cli.failures import ExitStatus, show_error
from butler.cli.session import session_of

__all__ = ["app"]

_COLUMNS = ("dataset_id", "dataset_type", "hint", "begun", "begun_by", "registry", "failure")

app = new_app()


@app.command(epilog=examples("butler reap --dry-run", "butler reap --older-than 8h"))
def reap(
    ctx: typer.Context,
    older_than: Annotated[
        timedelta,
        typer.Option(
            parser=read_duration, metavar="TIME", show_default="1d", help="How long ago they began."
        ),
    ] = timedelta(days=1),
    dry_run: DryRun = False,
    form: ListFormatOption = ListFormat.TABLE,
) -> None:
    """Clear up after puts that began and never ended.

    Their files are deleted; a writer that is at work all the same gets an error. Exit status 3 if some
    couldn't be deleted; they are tried again the next time.
    """
    session = session_of(ctx)
    with session.writing() as butler:
        puts = list(butler.maintenance.reap(older_than=older_than, dry_run=dry_run))
    if form == ListFormat.JSON:
        rows = [
            (p.id, p.dataset_type, p.hint, p.begun, p.begun_by, p.registry, p.failure or None) for p in puts
        ]
        write_list(_COLUMNS, rows, form)
    else:
        for put in puts:
            print(put)
    failed = [put for put in puts if put.failure]
    for put in failed:
        show_error(f"{put.hint}_{put.id.hex} is left: {put.failure}", "Correct what the reason names.")
    would_be = "would be" if dry_run else "are"
    note(session, f"{len(puts) - len(failed)} unfinished puts {would_be} cleared up")
    if failed:
        raise typer.Exit(ExitStatus.PARTLY)

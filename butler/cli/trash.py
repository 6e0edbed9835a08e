"""``butler trash``: the files of what was unstored or removed."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import typer

from butler.cli.arguments import DryRun, ListFormat, ListFormatOption, Yes
from butler.cli.commands import examples, new_app
from butler.cli.console import are, confirm, counted, human_size, note, progress, write_list
from butler.cli.failures import ExitStatus, show_error
from butler.cli.session import session_of

__all__ = ["app"]

app = new_app("trash")


@app.command("list", epilog=examples("butler trash list", "butler trash list --format json"))
def list_trash(ctx: typer.Context, form: ListFormatOption = ListFormat.TABLE) -> None:
    """List what is in the trash: by run, dataset type, and who put it there when.

    The ids that 'butler restore' takes: butler sql "SELECT dataset_id FROM removal WHERE bytes IS NOT NULL".
    """
    with session_of(ctx).reading() as butler:
        write_list(*butler.registry.removal.trash().fetched, form)


@app.command(epilog=examples("butler trash empty --dry-run", "butler trash empty --now --yes"))
def empty(
    ctx: typer.Context,
    now: Annotated[
        bool, typer.Option("--now", help="Also what could be restored still; for the owner.")
    ] = False,
    dry_run: DryRun = False,
    yes: Yes = False,
) -> None:
    """Delete the files whose time in the trash is over.

    Files that other datasets have, and those ingested in place, stay. Exit
    status 3 if some couldn't be deleted; they are tried again the next time.
    """
    session = session_of(ctx)
    with session.writing(role="owner" if now else "writer") as butler:
        datasets, size = butler.registry.removal.due(now=now)
        # A file of which other datasets have parts stays, and counts for each of them that goes.
        of = f"{counted(datasets, 'dataset')}, at most {human_size(size)},"
        print(f"{of} {'would be' if dry_run else f'{are(datasets)} to be'} deleted")
        if dry_run:
            return
        if now and datasets:
            confirm("Delete them for good?", yes)
        with progress(session, "trash") as report:
            emptied = butler.removal.empty_trash(older_than=timedelta(0) if now else None, on_progress=report)
    for path, reason in emptied.failures:
        show_error(f"{path!r} is left: {reason}", "Correct what the reason names; it is tried again.")
    gone = emptied.artifacts
    note(session, f"{counted(gone, 'artifact')} {are(gone)} deleted, {human_size(emptied.bytes)} are free")
    if emptied.failures:
        raise typer.Exit(ExitStatus.PARTLY)


@app.command(epilog=examples("butler trash delay", "butler trash delay '14 days'"))
def delay(
    ctx: typer.Context,
    interval: Annotated[
        str | None, typer.Argument(metavar="[INTERVAL]", help="Such as '7 days' or '12 hours'.")
    ] = None,
) -> None:
    """Show for how long what is in the trash can be restored, or set it."""
    from butler.errors import ConfigError
    from butler.schema.installation import set_trash_delay

    session = session_of(ctx)
    if interval is not None:
        try:
            with session.owning() as connection:
                set_trash_delay(connection, interval)
        except ConfigError as error:
            raise typer.BadParameter(error.message) from error
    with session.reading() as butler:
        print(butler.registry.removal.delay())

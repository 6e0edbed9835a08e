"""``butler trash``: the files of what was unstored or removed."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from butler.cli.arguments import DryRun, ListFormat, ListFormatOption, Yes, examples
from butler.cli.console import confirm, human_size, note, progress, write_list
from butler.cli.failures import ExitStatus, show_error
from butler.cli.session import session_of

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["add_to"]


def add_to(application: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(no_args_is_help=True)
    group.command("list", epilog=examples("butler trash list", "butler trash list --format json"))(list_trash)
    group.command(epilog=examples("butler trash empty --dry-run", "butler trash empty --now --yes"))(empty)
    group.command(epilog=examples("butler trash delay", "butler trash delay '14 days'"))(delay)
    application.add_typer(group, name="trash", help="List and empty the trash, and say how long it is kept.")


def list_trash(ctx: typer.Context, form: ListFormatOption = ListFormat.TABLE) -> None:
    """List what is in the trash: by run, dataset type, and who put it there when."""
    with session_of(ctx).reading() as butler:
        rows = butler.registry.query(
            "SELECT run, dataset_type, state, changed, changed_by, change_reason,"
            " count(*) AS datasets, sum(bytes) AS bytes, restorable_until"
            " FROM removal WHERE bytes IS NOT NULL"
            " GROUP BY run, dataset_type, state, changed, changed_by, change_reason, restorable_until"
            " ORDER BY changed, run, dataset_type"
        )
        write_list(rows.columns, rows, form)


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
    from butler.butler import Butler

    session = session_of(ctx)
    role = "owner" if now else "writer"
    with Butler(session.repo, role=role, registry=session.layer) as butler:
        ((datasets, size),) = butler.registry.query(
            "SELECT count(*), coalesce(sum(bytes), 0) FROM removal"
            " WHERE bytes IS NOT NULL AND (:now OR restorable_until <= now())",
            {"now": now},
        )
        print(
            f"{datasets} datasets, {human_size(int(size))}, {'would be' if dry_run else 'are to be'} deleted"
        )
        if dry_run:
            return
        if now and datasets:
            confirm("Delete them for good?", yes)
        with progress(session, "trash") as report:
            emptied = butler.empty_trash(older_than=timedelta(0) if now else None, on_progress=report)
    for path, reason in emptied.failures:
        show_error(f"{path!r} is left: {reason}", "Correct what the reason names; it is tried again.")
    note(session, f"{emptied.artifacts} artifacts are deleted, {human_size(emptied.bytes)} are free")
    if emptied.failures:
        raise typer.Exit(ExitStatus.PARTLY)


def delay(
    ctx: typer.Context,
    interval: Annotated[
        str | None, typer.Argument(metavar="[INTERVAL]", help="Such as '7 days' or '12 hours'.")
    ] = None,
) -> None:
    """Show for how long what is in the trash can be restored, or set it."""
    session = session_of(ctx)
    if interval is not None:
        with session.owning() as connection:
            _set_delay(connection, interval)
    with session.reading() as butler:
        print(butler.registry.query("SELECT trash_delay()::text").scalar())


def _set_delay(connection: Connection, interval: str) -> None:
    from sqlalchemy import text
    from sqlalchemy.exc import DataError, IntegrityError

    try:
        connection.execute(
            text("UPDATE butler_common.installation SET trash_delay = CAST(:delay AS interval)"),
            {"delay": interval},
        )
    except (DataError, IntegrityError) as error:
        raise typer.BadParameter(f"{interval!r} is not a time: write '7 days' or '12 hours'") from error

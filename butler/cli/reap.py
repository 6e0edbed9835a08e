"""``butler reap``: clearing up after writers that died."""

from __future__ import annotations

from datetime import UTC
from typing import Annotated

import typer

from butler.cli.arguments import DryRun, ListFormat, ListFormatOption
from butler.cli.commands import examples, new_app
from butler.cli.console import are, counted, note, shown, write_line, write_list
from butler.cli.failures import ExitStatus, show_error
from butler.cli.session import session_of

__all__ = ["app"]

_COLUMNS = (
    "kind",
    "uri",
    "datastore",
    "dataset_id",
    "quantum_id",
    "task",
    "run",
    "made",
    "reason",
    "registry",
)

app = new_app()


@app.command(
    epilog=examples("butler reap --dry-run", "butler reap --format json", "butler reap --gone node7")
)
def reap(
    ctx: typer.Context,
    gone: Annotated[
        list[str] | None,
        typer.Option(
            "--gone", metavar="HOST", help="Take what ran on this computer for dead; may be given again."
        ),
    ] = None,
    dry_run: DryRun = False,
    form: ListFormatOption = ListFormat.TABLE,
) -> None:
    """Clear up after writers that died.

    Files are deleted that no dataset has, and that none can get any more: the ids in their names are older
    than the grace period of 7 days, and no run is held, in whatever registry of the database. While one is,
    which is told, only temporary files as old as that go. Quanta whose processes on this computer are gone
    are recorded as died. Exit status 3 if some files couldn't be deleted; they are tried again the next time.
    """
    session = session_of(ctx)
    with session.writing() as butler:
        files = list(butler.maintenance.reap(dry_run=dry_run))
        quanta = list(butler.maintenance.end_dead_quanta(gone=gone or (), dry_run=dry_run))
        held, own = butler.registry.puts.held_runs(), butler.registry.name
    if form == ListFormat.JSON:
        rows: list[tuple[object, ...]] = [
            ("file", f.uri, f.datastore, f.dataset_id, None, None, f.run, f.made, f.failure or None, None)
            for f in files
        ]
        rows += [
            ("quantum", None, None, None, q.id, q.task, q.run, q.begun, q.reason, q.registry) for q in quanta
        ]
        write_list(_COLUMNS, rows, form)
    else:
        for one in (*files, *quanta):
            write_line(one)
    failed = [file for file in files if file.failure]
    for file in failed:
        show_error(f"{file.uri} is left: {shown(file.failure)}", "Correct what the reason names.")
    deleted, dead = len(files) - len(failed), len(quanta)
    note(session, f"{counted(deleted, 'file')} that no dataset has {are(deleted, dry_run)} deleted")
    for hold in held:
        place = "" if hold.registry == own else f" of registry {hold.registry}"
        until = hold.until.astimezone(UTC)
        note(
            session,
            f"{hold.run}{place} is held by {hold.held_by} until {until:%Y-%m-%dT%H:%M:%SZ}:"
            " no file that bears a dataset's id is deleted until an hour after that",
        )
    if quanta:
        note(session, f"{counted(dead, 'quantum', 'quanta')} {are(dead, dry_run)} recorded as died")
    if failed:
        raise typer.Exit(ExitStatus.PARTLY)

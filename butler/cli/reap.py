"""``butler reap``: clearing up after writers that died."""

from __future__ import annotations

import typer

from butler.cli.arguments import DryRun, ListFormat, ListFormatOption
from butler.cli.commands import examples, new_app
from butler.cli.console import note, write_list
from butler.cli.failures import ExitStatus, show_error
from butler.cli.session import session_of

__all__ = ["app"]

_COLUMNS = ("uri", "datastore", "dataset_id", "made", "run", "failure")

app = new_app()


@app.command(epilog=examples("butler reap --dry-run", "butler reap --format json"))
def reap(ctx: typer.Context, dry_run: DryRun = False, form: ListFormatOption = ListFormat.TABLE) -> None:
    """Delete what writers left that died before they put it.

    Those are files that no dataset has, and that none can get any more: the ids in their names are older
    than the grace period of 7 days, and nobody holds their run. Exit status 3 if some couldn't be deleted;
    they are tried again the next time.
    """
    session = session_of(ctx)
    with session.writing() as butler:
        files = list(butler.maintenance.reap(dry_run=dry_run))
    if form == ListFormat.JSON:
        rows = [(f.uri, f.datastore, f.dataset_id, f.made, f.run, f.failure or None) for f in files]
        write_list(_COLUMNS, rows, form)
    else:
        for file in files:
            print(file)
    failed = [file for file in files if file.failure]
    for file in failed:
        show_error(f"{file.uri} is left: {file.failure}", "Correct what the reason names.")
    would_be = "would be" if dry_run else "are"
    note(session, f"{len(files) - len(failed)} files that no dataset has {would_be} deleted")
    if failed:
        raise typer.Exit(ExitStatus.PARTLY)

"""``butler datastore``: where the files are."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from butler.cli.arguments import AdministratorDsn, DryRun, ListFormat, ListFormatOption, examples
from butler.cli.console import note, progress, warn, write_list, write_record
from butler.cli.session import session_of

__all__ = ["add_to"]

Name = Annotated[str, typer.Argument(metavar="NAME", help="Such as main.")]

_HELD = (
    "SELECT s.datastore, s.root, count(a.dataset_id) AS artifacts, coalesce(sum(a.size), 0)::bigint AS bytes"
    " FROM datastore AS s LEFT JOIN artifact AS a ON a.datastore = s.datastore AND a.state = 'present'"
    " GROUP BY s.datastore, s.root ORDER BY s.datastore"
)


class Check(StrEnum):
    """How many files are read before a datastore is said to be elsewhere."""

    SAMPLE = "sample"
    ALL = "all"
    NONE = "none"


def add_to(application: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(no_args_is_help=True)
    group.command("list", epilog=examples("butler datastore list", "butler datastore list --format json"))(
        list_datastores
    )
    group.command(epilog=examples("butler datastore show main"))(show)
    group.command(
        epilog=examples(
            "butler datastore relocate main new-disk/data --dry-run",
            "butler datastore relocate main new-disk/data --check all",
        )
    )(relocate)
    application.add_typer(group, name="datastore", help="List datastores, and say where they were moved to.")


def list_datastores(ctx: typer.Context, form: ListFormatOption = ListFormat.TABLE) -> None:
    """List the datastores of the database, with what the registry has in them."""
    with session_of(ctx).reading() as butler:
        rows = butler.registry.query(_HELD)
        write_list(rows.columns, rows, form)


def show(ctx: typer.Context, name: Name, form: ListFormatOption = ListFormat.TABLE) -> None:
    """Show one datastore: its root, what is in it, and how it is configured."""
    session = session_of(ctx)
    with session.reading() as butler:
        found = {row.datastore: row for row in butler.registry.query(_HELD)}
        if name not in found:
            raise typer.BadParameter(f"no datastore {name!r}; there are {', '.join(found)}")
        row = found[name]
        record = {"datastore": name, "root": row.root, "artifacts": row.artifacts, "bytes": row.bytes}
        doubts: list[str] = []
        if name == butler.datastore.name:
            record["configured_root"] = butler.datastore.root
            record["type"] = session.config().datastores[name].settings.type
            doubts += butler.datastore.doubts()
    write_record(record, form)
    warn(doubts)


def relocate(
    ctx: typer.Context,
    name: Name,
    new_root: Annotated[Path, typer.Argument(metavar="NEWROOT", help="Folder that has the files now.")],
    check: Annotated[
        Check,
        typer.Option("--check", help="Which files to read there first; a sample is of 1000."),
    ] = Check.SAMPLE,
    force: Annotated[
        bool, typer.Option("--force", help="Even if puts have begun that may write to the old place.")
    ] = False,
    dry_run: DryRun = False,
    dsn: AdministratorDsn = None,
) -> None:
    """Say that a datastore's files were moved.

    Copy them first, with their paths, while nobody writes. Layers share the
    datastore, and move along. Programs that are running keep the old place
    until they open the repository anew. butler.yaml gets the new root.
    """
    from butler.care.relocation import SAMPLE, check_moved, datastore_at, root_for, stored_artifacts
    from butler.care.relocation import relocate as relocated

    session = session_of(ctx)
    config = session.config()
    root = root_for(config.repo, new_root)
    datastore = datastore_at(config, name, root)
    artifacts = []
    if check != Check.NONE:
        with session.owning(dsn) as connection:
            artifacts = stored_artifacts(connection, name, sample=SAMPLE if check == Check.SAMPLE else None)
        with progress(session, "check") as report:
            check_moved(datastore, artifacts, on_progress=report)
    if dry_run:
        note(
            session, f"would move datastore {name} to {datastore.root}; {len(artifacts)} artifacts are there"
        )
        return
    with session.owning(dsn) as connection:
        before = relocated(connection, config, datastore, root, in_flight=force)
    note(
        session,
        f"datastore {name} is at {datastore.root} now, not at {before}; {len(artifacts)} artifacts were read",
    )

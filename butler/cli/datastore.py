"""``butler datastore``: where the files are."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from butler.cli.arguments import AdministratorDsn, DryRun, ListFormat, ListFormatOption
from butler.cli.commands import examples, new_app
from butler.cli.console import note, progress, warn, write_list, write_record
from butler.cli.session import session_of

__all__ = ["app"]

Name = Annotated[str, typer.Argument(metavar="NAME", help="Such as main.")]


class Check(StrEnum):
    """How many files are read before a datastore is said to be elsewhere."""

    SAMPLE = "sample"
    ALL = "all"
    NONE = "none"


app = new_app("datastore")


@app.command(epilog=examples("butler datastore add archive"))
def add(ctx: typer.Context, name: Name) -> None:
    """Register a datastore that butler.yaml names, so that it can be written to.

    Those that are there when the repository is made need no such step.
    """
    from butler.datastore.config import open_datastores
    from butler.errors import ConfigError, nearest

    session = session_of(ctx)
    config = session.config()
    configured = open_datastores(config.datastores, config.default, config.repo).members
    if name not in configured:
        raise ConfigError(f"butler.yaml names no datastore {name!r}", hint=nearest(name, configured))
    with session.writing() as butler:
        new = butler.registry.definitions.register_datastore(name, configured[name].root)
    note(session, f"datastore {name} {'is registered now' if new else 'was registered already'}")


@app.command("list", epilog=examples("butler datastore list", "butler datastore list --format json"))
def list_datastores(ctx: typer.Context, form: ListFormatOption = ListFormat.TABLE) -> None:
    """List the datastores of the database, with what the registry has in them."""
    with session_of(ctx).reading() as butler:
        write_list(*butler.registry.administration.datastores().fetched, form)


@app.command(epilog=examples("butler datastore show main"))
def show(ctx: typer.Context, name: Name, form: ListFormatOption = ListFormat.TABLE) -> None:
    """Show one datastore: its root, what is in it, and how it is configured."""
    session = session_of(ctx)
    with session.reading() as butler:
        known = {row.datastore: row for row in butler.registry.administration.datastores()}
        configured = butler.datastore.members.get(name)
    if name not in known:
        raise typer.BadParameter(f"no datastore {name!r}; there are {', '.join(known)}")
    record = known[name]._asdict()
    if configured is not None:
        record["configured_root"] = configured.root
        record["type"] = session.config().datastores[name].settings.type
    write_record(record, form)
    warn(configured.warnings() if configured else ())


@app.command(
    epilog=examples(
        "butler datastore relocate main new-disk/data --dry-run",
        "butler datastore relocate main new-disk/data --check all",
    )
)
def relocate(
    ctx: typer.Context,
    name: Name,
    new_root: Annotated[Path, typer.Argument(metavar="NEWROOT", help="Folder that has the files now.")],
    check: Annotated[
        Check,
        typer.Option("--check", help="Which files to read there first; a sample is of 1000."),
    ] = Check.SAMPLE,
    dry_run: DryRun = False,
    dsn: AdministratorDsn = None,
) -> None:
    """Say that a datastore's files were moved.

    Copy them first, with their paths, while nobody writes. Layers share the
    datastore, and move along. Programs that are running keep the old place,
    and can't put, until they open the repository anew. butler.yaml gets the new root.
    """
    from butler.maintenance.relocate import SAMPLE, check_moved, datastore_at, root_for
    from butler.maintenance.relocate import relocate as relocated
    from butler.schema.datastores import stored_artifacts

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
        before = relocated(connection, config.repo, datastore, root)
    note(
        session,
        f"datastore {name} is at {datastore.root} now, not at {before}; {len(artifacts)} artifacts were read",
    )

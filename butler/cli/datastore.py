"""``butler datastore``: where the files are."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated
from uuid import UUID

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
    """Register a datastore that butler.yaml names, and mark its root, so that it can be written to.

    Those that are there when the repository is made need no such step.
    """
    from butler.datastore.config import open_datastores
    from butler.errors import ConfigError, nearest
    from butler.roots import add_datastore

    session = session_of(ctx)
    config = session.config()
    configured = open_datastores(config.datastores, config.default, config.repo).members
    if name not in configured:
        raise ConfigError(f"butler.yaml names no datastore {name!r}", hint=nearest(name, configured))
    with session.writing() as butler:
        new = add_datastore(butler.registry, configured[name])
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
        "butler datastore mark --dry-run",
        "butler datastore mark main",
    )
)
def mark(
    ctx: typer.Context,
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME]...", help="By default all that butler.yaml names.")
    ] = None,
    over: Annotated[
        list[UUID] | None,
        typer.Option(
            "--over",
            metavar="MARK",
            help="Even if the root bears this mark of another installation or datastore, which then may not"
            " write there any more; repeat it for several.",
        ),
    ] = None,
    empty: Annotated[
        bool,
        typer.Option("--empty", help="Even if the root is empty, and the registry knows files there."),
    ] = False,
    dry_run: DryRun = False,
    dsn: AdministratorDsn = None,
) -> None:
    """Set the marks of datastores' roots anew, as after a restore or a copy.

    A root's mark says which datastore of which database may write and delete
    there. Look first whether the root is the right one and all of it is
    there. Files that are in it by now and that no dataset has are left to
    'butler verify --repair', which makes those datasets again that say what
    they are.
    """
    from butler.errors import ConfigError, nearest
    from butler.maintenance.marks import examine
    from butler.maintenance.marks import mark as set_anew
    from butler.roots import Roots

    session = session_of(ctx)
    with session.reading() as butler:
        registered = Roots(butler.registry, butler.datastore).registered
        members = {name: each for name, each in butler.datastore.members.items() if name in registered}
        for name in names or ():
            if name not in members:
                raise ConfigError(
                    f"no datastore {name!r} is in butler.yaml and in the registry",
                    hint=nearest(name, members),
                )
        found = [
            examine(butler.registry, members[name], over=over or (), empty=empty)
            for name in dict.fromkeys(names or members)
        ]
    write_list(
        ["datastore", "root", "found", "files_without_dataset"],
        [(each.datastore.name, each.datastore.root, each.found, each.loose) for each in found],
        ListFormat.TABLE,
    )
    for each in found:
        with session.owning(dsn) as connection:
            if not dry_run:
                set_anew(connection, each)
        note(session, f"datastore {each.datastore.name} {'would be' if dry_run else 'is'} marked anew")


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
    over: Annotated[
        list[UUID] | None,
        typer.Option(
            "--over",
            metavar="MARK",
            help="Even if the folder bears this mark of another installation, such as that whose backup was"
            " restored here; it is then marked anew.",
        ),
    ] = None,
    dry_run: DryRun = False,
    dsn: AdministratorDsn = None,
) -> None:
    """Say that a datastore's files were moved.

    Copy them first, with their paths and the root's mark, while nobody
    writes. Layers share the datastore, and move along. Programs that are running keep the old place,
    and can't put, until they open the repository anew. butler.yaml gets the new root.
    """
    from butler.maintenance.relocate import SAMPLE, check_mark_moved, check_moved, datastore_at, root_for
    from butler.maintenance.relocate import relocate as relocated
    from butler.schema.datastores import stored_artifacts

    session = session_of(ctx)
    config = session.config()
    root = root_for(config.repo, new_root)
    datastore = datastore_at(config, name, root)
    artifacts = []
    with session.owning(dsn) as connection:
        check_mark_moved(connection, datastore, over=over or ())
        if check != Check.NONE:
            artifacts = stored_artifacts(connection, name, sample=SAMPLE if check == Check.SAMPLE else None)
    with progress(session, "check") as report:
        check_moved(datastore, artifacts, on_progress=report)
    if dry_run:
        note(
            session, f"would move datastore {name} to {datastore.root}; {len(artifacts)} artifacts are there"
        )
        return
    with session.owning(dsn) as connection:
        before = relocated(connection, config.repo, datastore, root, over=over or ())
    note(
        session,
        f"datastore {name} is at {datastore.root} now, not at {before}; {len(artifacts)} artifacts were read",
    )

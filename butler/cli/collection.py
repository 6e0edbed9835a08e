"""``butler collection``: groups of datasets."""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import Annotated

import typer

from butler.cli.arguments import DryRun, Glob, ListFormat, ListFormatOption, Yes, read_duration
from butler.cli.commands import examples, new_app
from butler.cli.console import note, write_list, write_record
from butler.cli.plans import Force, Reason, carry_out
from butler.cli.session import session_of
from butler.values import CollectionType

__all__ = ["app"]

Name = Annotated[str, typer.Argument(metavar="NAME")]

app = new_app("collection")


@app.command("list", epilog=examples("butler collection list", "butler collection list 'Peep*' --type run"))
def list_collections(
    ctx: typer.Context,
    pattern: Glob = "*",
    collection_type: Annotated[
        CollectionType | None, typer.Option("--type", help="Only of this type.")
    ] = None,
    form: ListFormatOption = ListFormat.TABLE,
) -> None:
    """List collections."""
    with session_of(ctx).reading() as butler:
        found = butler.collections.list(pattern)
    rows = [
        (c.name, c.type, c.frozen, c.members, c.owner, c.doc)
        for c in found
        if collection_type in (None, c.type)
    ]
    write_list(("collection", "collection_type", "frozen", "members", "owner", "doc"), rows, form)


@app.command(epilog=examples("butler collection show Peepshow/raw"))
def show(ctx: typer.Context, name: Name, form: ListFormatOption = ListFormat.TABLE) -> None:
    """Show a collection and what it holds."""
    with session_of(ctx).reading() as butler:
        held = butler.collections.contents(name)
        (found,) = (c for c in butler.collections.list(name) if c.name == name)
    record = {
        "collection": found.name,
        "collection_type": found.type,
        "owner": found.owner,
        "doc": found.doc,
        "frozen": found.frozen,
        "members": found.members,
        # A chain holds no datasets of its own: its members do.
        **({} if found.type == CollectionType.CHAINED else {"datasets": held}),
    }
    write_record(record, form)


@app.command(epilog=examples("butler collection create good-seeing --type tagged --doc 'Seeing < 1 arcsec'"))
def create(
    ctx: typer.Context,
    name: Name,
    collection_type: Annotated[CollectionType, typer.Option("--type", help="Its type.")],
    doc: Annotated[str, typer.Option("--doc", metavar="TEXT", help="One sentence on what it is for.")] = "",
) -> None:
    """Register a collection."""
    session = session_of(ctx)
    with session.writing() as butler:
        new = butler.collections.register(name, collection_type, doc)
    done = "is registered now" if new else "was registered already"
    note(session, f"{collection_type} collection {name} {done}")


@app.command(epilog=examples("butler collection chain Peepshow/defaults u/me/first Peepshow/raw"))
def chain(
    ctx: typer.Context,
    name: Name,
    members: Annotated[list[str], typer.Argument(metavar="MEMBER...", help="Searched in this order.")],
) -> None:
    """Make a chain of collections.

    It is registered if need be, and holds these members, no others.
    """
    session = session_of(ctx)
    with session.writing() as butler:
        butler.collections.register(name, CollectionType.CHAINED)
        butler.collections.chain(name, members)
    note(session, f"{name}: {', '.join(members)}")


@app.command(
    epilog=examples(
        "butler collection freeze Peepshow/raw", "butler collection freeze Peepshow/raw --release"
    )
)
def freeze(
    ctx: typer.Context,
    name: Name,
    release: Annotated[bool, typer.Option("--release", help="Let it change again.")] = False,
) -> None:
    """Let a collection not change any more."""
    session = session_of(ctx)
    with session.writing() as butler:
        butler.collections.freeze(name, not release)
    note(session, f"{name} {'may change again' if release else 'is frozen'}")


@app.command(
    epilog=examples(
        "butler collection hold u/me/first --for 30d --reason 'the archive of 2019'",
        "butler collection hold u/me/first --release",
    )
)
def hold(
    ctx: typer.Context,
    run: Annotated[str, typer.Argument(metavar="RUN")],
    duration: Annotated[
        timedelta,
        typer.Option("--for", parser=read_duration, metavar="TIME", show_default="7d", help="For how long."),
    ] = timedelta(days=7),
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="What for.")] = "",
    release: Annotated[bool, typer.Option("--release", help="End your own hold now.")] = False,
) -> None:
    """Have a run take datasets that were made long ago.

    Files that no dataset has are deleted some time after they were written: so a run takes no dataset
    whose id is older than that, nor one whose id doesn't tell. Who brings such ones, as an import does,
    holds the run first, and then writes the files. A hold ends by itself; the same again makes it longer.
    """
    session = session_of(ctx)
    with session.writing() as butler:
        if release:
            ended = butler.collections.release(run)
            note(session, f"{run} is not held any more" if ended else f"you don't hold {run}")
            return
        butler.collections.hold(run, duration, reason)
        held = max(
            (each for each in butler.collections.holds() if each.run == run), key=lambda each: each.until
        )
    note(session, f"{run} is held until {held.until.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}")


@app.command(epilog=examples("butler collection holds"))
def holds(ctx: typer.Context, form: ListFormatOption = ListFormat.TABLE) -> None:
    """List the runs that are held: by whom, until when, and what for."""
    with session_of(ctx).reading() as butler:
        rows = [(h.run, h.held_by, h.since, h.until, h.reason) for h in butler.collections.holds()]
    write_list(("run", "held_by", "since", "until", "reason"), rows, form)


@app.command(
    epilog=examples(
        "butler collection remove good-seeing --dry-run",
        "butler collection remove Peepshow/raw --datasets --reason 'wrong camera' --dry-run",
    )
)
def remove(
    ctx: typer.Context,
    name: Name,
    datasets: Annotated[
        bool, typer.Option("--datasets", help="With the datasets in it, as 'butler remove' does.")
    ] = False,
    reason: Reason = "",
    force: Force = False,
    dry_run: DryRun = False,
    yes: Yes = False,
) -> None:
    """Remove a collection, and take it out of the chains that have it.

    A run goes with its datasets only. The plan is shown first. Exit status 3
    if some datasets are kept, and with them a run.
    """
    session = session_of(ctx)
    with session.writing() as butler:
        carry_out(
            session,
            "remove",
            lambda dry: butler.removal.remove_collection(
                name, datasets=datasets, reason=reason, force=force, dry_run=dry
            ),
            dry_run=dry_run,
            yes=yes,
        )

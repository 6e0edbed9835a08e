"""``butler collection``: groups of datasets."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from butler.cli.arguments import DryRun, Glob, ListFormat, ListFormatOption, Yes, examples
from butler.cli.console import note, write_list, write_record
from butler.cli.removing import Force, Reason, carry_out
from butler.cli.session import session_of

__all__ = ["add_to"]


class Kind(StrEnum):
    """Kinds of collections."""

    RUN = "run"
    TAGGED = "tagged"
    CHAINED = "chained"
    CALIBRATION = "calibration"


Name = Annotated[str, typer.Argument(metavar="NAME")]


def add_to(application: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(no_args_is_help=True)
    group.command(
        "list", epilog=examples("butler collection list", "butler collection list 'Peep*' --kind run")
    )(list_collections)
    group.command(epilog=examples("butler collection show Peepshow/raw"))(show)
    group.command(
        epilog=examples("butler collection create good-seeing --kind tagged --doc 'Seeing < 1 arcsec'")
    )(create)
    group.command(epilog=examples("butler collection chain Peepshow/defaults u/me/first Peepshow/raw"))(chain)
    group.command(
        epilog=examples(
            "butler collection freeze Peepshow/raw", "butler collection freeze Peepshow/raw --release"
        )
    )(freeze)
    group.command(
        epilog=examples(
            "butler collection remove good-seeing --dry-run",
            "butler collection remove Peepshow/raw --datasets --reason 'wrong camera' --dry-run",
        )
    )(remove)
    application.add_typer(
        group, name="collection", help="List, show, create, chain, freeze and remove collections."
    )


def list_collections(
    ctx: typer.Context,
    pattern: Glob = "*",
    kind: Annotated[Kind | None, typer.Option("--kind", help="Only of this kind.")] = None,
    form: ListFormatOption = ListFormat.TABLE,
) -> None:
    """List collections."""
    with session_of(ctx).reading() as butler:
        rows = [
            (c.name, c.collection_type, c.frozen, list(c.members), c.owner, c.doc)
            for c in butler.registry.collections(pattern)
            if kind is None or c.collection_type == kind
        ]
    write_list(("collection", "collection_type", "frozen", "members", "owner", "doc"), rows, form)


def show(ctx: typer.Context, name: Name, form: ListFormatOption = ListFormat.TABLE) -> None:
    """Show a collection and what it holds."""
    from butler.errors import CollectionNotFoundError

    with session_of(ctx).reading() as butler:
        found = next((c for c in butler.registry.collections(name) if c.name == name), None)
        if found is None:
            raise CollectionNotFoundError(f"no collection {name!r}", hint="See 'butler collection list'.")
        held = butler.registry.query(
            "SELECT dataset_type, count(*) AS datasets FROM dataset_collection"
            " WHERE collection = :name GROUP BY dataset_type ORDER BY dataset_type",
            {"name": name},
        )
        datasets = {row.dataset_type: row.datasets for row in held}
    record = {
        "collection": found.name,
        "collection_type": found.collection_type,
        "owner": found.owner,
        "doc": found.doc,
        "frozen": found.frozen,
        "members": list(found.members),
        "datasets": datasets,
    }
    write_record(record, form)


def create(
    ctx: typer.Context,
    name: Name,
    kind: Annotated[Kind, typer.Option("--kind", help="Its kind.")],
    doc: Annotated[str, typer.Option("--doc", metavar="TEXT", help="One sentence on what it is for.")] = "",
) -> None:
    """Register a collection."""
    session = session_of(ctx)
    with session.writing() as butler:
        new = butler.registry.register_collection(name, kind.value, doc)
    note(session, f"{kind} collection {name} {'is registered now' if new else 'was registered already'}")


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
        butler.registry.register_collection(name, "chained")
        butler.registry.set_chain(name, members)
    note(session, f"{name}: {', '.join(members)}")


def freeze(
    ctx: typer.Context,
    name: Name,
    release: Annotated[bool, typer.Option("--release", help="Let it change again.")] = False,
) -> None:
    """Let a collection not change any more."""
    session = session_of(ctx)
    with session.writing() as butler:
        butler.registry.freeze_collection(name, not release)
    note(session, f"{name} {'may change again' if release else 'is frozen'}")


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
            lambda dry: butler.remove_collection(
                name, datasets=datasets, reason=reason, force=force, dry_run=dry
            ),
            dry_run=dry_run,
            yes=yes,
        )

"""``butler associate`` and ``butler disassociate``: datasets into tagged collections, and out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from butler.cli.arguments import Collections, DryRun, Labels, examples, read_labels
from butler.cli.console import note
from butler.cli.failures import ExitStatus
from butler.cli.session import session_of

if TYPE_CHECKING:
    from butler.butler import Butler
    from butler.values import DatasetRef

__all__ = ["add_to"]

Tag = Annotated[str, typer.Argument(metavar="TAG", help="A tagged collection, or a run.")]
DatasetTypeName = Annotated[str, typer.Argument(metavar="TYPE", help="Dataset type.")]


def add_to(application: typer.Typer) -> None:
    """Add the commands."""
    application.command(
        epilog=examples(
            "butler associate good-seeing raw visit=12 --collections Peepshow/raw --dry-run",
            "butler associate good-seeing raw camera=Peepshow visit=12 --collections Peepshow/raw",
        )
    )(associate)
    application.command(epilog=examples("butler disassociate good-seeing raw camera=Peepshow visit=12"))(
        disassociate
    )


def associate(
    ctx: typer.Context,
    tag: Tag,
    dataset_type: DatasetTypeName,
    labels: Labels = None,
    collections: Collections = None,
    dry_run: DryRun = False,
) -> None:
    """Put datasets into a tagged collection, or into a run as its inputs.

    A tagged collection is registered if need be.
    """
    session = session_of(ctx)
    given = read_labels(labels)
    if not collections:
        raise typer.BadParameter("name a collection to search", param_hint="--collections")
    with session.writing() as butler:
        refs = _found(butler, dataset_type, given, collections)
        if dry_run:
            return
        if not any(collection.name == tag for collection in butler.registry.collections(tag)):
            butler.registry.register_collection(tag, "tagged")
        new = butler.associate(tag, refs)
    note(session, f"{tag}: {new} datasets are new, {len(refs) - new} were in it")


def disassociate(
    ctx: typer.Context,
    tag: Tag,
    dataset_type: DatasetTypeName,
    labels: Labels = None,
    collections: Collections = None,
    dry_run: DryRun = False,
) -> None:
    """Take datasets out of a tagged collection.

    They are searched in the collection itself, unless others are named.
    """
    session = session_of(ctx)
    given = read_labels(labels)
    with session.writing() as butler:
        refs = _found(butler, dataset_type, given, collections or [tag])
        if dry_run:
            return
        gone = butler.disassociate(tag, refs)
    note(session, f"{tag}: {gone} datasets are out, {len(refs) - gone} weren't in it")


def _found(
    butler: Butler, dataset_type: str, labels: dict[str, str], collections: Sequence[str]
) -> list[DatasetRef]:
    """Find datasets and print them; none is an answer that ends the command."""
    refs = list(butler.query.datasets(dataset_type, labels, collections=collections))
    for ref in refs:
        print(ref)
    if not refs:
        print("no datasets found")
        raise typer.Exit(ExitStatus.FAILED)
    return refs

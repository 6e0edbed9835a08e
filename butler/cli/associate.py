"""``butler associate``: datasets into a tagged collection."""

from __future__ import annotations

from typing import Annotated

import typer

from butler.cli.arguments import Collections, DataIdWords, DatasetTypeName, DryRun, read_data_id, required
from butler.cli.commands import examples, new_app
from butler.cli.console import are, counted, note, write_line
from butler.cli.selection import found_datasets
from butler.cli.session import session_of
from butler.values import CollectionType

__all__ = ["Tag", "app"]

Tag = Annotated[str, typer.Argument(metavar="TAG", help="A tagged collection, or a run.")]

app = new_app()


@app.command(
    epilog=examples(
        "butler associate good-seeing raw visit=12 --collections Peepshow/raw --dry-run",
        "butler associate good-seeing raw camera=Peepshow visit=12 --collections Peepshow/raw",
    )
)
def associate(
    ctx: typer.Context,
    tag: Tag,
    dataset_type: DatasetTypeName,
    data_id: DataIdWords = None,
    collections: Collections = None,
    dry_run: DryRun = False,
) -> None:
    """Put datasets into a tagged collection, or a run's inputs.

    A tagged collection is registered if need be.
    """
    session = session_of(ctx)
    given, searched = read_data_id(data_id), required(collections)
    with session.writing() as butler:
        refs = found_datasets(butler, dataset_type, given, searched)
        if dry_run:
            for ref in refs:
                write_line(ref)
            return
        if not any(collection.name == tag for collection in butler.collections.list(tag)):
            butler.collections.register(tag, CollectionType.TAGGED)
        new = butler.collections.associate(tag, refs)
    for ref in refs:
        write_line(ref)
    note(session, f"{tag}: {counted(new, 'dataset')} {are(new)} new, {len(refs) - new} were in it")

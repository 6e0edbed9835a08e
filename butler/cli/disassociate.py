"""``butler disassociate``: datasets out of a tagged collection."""

from __future__ import annotations

import typer

from butler.cli.arguments import Collections, DataIdWords, DatasetTypeName, DryRun, read_data_id
from butler.cli.associate import Tag
from butler.cli.commands import examples, new_app
from butler.cli.console import are, counted, note, write_line
from butler.cli.selection import found_datasets
from butler.cli.session import session_of

__all__ = ["app"]

app = new_app()


@app.command(epilog=examples("butler disassociate good-seeing raw camera=Peepshow visit=12"))
def disassociate(
    ctx: typer.Context,
    tag: Tag,
    dataset_type: DatasetTypeName,
    data_id: DataIdWords = None,
    collections: Collections = None,
    dry_run: DryRun = False,
) -> None:
    """Take datasets out of a tagged collection.

    They are searched in the collection itself, unless others are named.
    """
    session = session_of(ctx)
    given = read_data_id(data_id)
    with session.writing() as butler:
        refs = found_datasets(butler, dataset_type, given, collections or [tag])
        if dry_run:
            for ref in refs:
                write_line(ref)
            return
        gone = butler.collections.disassociate(tag, refs)
    for ref in refs:
        write_line(ref)
    note(session, f"{tag}: {counted(gone, 'dataset')} {are(gone)} out, {len(refs) - gone} weren't in it")

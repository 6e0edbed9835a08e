"""``butler uri``: where a dataset's file is."""

from __future__ import annotations

import typer

from butler.cli.arguments import Collections, DataIdWords, DatasetTypeOrComponent, read_data_id, required
from butler.cli.commands import examples, new_app
from butler.cli.session import session_of

__all__ = ["app"]

app = new_app()


@app.command(epilog=examples("butler uri raw camera=Peepshow visit=12 sensor=7 --collections Peepshow/raw"))
def uri(
    ctx: typer.Context,
    dataset_type: DatasetTypeOrComponent,
    data_id: DataIdWords = None,
    collections: Collections = None,
) -> None:
    """Print the URI of a dataset's file."""
    from butler.values import split_component

    given = read_data_id(data_id)
    name, component = split_component(dataset_type)
    with session_of(ctx).reading(required(collections)) as butler:
        print(butler.uri(name, given, component=component))

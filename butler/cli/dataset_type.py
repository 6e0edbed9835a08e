"""``butler dataset-type``: what datasets there can be."""

from __future__ import annotations

from typing import Annotated

import typer

from butler.cli.arguments import Glob, ListFormat, ListFormatOption
from butler.cli.commands import examples, new_app
from butler.cli.console import note, write_list, write_record
from butler.cli.session import session_of

__all__ = ["app"]

app = new_app("dataset-type")


@app.command(
    epilog=examples(
        "butler dataset-type add calexp Exposure --unit visit --unit sensor --doc 'Calibrated exposure.'",
        "butler dataset-type add stats Dict --unit visit",
    )
)
def add(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Such as calexp.")],
    storage_class: Annotated[
        str, typer.Argument(metavar="STORAGE_CLASS", help="Such as Exposure, Table, Dict.")
    ],
    unit: Annotated[
        list[str] | None,
        typer.Option("--unit", "-u", metavar="UNIT", help="A unit of its data IDs; repeat it."),
    ] = None,
    doc: Annotated[str, typer.Option("--doc", metavar="TEXT", help="One sentence on what it is.")] = "",
) -> None:
    """Register a dataset type."""
    from butler.datastore import storage_class as known_storage_class
    from butler.values import DatasetType

    session = session_of(ctx)
    known_storage_class(storage_class)
    dataset_type = DatasetType(name, storage_class, tuple(unit or ()), doc)
    with session.writing() as butler:
        definitions = butler.registry.definitions
        new = definitions.register_dataset_type(dataset_type)
        kept = "" if new or not doc else definitions.dataset_types(name)[0].doc
    stays = f", and what it is stays {kept!r}" if kept != doc and not new and doc else ""
    note(session, f"dataset type {name} {'is registered now' if new else 'was registered already'}{stays}")


@app.command("list", epilog=examples("butler dataset-type list", "butler dataset-type list 'cal*'"))
def list_dataset_types(
    ctx: typer.Context, pattern: Glob = "*", form: ListFormatOption = ListFormat.TABLE
) -> None:
    """List dataset types."""
    with session_of(ctx).reading() as butler:
        found = butler.registry.definitions.dataset_types(pattern)
    rows = [(each.name, each.storage_class, each.units, each.doc) for each in found]
    write_list(("dataset_type", "storage_class", "units", "doc"), rows, form)


@app.command(epilog=examples("butler dataset-type show calexp"))
def show(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME")],
    form: ListFormatOption = ListFormat.TABLE,
) -> None:
    """Show a dataset type and its components."""
    from butler.datastore import storage_class

    with session_of(ctx).reading() as butler:
        found = butler.registry.definitions.dataset_type(name)
        datasets = butler.registry.administration.count_datasets(name)
    held = storage_class(found.storage_class)
    record = {
        "dataset_type": found.name,
        "doc": found.doc,
        "units": found.units,
        "storage_class": found.storage_class,
        "python_type": held.python_type,
        "components": [*held.components, *held.derived],
        "parameters": sorted(held.parameters),
        "datasets": datasets,
    }
    write_record(record, form)

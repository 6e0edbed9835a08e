"""``butler dataset-type``: kinds of datasets."""

from __future__ import annotations

from typing import Annotated

import typer

from butler.cli.arguments import Glob, ListFormat, ListFormatOption, examples
from butler.cli.console import note, write_list, write_record
from butler.cli.session import session_of

__all__ = ["add_to"]


def add_to(application: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(no_args_is_help=True)
    group.command(
        epilog=examples(
            "butler dataset-type add calexp Exposure --unit visit --unit sensor --doc 'Calibrated exposure.'",
            "butler dataset-type add stats Dict --unit visit",
        )
    )(add)
    group.command("list", epilog=examples("butler dataset-type list", "butler dataset-type list 'cal*'"))(
        list_dataset_types
    )
    group.command(epilog=examples("butler dataset-type show calexp"))(show)
    application.add_typer(group, name="dataset-type", help="Add, list and show dataset types.")


def add(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Such as calexp.")],
    storage_class: Annotated[
        str, typer.Argument(metavar="STORAGE_CLASS", help="Such as Exposure, Table, Dict.")
    ],
    unit: Annotated[
        list[str] | None, typer.Option("--unit", "-u", metavar="UNIT", help="A label it carries; repeat it.")
    ] = None,
    doc: Annotated[str, typer.Option("--doc", metavar="TEXT", help="One sentence on what it is.")] = "",
) -> None:
    """Register a dataset type."""
    from butler.datastore import storage_class as known_storage_class
    from butler.values import DatasetType

    session = session_of(ctx)
    known_storage_class(storage_class)
    with session.writing() as butler:
        new = butler.registry.register_dataset_type(DatasetType(name, storage_class, tuple(unit or ()), doc))
    note(session, f"dataset type {name} {'is registered now' if new else 'was registered already'}")


def list_dataset_types(
    ctx: typer.Context, pattern: Glob = "*", form: ListFormatOption = ListFormat.TABLE
) -> None:
    """List dataset types."""
    from fnmatch import fnmatchcase

    with session_of(ctx).reading() as butler:
        rows = butler.registry.query(
            "SELECT dataset_type, storage_class, units, doc FROM dataset_type ORDER BY dataset_type"
        )
        write_list(rows.columns, [row for row in rows if fnmatchcase(row.dataset_type, pattern)], form)


def show(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME")],
    form: ListFormatOption = ListFormat.TABLE,
) -> None:
    """Show a dataset type and its components."""
    from butler.datastore import storage_class

    with session_of(ctx).reading() as butler:
        found = butler.registry.dataset_type(name)
        datasets = butler.registry.query(
            "SELECT count(*) FROM dataset WHERE dataset_type = :name", {"name": name}
        ).scalar()
    kind = storage_class(found.storage_class)
    record = {
        "dataset_type": found.name,
        "doc": found.doc,
        "units": list(found.units),
        "storage_class": found.storage_class,
        "python_type": kind.python_type,
        "components": [*kind.components, *kind.derived],
        "parameters": sorted(kind.parameters),
        "datasets": datasets,
    }
    write_record(record, form)

"""``butler query``: lists of datasets, of data IDs, and of what is known of visits, patches …."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from butler.cli.arguments import (
    Collections,
    DataIdWords,
    DatasetTypeName,
    FormatOption,
    OutputFile,
    read_data_id,
)
from butler.cli.commands import examples, new_app
from butler.cli.console import note, write_rows
from butler.cli.missing import nothing_found
from butler.cli.session import session_of
from butler.values import CollectionType

if TYPE_CHECKING:
    from butler.butler import Butler
    from butler.registry.results import DatasetRefs
    from butler.values import DatasetRef

__all__ = ["UNIT_VIEWS", "app"]

UNIT_VIEWS = {
    "camera": "List cameras.",
    "instrument": "List cameras.",
    "physical_filter": "List the filters of cameras.",
    "abstract_filter": "List bands.",
    "band": "List bands.",
    "physical_sensor": "List the sensors of cameras.",
    "detector": "List the sensors of cameras.",
    "visit": "List visits.",
    "exposure": "List exposures: the snaps of visits, or visits with one.",
    "snap": "List the snaps of visits.",
    "observed_sensor": "List what each sensor saw in each visit.",
    "visit_range": "List ranges of visits.",
    "skymap": "List sky maps.",
    "tract": "List the tracts of sky maps.",
    "patch": "List the patches of tracts.",
    "sky_pixel": "List sky pixels.",
    "label": "List labels.",
}
"""Views of the common schema that list units, and what their commands say."""

app = new_app("query")


@app.command(
    epilog=examples(
        "butler query datasets raw",
        "butler query datasets raw camera=Peepshow visit=12 --collections Peepshow/raw --uri",
        "butler query datasets raw --format csv -o raws.csv",
    )
)
def datasets(
    ctx: typer.Context,
    dataset_type: DatasetTypeName,
    data_id: DataIdWords = None,
    collections: Collections = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Of several with the same data ID, list not only the first found.")
    ] = False,
    uri: Annotated[bool, typer.Option("--uri", help="Add where their files are, a row a file.")] = False,
    form: FormatOption = None,
    output: OutputFile = None,
) -> None:
    """List the datasets of a type.

    Without --collections, those of every run.
    """
    session, given = session_of(ctx), read_data_id(data_id)
    with session.reading() as butler:
        refs = _found(butler, dataset_type, given, collections, everything)
        columns = ("dataset_id", *butler.registry.definitions.dataset_type(dataset_type).units, "run")
        rows = [(ref.id, *ref.data_id.values(), ref.run) for ref in refs]
        if uri:
            columns = (*columns, "component", "uri")
            rows = _with_uris(butler, refs)
        missing = "" if rows else nothing_found(butler, given)
    write_rows(columns, rows, form, output)
    if missing:
        note(session, missing)


@app.command(
    epilog=examples("butler query data-ids raw", "butler query data-ids raw --unit visit -f json"),
)
def data_ids(
    ctx: typer.Context,
    dataset_type: DatasetTypeName,
    data_id: DataIdWords = None,
    unit: Annotated[
        list[str] | None, typer.Option("--unit", "-u", metavar="UNIT", help="Only this unit; repeat it.")
    ] = None,
    collections: Collections = None,
    form: FormatOption = None,
    output: OutputFile = None,
) -> None:
    """List the data IDs of a type's datasets, each once.

    Without --collections, those in every run.
    """
    from butler.errors import InvalidDataIdError

    session, given = session_of(ctx), read_data_id(data_id)
    with session.reading() as butler:
        known = butler.registry.definitions.dataset_type(dataset_type).units
        wanted = tuple(unit or known)
        if unknown := [name for name in wanted if name not in known]:
            raise InvalidDataIdError(
                f"{unknown[0]} is not a unit of dataset type {dataset_type}",
                hint=f"It has {', '.join(known) or 'none'}.",
            )
        refs = _found(butler, dataset_type, given, collections, everything=True)
        each = dict.fromkeys(tuple(ref.data_id[name] for name in wanted) for ref in refs)
        missing = "" if each else nothing_found(butler, given)
    write_rows(wanted, list(each), form, output)
    if missing:
        note(session, missing)


def units(
    ctx: typer.Context,
    data_id: DataIdWords = None,
    limit: Annotated[
        int | None, typer.Option("--limit", metavar="N", min=0, help="At most so many rows.")
    ] = None,
    form: FormatOption = None,
    output: OutputFile = None,
) -> None:
    """List the rows of a view in which the columns given have the values given."""
    session, given = session_of(ctx), read_data_id(data_id)
    with session.reading() as butler:
        rows = butler.registry.queries.units(str(ctx.info_name), given, limit=limit)
        write_rows(*rows.fetched, form, output)
        if not rows and limit != 0:
            note(session, nothing_found(butler, given))


for _view, _doc in UNIT_VIEWS.items():
    app.command(
        _view, help=_doc, epilog=examples(f"butler query {_view}", f"butler query {_view} --limit 10 -f json")
    )(units)


def _found(
    butler: Butler,
    dataset_type: str,
    data_id: Mapping[str, str],
    collections: Sequence[str] | None,
    everything: bool,
) -> DatasetRefs:
    searched = collections or [c.name for c in butler.collections.list() if c.type == CollectionType.RUN]
    return butler.query.datasets(
        dataset_type, data_id, collections=searched, find_first=bool(collections) and not everything
    )


def _with_uris(butler: Butler, refs: Iterable[DatasetRef]) -> list[tuple[Any, ...]]:
    by_id = {ref.id: ref for ref in refs}
    return [
        (dataset_id, *by_id[dataset_id].data_id.values(), by_id[dataset_id].run, component, uri)
        for dataset_id, component, uri in butler.registry.queries.uris(by_id)
    ]

"""``butler query``: lists of datasets, of data IDs, and of what is known of visits, patches …."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from butler.cli.arguments import Collections, FormatOption, Labels, OutputFile, examples, read_labels
from butler.cli.console import write_rows
from butler.cli.session import session_of

if TYPE_CHECKING:
    from butler.butler import Butler
    from butler.registry.rows import DatasetRefs, Rows
    from butler.values import DatasetRef

__all__ = ["UNIT_VIEWS", "add_to"]

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


def add_to(application: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(no_args_is_help=True)
    group.command(
        epilog=examples(
            "butler query datasets raw",
            "butler query datasets raw camera=Peepshow visit=12 --collections Peepshow/raw --uri",
            "butler query datasets raw --format csv -o raws.csv",
        )
    )(datasets)
    group.command(
        "data-ids",
        epilog=examples("butler query data-ids raw", "butler query data-ids raw --unit visit -f json"),
    )(data_ids)
    for view, doc in UNIT_VIEWS.items():
        group.command(
            view, help=doc, epilog=examples(f"butler query {view}", f"butler query {view} --limit 10 -f json")
        )(units)
    application.add_typer(group, name="query", help="List datasets, data IDs, visits, patches ….")


DatasetTypeName = Annotated[str, typer.Argument(metavar="TYPE", help="Dataset type.")]
Limit = Annotated[int | None, typer.Option("--limit", metavar="N", min=0, help="At most so many rows.")]


def datasets(
    ctx: typer.Context,
    dataset_type: DatasetTypeName,
    labels: Labels = None,
    collections: Collections = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Of several with the same labels, list not only the first found.")
    ] = False,
    uri: Annotated[bool, typer.Option("--uri", help="Add where their files are, a row a file.")] = False,
    form: FormatOption = None,
    output: OutputFile = None,
) -> None:
    """List the datasets of a type.

    Without --collections, those of every run.
    """
    given = read_labels(labels)
    with session_of(ctx).reading() as butler:
        refs = _found(butler, dataset_type, given, collections, everything)
        units = butler.registry.dataset_type(dataset_type).units
        columns = ("dataset_id", *units, "run")
        rows: Iterable[tuple[Any, ...]] = ((ref.id, *ref.data_id.values(), ref.run) for ref in refs)
        if uri:
            columns = (*columns, "component", "uri")
            rows = _with_uris(butler, refs)
        write_rows(_rows(columns, rows), form, output)


def data_ids(
    ctx: typer.Context,
    dataset_type: DatasetTypeName,
    labels: Labels = None,
    unit: Annotated[
        list[str] | None, typer.Option("--unit", "-u", metavar="UNIT", help="Only this label; repeat it.")
    ] = None,
    collections: Collections = None,
    form: FormatOption = None,
    output: OutputFile = None,
) -> None:
    """List the labels of a type's datasets, each once.

    Without --collections, those in every run.
    """
    from butler.errors import InvalidDataIdError

    given = read_labels(labels)
    with session_of(ctx).reading() as butler:
        known = butler.registry.dataset_type(dataset_type).units
        wanted = tuple(unit or known)
        if unknown := [name for name in wanted if name not in known]:
            raise InvalidDataIdError(
                f"{unknown[0]} is not a unit of dataset type {dataset_type}",
                hint=f"It has {', '.join(known) or 'none'}.",
            )
        refs = _found(butler, dataset_type, given, collections, everything=True)
        each = dict.fromkeys(tuple(ref.data_id[name] for name in wanted) for ref in refs)
        write_rows(_rows(wanted, each), form, output)


def units(
    ctx: typer.Context,
    labels: Labels = None,
    limit: Limit = None,
    form: FormatOption = None,
    output: OutputFile = None,
) -> None:
    """List the rows of a view in which the columns given have the values given."""
    view = str(ctx.info_name)
    given = read_labels(labels)
    with session_of(ctx).reading() as butler:
        columns = [
            row.column_name
            for row in butler.registry.query(
                "SELECT column_name FROM information_schema.columns WHERE table_schema = current_schema()"
                " AND table_name = :view AND udt_name <> 'geography' ORDER BY ordinal_position",
                {"view": view},
            )
        ]
        words = [_column(butler, word, view, columns) for word in given]
        conditions = " AND ".join(f"v.{column} = :v{n}" for n, column in enumerate(words)) or "true"
        rows = butler.registry.query(
            f"SELECT {', '.join(f'v.{column}' for column in columns)} FROM {view} AS v WHERE {conditions}"
            f" ORDER BY {', '.join(map(str, range(1, min(len(columns), 4) + 1)))} LIMIT :number",
            {**{f"v{n}": value for n, value in enumerate(given.values())}, "number": limit},
        )
        write_rows(rows, form, output)


def _found(
    butler: Butler,
    dataset_type: str,
    labels: dict[str, str],
    collections: Sequence[str] | None,
    everything: bool,
) -> DatasetRefs:
    searched = collections or [c.name for c in butler.registry.collections() if c.collection_type == "run"]
    return butler.query.datasets(
        dataset_type, labels, collections=searched, find_first=bool(collections) and not everything
    )


def _with_uris(butler: Butler, refs: Iterable[DatasetRef]) -> Iterable[tuple[Any, ...]]:
    by_id = {ref.id: ref for ref in refs}
    artifacts = butler.registry.query(
        "SELECT a.dataset_id::text, a.component, a.uri FROM unnest(CAST(:ids AS uuid[])) WITH ORDINALITY"
        " AS d (dataset_id, place) LEFT JOIN artifact AS a USING (dataset_id) ORDER BY d.place, a.component",
        {"ids": [str(dataset_id) for dataset_id in by_id]},
    )
    for (dataset_id, ref), artifact in zip(by_id.items(), artifacts, strict=True):
        yield (dataset_id, *ref.data_id.values(), ref.run, artifact.component, artifact.uri)


def _rows(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Rows:
    from butler.registry.rows import Fetched, Rows

    fetched = Fetched(tuple(columns), list(rows))
    return Rows(lambda: fetched)


def _column(butler: Butler, word: str, view: str, columns: Sequence[str]) -> str:
    """Give the column that a word means: its own name, or that of a unit with another name."""
    from butler.datastore.plugins import nearest
    from butler.errors import InvalidDataIdError

    if word in columns:
        return word
    for row in butler.registry.query("SELECT unit FROM unit WHERE :word = ANY (aliases)", {"word": word}):
        if row.unit in columns:
            return str(row.unit)
    raise InvalidDataIdError(f"{view} has no column {word!r}", hint=nearest(word, columns))

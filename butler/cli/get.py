"""``butler get`` and ``butler uri``: datasets out of the repository, and where they are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from butler.cli.arguments import Collections, Labels, examples, read_labels
from butler.cli.console import note, writing_to
from butler.cli.session import session_of

if TYPE_CHECKING:
    from butler.butler import Butler
    from butler.datastore.formatters import Formatter
    from butler.values import Artifact, DatasetRef

__all__ = ["add_to"]

DatasetTypeOrComponent = Annotated[
    str, typer.Argument(metavar="TYPE", help="Dataset type, or one and its component, such as calexp.wcs.")
]


def add_to(application: typer.Typer) -> None:
    """Add the commands."""
    application.command(
        epilog=examples(
            "butler get raw camera=Peepshow visit=12 sensor=7 -c Peepshow/raw -o raw.fits",
            "butler get raw camera=Peepshow visit=12 sensor=7 -c Peepshow/raw --bbox 1,1,3,2 -o cut.fits",
            "butler get stats camera=Peepshow visit=12 -c u/me/first -o -",
        )
    )(get)
    application.command(
        epilog=examples("butler uri raw camera=Peepshow visit=12 sensor=7 --collections Peepshow/raw")
    )(uri)


def get(
    ctx: typer.Context,
    dataset_type: DatasetTypeOrComponent,
    labels: Labels = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Where to write it; - for standard output."),
    ] = None,
    collections: Collections = None,
    bbox: Annotated[
        str | None, typer.Option(metavar="X,Y,WIDTH,HEIGHT", help="A section, in pixels from 0.")
    ] = None,
    columns: Annotated[str | None, typer.Option(metavar="NAME,NAME…", help="Columns of a table.")] = None,
    rows: Annotated[str | None, typer.Option(metavar="FIRST,END", help="Rows of a table, from 0.")] = None,
) -> None:
    """Copy a dataset, or a part of it, to a file.

    A whole dataset is copied byte for byte. A component or a section is
    written as a file of its own: of the format that the file's name says,
    else of the storage class's own.
    """
    from butler.values import split_component

    session = session_of(ctx)
    given = read_labels(labels)
    parameters = _parameters(bbox, columns, rows)
    if output is None:
        raise typer.BadParameter("name the file to write, or - for standard output", param_hint="--output")
    name, component = split_component(dataset_type)
    with session.reading(_required(collections)) as butler:
        ref = butler.find(name, given)
        with writing_to(output) as path:
            whole = not component and not parameters and len(ref.artifacts) == 1
            as_it_is = whole and _is_so_named(ref, path)
            if not (as_it_is and _copied(butler, ref.artifacts[0], path)):
                _write(butler, ref, component, parameters, path)
    if output != Path("-"):
        note(session, f"{ref} is in {output}")


def uri(
    ctx: typer.Context,
    dataset_type: DatasetTypeOrComponent,
    labels: Labels = None,
    collections: Collections = None,
) -> None:
    """Print the URI of a dataset's file."""
    from butler.values import split_component

    given = read_labels(labels)
    name, component = split_component(dataset_type)
    with session_of(ctx).reading(_required(collections)) as butler:
        print(butler.uri(name, given, component=component))


def _required(collections: Sequence[str] | None) -> Sequence[str]:
    if not collections:
        raise typer.BadParameter("name a collection to search", param_hint="--collections")
    return collections


def _parameters(bbox: str | None, columns: str | None, rows: str | None) -> dict[str, Any]:
    parameters: dict[str, Any] = {}
    if bbox is not None:
        parameters["bbox"] = _whole_numbers("--bbox", bbox, 4)
    if columns is not None:
        parameters["columns"] = columns.split(",")
    if rows is not None:
        parameters["rows"] = _whole_numbers("--rows", rows, 2)
    return parameters


def _whole_numbers(option: str, text: str, count: int) -> tuple[int, ...]:
    try:
        numbers = tuple(map(int, text.split(",")))
    except ValueError:
        numbers = ()
    if len(numbers) != count:
        raise typer.BadParameter(f"{text!r} is not {count} whole numbers with commas", param_hint=option)
    return numbers


def _copied(butler: Butler, artifact: Artifact, path: Path) -> bool:
    """Copy an artifact byte for byte, where its datastore keeps it in a file.

    Raises
    ------
    ArtifactMissingError
        If the file is gone.
    ChecksumError
        If it isn't the one that was written.
    """
    from butler.datastore.fingerprint import copy_file
    from butler.datastore.paths import local_file
    from butler.errors import ArtifactMissingError, ChecksumError

    where = butler.datastore.uri(artifact)
    if not where.startswith("file:"):
        return False
    try:
        copied = copy_file(local_file(where), path)
    except ArtifactMissingError as error:
        raise ArtifactMissingError(f"{where} is gone", hint="'butler verify' says what else is.") from error
    if copied != (artifact.size, artifact.sha256):
        raise ChecksumError(
            f"{where} isn't the file that was written", hint="'butler verify' says what else isn't."
        )
    return True


def _write(
    butler: Butler, ref: DatasetRef, component: str | None, parameters: dict[str, Any], path: Path
) -> None:
    import json

    from butler.datastore import storage_class
    from butler.datastore.formatters import formatter_named
    from butler.errors import ArtifactMissingError

    obj = butler.get(ref, component=component, parameters=parameters)
    if component and obj is None:
        raise ArtifactMissingError(f"dataset {ref} has no {component}", hint="It was put without.")
    whole = storage_class(ref.dataset_type.storage_class)
    kind = whole.components.get(component) if component else whole.name
    if kind is None:
        path.write_text(json.dumps(obj) + "\n", encoding="utf-8")
        return
    identity = {
        "id": str(ref.id),
        "dataset_type": ref.dataset_type.name,
        "run": ref.run,
        "data_id": dict(ref.data_id),
        **({"component": component} if component else {}),
        **({"parameters": parameters} if parameters else {}),
    }
    own = formatter_named(storage_class(kind).formatter, f"storage class {kind}")
    (_named_by(kind, path) or own).write(obj, path, identity, storage_class=kind)


def _is_so_named(ref: DatasetRef, path: Path) -> bool:
    """Whether a copy of the dataset's file would be what its name says."""
    named = _named_by(ref.dataset_type.storage_class, path)
    return named is None or ref.artifacts[0].path.lower().endswith(named.extension)


def _named_by(kind: str, path: Path) -> Formatter | None:
    """What writes a storage class into files of such a name; `None` if the name says nothing."""
    from butler.datastore import storage_class
    from butler.datastore.formatters import formatter_named, formatters_of

    name = path.name.lower()
    own = formatter_named(storage_class(kind).formatter, f"storage class {kind}")
    for formatter in (own, *formatters_of(kind)):
        for way in (formatter, *map(formatter.compressed, formatter.compressions)):
            if name.endswith(way.extension):
                return way
    return next((each for each in (own, *formatters_of(kind)) if name.endswith(each.extensions)), None)

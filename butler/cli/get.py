"""``butler get``: a dataset out of the repository, into a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from butler.cli.arguments import Collections, DataIdWords, DatasetTypeOrComponent, read_data_id, required
from butler.cli.commands import examples, new_app
from butler.cli.console import note, writing_to
from butler.cli.session import session_of

if TYPE_CHECKING:
    from butler.butler import Butler
    from butler.datastore.formatters import Formatter
    from butler.values import DatasetRef

__all__ = ["app"]

app = new_app()


@app.command(
    epilog=examples(
        "butler get raw camera=Peepshow visit=12 sensor=7 -c Peepshow/raw -o raw.fits",
        "butler get raw camera=Peepshow visit=12 sensor=7 -c Peepshow/raw --bbox 1,1,3,2 -o cut.fits",
        "butler get stats camera=Peepshow visit=12 -c u/me/first -o -",
    )
)
def get(
    ctx: typer.Context,
    dataset_type: DatasetTypeOrComponent,
    data_id: DataIdWords = None,
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
    given = read_data_id(data_id)
    parameters = _parameters(bbox, columns, rows)
    if output is None:
        raise typer.BadParameter("name the file to write, or - for standard output", param_hint="--output")
    name, component = split_component(dataset_type)
    with session.reading(required(collections)) as butler:
        ref = butler.find(name, given)
        with writing_to(output) as path:
            copied = not component and not parameters and _copied(butler, ref, path)
            if not copied:
                _write(butler, ref, component, parameters, path)
    if output != Path("-"):
        note(session, f"{ref} is in {output}")


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


def _copied(butler: Butler, ref: DatasetRef, path: Path) -> bool:
    """Copy a dataset byte for byte, where it is one file whose copy would be what its name says.

    Raises
    ------
    ArtifactMissingError
        If the file is gone.
    ChecksumError
        If it isn't the one that was written.
    """
    from butler.datastore.fingerprint import copy_file
    from butler.datastore.missing import why_missing
    from butler.datastore.paths import local_file
    from butler.errors import ArtifactMissingError, ChecksumError

    if ref.artifacts is None or len(ref.artifacts) != 1:
        return False
    (artifact,) = ref.artifacts
    if artifact.part:
        return False
    named = _named_by(ref.dataset_type.storage_class, path)
    where = butler.datastore.uri(artifact)
    if (named and not artifact.path.lower().endswith(named.extension)) or not where.startswith("file:"):
        return False
    try:
        copied = copy_file(local_file(where), path)
    except ArtifactMissingError as error:
        gone = ArtifactMissingError(f"{where} is gone", hint="'butler verify' says what else is.")
        raise why_missing(gone, butler.datastore, ref.artifacts) from error
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
    from butler.errors import ArtifactMissingError

    obj = butler.get(ref, component=component, parameters=parameters)
    if component and obj is None:
        raise ArtifactMissingError(f"dataset {ref} has no {component}", hint="It was put without.")
    whole = storage_class(ref.dataset_type.storage_class)
    held = whole.components.get(component) if component else whole.name
    if held is None:
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
    (_named_by(held, path) or _own(held)).write(obj, path, identity, storage_class=held)


def _own(storage_class: str) -> Formatter:
    """What writes a storage class unless another is asked for."""
    from butler.datastore import storage_class as known
    from butler.datastore.formatters import formatter_named

    return formatter_named(known(storage_class).formatter, f"storage class {storage_class}")


def _named_by(storage_class: str, path: Path) -> Formatter | None:
    """What writes a storage class into files of such a name; `None` if the name says nothing."""
    from butler.datastore.formatters import formatters_of

    name = path.name.lower()
    choice = (_own(storage_class), *formatters_of(storage_class))
    for formatter in choice:
        for way in (formatter, *map(formatter.compressed, formatter.compressions)):
            if name.endswith(way.extension):
                return way
    return next((each for each in choice if name.endswith(each.extensions)), None)

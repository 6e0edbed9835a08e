"""``butler ingest`` and ``butler put``: files into the repository."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from butler.cli.arguments import Labels, examples, read_labels
from butler.cli.console import progress
from butler.cli.session import session_of

__all__ = ["add_to"]


class Mode(StrEnum):
    """How a file gets into the datastore."""

    COPY = "copy"
    MOVE = "move"
    HARDLINK = "hardlink"
    SYMLINK = "symlink"
    IN_PLACE = "in-place"


def add_to(application: typer.Typer) -> None:
    """Add the commands."""
    application.command(
        epilog=examples(
            "butler ingest night1/shot1.fits night1/shot2.fits",
            "butler ingest raw night1/shot1.fits --camera Peepshow --mode in-place --run Peepshow/linked",
            "butler ingest stats stats.json --label camera=Peepshow --label visit=12 --run u/me/first",
        )
    )(ingest)
    application.command(
        epilog=examples("butler put stats stats.json camera=Peepshow visit=13 --run u/me/first")
    )(put)


def ingest(
    ctx: typer.Context,
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="[TYPE] FILE...",
            help="The dataset type, and the files; 'auto', or none, for what the cameras' rules say.",
        ),
    ],
    run: Annotated[
        str | None, typer.Option("--run", metavar="RUN", help="Run to file them in; by default CAMERA/raw.")
    ] = None,
    mode: Annotated[Mode, typer.Option("--mode", help="How to take the files in.")] = Mode.COPY,
    camera: Annotated[
        str | None, typer.Option("--camera", metavar="NAME", help="By default the one whose rules fit.")
    ] = None,
    label: Annotated[
        list[str] | None,
        typer.Option("--label", metavar="KEY=VALUE", help="Label of the one file, instead of its header's."),
    ] = None,
) -> None:
    """File files under their headers' labels.

    They are filed as they are, all of them or none; those that the run has
    already are left alone.
    """
    session = session_of(ctx)
    dataset_type, files = _split(words)
    with session.writing(run=run) as butler, progress(session, "ingest") as report:
        if label:
            if dataset_type is None or len(files) != 1 or camera:
                raise typer.BadParameter("with --label, give a TYPE and one FILE, and no --camera")
            refs = butler.ingest([(files[0], read_labels(label))], dataset_type, mode=mode.value)
        else:
            from butler.ingest import ingest_raws

            refs = ingest_raws(
                butler, files, dataset_type, camera=camera, mode=mode.value, on_progress=report
            )
    for ref in refs:
        print(ref)


def put(
    ctx: typer.Context,
    dataset_type: Annotated[str, typer.Argument(metavar="TYPE")],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Of the storage class's own format.")],
    labels: Labels = None,
    run: Annotated[str | None, typer.Option("--run", metavar="RUN", help="Run to file it in.")] = None,
) -> None:
    """File a copy of one file under given labels."""
    session = session_of(ctx)
    given = read_labels(labels)
    if run is None:
        raise typer.BadParameter("name the run to file it in, such as u/me/first", param_hint="--run")
    with session.writing(run=run) as butler:
        (ref,) = butler.ingest([(file, given)], dataset_type)
    print(ref)


def _split(words: Sequence[str]) -> tuple[str | None, list[Path]]:
    """Tell the dataset type from the files: it names no file."""
    first = words[0]
    if Path(first).exists() or "/" in first:
        return None, list(map(Path, words))
    if len(words) == 1:
        raise typer.BadParameter(f"{first!r} is no file")
    return None if first == "auto" else first, list(map(Path, words[1:]))

"""``butler put``: a file into the repository, under given labels."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from butler.cli.arguments import Labels, examples, read_labels
from butler.cli.session import session_of

__all__ = ["add_to"]


def add_to(application: typer.Typer) -> None:
    """Add the command."""
    application.command(
        epilog=examples("butler put stats stats.json camera=Peepshow visit=13 --run u/me/first")
    )(put)


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

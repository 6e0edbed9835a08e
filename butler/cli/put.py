"""``butler put``: a file into the repository, under a given data ID."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from butler.cli.arguments import DataIdWords, DatasetTypeName, read_data_id
from butler.cli.commands import examples, new_app
from butler.cli.console import write_line
from butler.cli.session import session_of

__all__ = ["app"]

app = new_app()


@app.command(epilog=examples("butler put stats stats.json camera=Peepshow visit=13 --run u/me/first"))
def put(
    ctx: typer.Context,
    dataset_type: DatasetTypeName,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Of the storage class's own format.")],
    data_id: DataIdWords = None,
    run: Annotated[str | None, typer.Option("--run", metavar="RUN", help="Run to put it into.")] = None,
) -> None:
    """Put a copy of one file under a given data ID."""
    session = session_of(ctx)
    given = read_data_id(data_id)
    if run is None:
        raise typer.BadParameter("name the run to put it into, such as u/me/first", param_hint="--run")
    with session.writing(run=run) as butler:
        (ref,) = butler.ingest([(file, given)], dataset_type)
    write_line(ref)

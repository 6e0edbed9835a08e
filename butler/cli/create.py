"""``butler create``: a new repository."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from butler.cli.commands import examples, new_app
from butler.cli.console import note
from butler.cli.session import session_of

__all__ = ["app"]

app = new_app()


@app.command(
    epilog=examples(
        "butler create demo",
        "butler create /data/survey --dsn postgresql://observer@db.example.org/survey",
    )
)
def create(
    ctx: typer.Context,
    repo: Annotated[Path, typer.Argument(metavar="REPO", help="Its folder: new, or empty.")],
    dsn: Annotated[
        str | None,
        typer.Option(
            metavar="DSN",
            help="Of a database that 'butler db init' has initialised, with a login that may write;"
            " without, the repository gets its own server.",
        ),
    ] = None,
) -> None:
    """Make a repository."""
    from butler.repository import create_repository

    session = session_of(ctx)
    config = create_repository(repo, dsn=dsn, registry=session.layer or "butler")
    note(session, f"{config.repo} is a repository now; try 'butler -r {repo} status'.")

"""``butler identify``: what files say about themselves."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from butler.cli.arguments import ListFormat, ListFormatOption
from butler.cli.commands import examples, new_app
from butler.cli.console import write_list
from butler.cli.failures import ExitStatus, show_error

__all__ = ["app"]

app = new_app()


@app.command(epilog=examples("butler identify cut.fits", "butler identify cut.fits --format json"))
def identify(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Under any name.")],
    form: ListFormatOption = ListFormat.TABLE,
) -> None:
    """Show what files say about themselves.

    No repository is needed. Exit status 3 if only some of them say something, 1 if none does.
    """
    from butler.datastore import identify as identified
    from butler.errors import ButlerError

    found = []
    for file in files:
        try:
            identity = identified(file)
        except ButlerError as error:
            show_error(error.message, error.hint)
            continue
        if identity is None:
            show_error(f"{file} says nothing about itself")
        else:
            found.append((str(file), identity))
    keys = list(dict.fromkeys(key for _, identity in found for key in identity))
    write_list(("file", *keys), [(file, *map(identity.get, keys)) for file, identity in found], form)
    if len(found) < len(files):
        raise typer.Exit(ExitStatus.PARTLY if found else ExitStatus.FAILED)

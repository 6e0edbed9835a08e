"""``butler verify`` and ``butler identify``: are the files what they should be, and what are they."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from butler.cli.arguments import ListFormat, ListFormatOption, examples
from butler.cli.console import note, progress, warn, write_list
from butler.cli.failures import ExitStatus, show_error
from butler.cli.session import session_of

__all__ = ["add_to"]


def add_to(application: typer.Typer) -> None:
    """Add the commands."""
    application.command(epilog=examples("butler verify", "butler verify --fast --format json"))(verify)
    application.command(
        epilog=examples("butler identify cut.fits", "butler identify cut.fits --format json")
    )(identify)


def verify(
    ctx: typer.Context,
    fast: Annotated[
        bool, typer.Option("--fast", help="Compare existence and size, and read no bytes.")
    ] = False,
    form: ListFormatOption = ListFormat.TABLE,
) -> None:
    """Compare registry and datastore.

    Each difference is a line with its remedy; exit status 1 if there is one.
    """
    session = session_of(ctx)
    with session.writing() as butler, progress(session, "verify") as report:
        warn(butler.datastore.doubts())
        faults = list(butler.verify(checksum=not fast, on_progress=report))
    if form == ListFormat.JSON:
        columns = ("kind", "dataset_id", "uri", "detail", "remedy")
        write_list(
            columns, [(f.kind, f.dataset_id or None, f.uri, f.detail or None, f.remedy) for f in faults], form
        )
    else:
        for fault in faults:
            print(f"{fault}: {fault.remedy}")
    if faults:
        raise typer.Exit(ExitStatus.FAILED)
    note(session, "registry and datastore agree")


def identify(
    ctx: typer.Context,
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

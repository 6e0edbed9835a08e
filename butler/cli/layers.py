"""``butler layer``: personal registries over another one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from butler.cli.arguments import ListFormat, ListFormatOption, Yes, examples
from butler.cli.console import confirm, note, write_list
from butler.cli.failures import ExitStatus, show_error
from butler.cli.session import session_of

if TYPE_CHECKING:
    from butler.butler import Butler
    from butler.values import Artifact

__all__ = ["add_to"]

Name = Annotated[str, typer.Argument(metavar="NAME", help="Such as mydb_alice.")]


def add_to(application: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(no_args_is_help=True)
    group.command(
        epilog=examples("butler layer create mydb_alice", "butler --layer mydb_alice collection list")
    )(create)
    group.command(epilog=examples("butler layer drop mydb_alice --yes"))(drop)
    group.command("list", epilog=examples("butler layer list"))(list_layers)
    application.add_typer(group, name="layer", help="Create, drop and list personal layers.")


def create(
    ctx: typer.Context,
    name: Name,
    base: Annotated[str, typer.Option("--base", metavar="NAME", help="The registry under it.")] = "butler",
) -> None:
    """Make a layer.

    It shows all that its base has, and takes what is written in it.
    """
    from butler.schema.install import create_layer

    session = session_of(ctx)
    with session.owning() as connection:
        create_layer(connection, name, base)
    note(session, f"layer {name} is made; work in it by 'butler --layer {name} …'")


def drop(
    ctx: typer.Context,
    name: Name,
    keep_files: Annotated[
        bool, typer.Option("--keep-files", help="Leave its files, for 'butler verify' to list.")
    ] = False,
    yes: Yes = False,
) -> None:
    """Drop a layer with all that is in it, files too.

    Files that were ingested in place stay where they are, and so does what
    another registry has too. Exit status 3 if files couldn't be removed.
    """
    from butler.schema.install import drop_layer

    session = session_of(ctx)
    confirm(f"Drop layer {name} with all that was registered in it?", yes)
    with session.owning() as connection:
        artifacts = drop_layer(connection, name)
    left = 0
    if not keep_files:
        with session.reading() as butler:
            left = _remove(butler, [a for a in artifacts if a.datastore == butler.datastore.name])
    note(session, f"layer {name} is dropped, with {len(artifacts)} artifacts")
    if left:
        raise typer.Exit(ExitStatus.PARTLY)


def _remove(butler: Butler, artifacts: Sequence[Artifact]) -> int:
    """Remove what no registry has any more, file by file; give how many could not be."""
    from butler.care.verification import unclaimed
    from butler.errors import ButlerError

    free = unclaimed(butler.registry, butler.datastore, [artifact.path for artifact in artifacts])
    left = 0
    for artifact in artifacts:
        if artifact.path not in free:
            continue
        try:
            butler.datastore.remove([artifact])
        except (ButlerError, OSError) as error:
            show_error(f"{artifact.path!r} is left: {error}", "Look at it, and delete it by hand.")
            left += 1
    return left


def list_layers(ctx: typer.Context, form: ListFormatOption = ListFormat.TABLE) -> None:
    """List the registries of the database."""
    with session_of(ctx).reading() as butler:
        rows = butler.registry.query(
            "SELECT registry, base, depth, owner, created FROM registry ORDER BY depth, registry"
        )
        write_list(rows.columns, rows, form)

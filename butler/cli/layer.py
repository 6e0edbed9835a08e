"""``butler layer``: personal registries over another one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

import typer

from butler.cli.arguments import ListFormat, ListFormatOption, Yes
from butler.cli.commands import examples, new_app
from butler.cli.console import are, confirm, counted, note, write_list
from butler.cli.failures import ExitStatus, show_error
from butler.cli.session import session_of

if TYPE_CHECKING:
    from butler.butler import Butler
    from butler.values import Artifact

__all__ = ["app"]

Name = Annotated[str, typer.Argument(metavar="NAME", help="Such as mydb_alice.")]

app = new_app("layer")


@app.command(epilog=examples("butler layer create mydb_alice", "butler --layer mydb_alice collection list"))
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


@app.command(epilog=examples("butler layer drop mydb_alice --yes"))
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
    from butler.roots import Roots
    from butler.schema.install import drop_layer

    session = session_of(ctx)
    if not keep_files:
        with session.reading() as butler:
            Roots(butler.registry, butler.datastore).check_all()
    confirm(f"Drop layer {name} with all that was registered in it?", yes)
    with session.owning() as connection:
        artifacts = drop_layer(connection, name, keep_files=keep_files)
    left = 0
    if not keep_files:
        with session.reading() as butler:
            left = _remove(butler, artifacts)
    note(session, f"layer {name} is dropped, with {counted(len(artifacts), 'artifact')}")
    if left:
        raise typer.Exit(ExitStatus.PARTLY)


def _remove(butler: Butler, artifacts: Iterable[Artifact]) -> int:
    """Remove what no registry has any more, file by file; give how many could not be."""
    from butler.errors import ButlerError
    from butler.maintenance.given_up import delete
    from butler.maintenance.orphans import unclaimed
    from butler.roots import Roots

    by_datastore: dict[str, dict[str, Artifact]] = defaultdict(dict)
    for artifact in artifacts:
        by_datastore[artifact.datastore][artifact.file] = artifact
    roots = Roots(butler.registry, butler.datastore)
    left = 0
    for name, by_path in by_datastore.items():
        datastore = butler.datastore.members.get(name)
        if datastore is None:
            show_error(
                f"{counted(len(by_path), 'file')} in datastore {name} {are(len(by_path))} left:"
                " the repository doesn't have it",
                "Drop the layer of a repository that has, or delete them by hand.",
            )
            left += len(by_path)
            continue
        roots.check(name)
        for path in sorted(unclaimed(butler.registry, datastore, list(by_path))):
            try:
                delete(datastore, by_path[path])
            except (ButlerError, OSError) as error:
                show_error(f"{path!r} is left: {error}", "Look at it, and delete it by hand.")
                left += 1
    return left


@app.command("list", epilog=examples("butler layer list"))
def list_layers(ctx: typer.Context, form: ListFormatOption = ListFormat.TABLE) -> None:
    """List the registries of the database."""
    with session_of(ctx).reading() as butler:
        write_list(*butler.registry.layers.list().fetched, form)

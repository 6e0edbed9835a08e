"""``butler restore``: datasets back out of the trash."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from butler.cli.arguments import DryRun
from butler.cli.commands import examples, new_app
from butler.cli.console import are, counted, note
from butler.cli.session import session_of

if TYPE_CHECKING:
    from butler.butler import Butler

__all__ = ["app"]

app = new_app()


@app.command(
    epilog=examples(
        "butler restore --run Peepshow/raw",
        "butler restore --run Peepshow/raw --type raw --dry-run",
    )
)
def restore(
    ctx: typer.Context,
    ids: Annotated[list[UUID] | None, typer.Argument(metavar="[ID]...", help="Of datasets.")] = None,
    run: Annotated[str | None, typer.Option("--run", metavar="NAME", help="All of this run.")] = None,
    dataset_type: Annotated[
        str | None, typer.Option("--type", metavar="TYPE", help="Of the run, only these.")
    ] = None,
    dry_run: DryRun = False,
) -> None:
    """Bring back what was unstored or removed, out of the trash.

    Those that were in tagged collections are in them again.
    """
    session = session_of(ctx)
    if bool(ids) == bool(run):
        raise typer.BadParameter("name datasets by their ids, or a run by --run")
    with session.writing() as butler:
        wanted = butler.registry.removal.restorable(run, dataset_type) if run else ids or []
        if run and not wanted:
            _refuse_unknown(butler, run, dataset_type)
        if dry_run:
            print(f"{counted(len(wanted), 'dataset')} would be restored")
            return
        restored = butler.removal.restore(wanted)
    note(session, f"{counted(restored, 'dataset')} {are(restored)} restored")


def _refuse_unknown(butler: Butler, run: str, dataset_type: str | None) -> None:
    """Refuse a run or a type that isn't there, of which nothing was in the trash."""
    butler.registry.collections.contents(run)
    if dataset_type is not None:
        butler.registry.definitions.dataset_type(dataset_type)

"""``butler remove``: datasets out of the repository."""

from __future__ import annotations

import typer

from butler.cli.arguments import (
    Collections,
    DataIdWords,
    DatasetTypeName,
    DryRun,
    Yes,
    read_data_id,
    required,
)
from butler.cli.commands import examples, new_app
from butler.cli.plans import Force, Reason, carry_out
from butler.cli.selection import found_datasets
from butler.cli.session import session_of

__all__ = ["app"]

app = new_app()


@app.command(
    epilog=examples(
        "butler remove raw visit=12 --collections Peepshow/raw --dry-run",
        "butler remove raw camera=Peepshow visit=12 -c Peepshow/raw --reason clouds --yes",
    )
)
def remove(
    ctx: typer.Context,
    dataset_type: DatasetTypeName,
    data_id: DataIdWords = None,
    collections: Collections = None,
    reason: Reason = "",
    force: Force = False,
    dry_run: DryRun = False,
    yes: Yes = False,
) -> None:
    """Remove datasets; names are free again, provenance stays.

    The plan is shown first. Files go to the trash, see 'butler trash'. Exit
    status 3 if some datasets are kept, 1 if all are.
    """
    session = session_of(ctx)
    given, searched = read_data_id(data_id), required(collections)
    with session.writing() as butler:
        refs = found_datasets(butler, dataset_type, given, searched)
        carry_out(
            session,
            "remove",
            lambda dry: butler.removal.remove(refs, reason=reason, force=force, dry_run=dry),
            refs,
            dry_run=dry_run,
            yes=yes,
        )

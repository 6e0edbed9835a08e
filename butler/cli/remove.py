"""``butler unstore``, ``butler remove`` and ``butler restore``: datasets out of the repository, and back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from butler.cli.arguments import Collections, DryRun, Labels, Yes, examples, read_labels
from butler.cli.console import confirm, human_size, note
from butler.cli.failures import ExitStatus
from butler.cli.session import Session, session_of

if TYPE_CHECKING:
    from butler.values import DatasetRef, Removal

__all__ = ["Force", "Reason", "add_to", "carry_out", "show_outcomes"]

DatasetTypeName = Annotated[str, typer.Argument(metavar="TYPE", help="Dataset type.")]
Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; it is recorded.")]
Force = Annotated[bool, typer.Option("--force", help="Also what a tagged collection holds.")]


def add_to(application: typer.Typer) -> None:
    """Add the commands."""
    application.command(
        epilog=examples(
            "butler unstore raw visit=12 --collections Peepshow/raw --dry-run",
            "butler unstore raw camera=Peepshow visit=12 -c Peepshow/raw --reason 'on tape' --yes",
        )
    )(unstore)
    application.command(
        epilog=examples(
            "butler remove raw visit=12 --collections Peepshow/raw --dry-run",
            "butler remove raw camera=Peepshow visit=12 -c Peepshow/raw --reason clouds --yes",
        )
    )(remove)
    application.command(
        epilog=examples(
            "butler restore --run Peepshow/raw",
            "butler restore --run Peepshow/raw --type raw --dry-run",
        )
    )(restore)


def unstore(
    ctx: typer.Context,
    dataset_type: DatasetTypeName,
    labels: Labels = None,
    collections: Collections = None,
    reason: Reason = "",
    force: Force = False,
    dry_run: DryRun = False,
    yes: Yes = False,
) -> None:
    """Give up the bytes of datasets; their labels and provenance stay.

    The plan is shown first. Files go to the trash, see 'butler trash'. Exit
    status 3 if some datasets are kept, 1 if all are.
    """
    _unless_kept(ctx, "unstore", dataset_type, labels, collections, reason, force, dry_run, yes)


def remove(
    ctx: typer.Context,
    dataset_type: DatasetTypeName,
    labels: Labels = None,
    collections: Collections = None,
    reason: Reason = "",
    force: Force = False,
    dry_run: DryRun = False,
    yes: Yes = False,
) -> None:
    """Remove datasets; their names are free again, their provenance stays.

    The plan is shown first. Files go to the trash, see 'butler trash'. Exit
    status 3 if some datasets are kept, 1 if all are.
    """
    _unless_kept(ctx, "remove", dataset_type, labels, collections, reason, force, dry_run, yes)


def restore(
    ctx: typer.Context,
    ids: Annotated[list[UUID] | None, typer.Argument(metavar="[ID]...", help="Of datasets.")] = None,
    run: Annotated[str | None, typer.Option("--run", metavar="NAME", help="All of this run.")] = None,
    dataset_type: Annotated[
        str | None, typer.Option("--type", metavar="TYPE", help="Of the run, only these.")
    ] = None,
    dry_run: DryRun = False,
) -> None:
    """Bring back datasets that were unstored or removed, while their files are in the trash.

    Those that were in tagged collections are in them again.
    """
    session = session_of(ctx)
    if bool(ids) == bool(run):
        raise typer.BadParameter("name datasets by their ids, or a run by --run")
    with session.writing() as butler:
        wanted = ids or [
            row.dataset_id
            for row in butler.registry.query(
                "SELECT dataset_id FROM removal WHERE run = :run AND bytes IS NOT NULL"
                " AND (CAST(:type AS text) IS NULL OR dataset_type = :type)",
                {"run": run, "type": dataset_type},
            )
        ]
        if dry_run:
            print(f"{len(wanted)} datasets would be restored")
            return
        restored = butler.restore(wanted)
    note(session, f"{restored} datasets are restored")


def _unless_kept(
    ctx: typer.Context,
    verb: str,
    dataset_type: str,
    labels: list[str] | None,
    collections: list[str] | None,
    reason: str,
    force: bool,
    dry_run: bool,
    yes: bool,
) -> None:
    session = session_of(ctx)
    given = read_labels(labels)
    if not collections:
        raise typer.BadParameter("name a collection to search", param_hint="--collections")
    with session.writing() as butler:
        refs = list(butler.query.datasets(dataset_type, given, collections=collections))
        if not refs:
            print("no datasets found")
            raise typer.Exit(ExitStatus.FAILED)

        def act(dry: bool) -> list[Removal]:
            outcomes: list[Removal] = getattr(butler, verb)(refs, reason=reason, force=force, dry_run=dry)
            return outcomes

        carry_out(session, verb, act, refs, dry_run=dry_run, yes=yes)


def carry_out(
    session: Session,
    verb: str,
    act: Callable[[bool], Sequence[Removal]],
    refs: Iterable[DatasetRef] = (),
    *,
    dry_run: bool,
    yes: bool,
) -> None:
    """Show what would be done, ask, do it, and say by the exit status whether all of it was done.

    Parameters
    ----------
    session : `~butler.cli.session.Session`
        How talkative to be.
    verb : `str`
        What is done.
    act : callable
        Called with whether to only plan.
    refs : iterable of `~butler.DatasetRef`
        By which those that are kept are named.
    dry_run, yes : `bool`
        Whether to stop at the plan; whether not to ask.
    """
    planned = act(True)
    names = {ref.id: str(ref) for ref in refs}
    show_outcomes(planned, names)
    kept = sum(outcome.datasets for outcome in planned if outcome.outcome == "kept")
    going = sum(outcome.datasets for outcome in planned if outcome.outcome in ("unstored", "removed"))
    collections = any(outcome.outcome == "collection removed" for outcome in planned)
    if not dry_run and (going or collections):
        confirm(f"{verb.capitalize()} {'this' if collections else f'{going} datasets'}?", yes)
        done = act(False)
        if done != planned:
            print("Meanwhile something changed; this was done:")
            show_outcomes(done, names)
            kept = sum(outcome.datasets for outcome in done if outcome.outcome == "kept")
        note(session, f"{verb}: done; 'butler restore' brings datasets back until the trash is emptied")
    if kept:
        raise typer.Exit(ExitStatus.PARTLY if going else ExitStatus.FAILED)


def show_outcomes(outcomes: Iterable[Removal], names: dict[UUID, str]) -> None:
    """Print what becomes of datasets, and name those that are kept."""
    for outcome in outcomes:
        if outcome.datasets:
            why = f", {outcome.reason}" if outcome.reason else ""
            print(
                f"{outcome.outcome}: {outcome.datasets} datasets, {outcome.files} files,"
                f" {human_size(outcome.bytes)}{why}"
            )
        else:
            print(f"{outcome.outcome}: {outcome.reason}")
        if outcome.outcome == "kept":
            for dataset_id in outcome.dataset_ids:
                print(f"  {names.get(dataset_id, dataset_id)}")

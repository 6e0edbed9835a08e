"""Removing, as a person does it: the plan, a question, what was done."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from butler.cli.console import confirm, counted, human_size, note, write_line
from butler.cli.failures import ExitStatus
from butler.cli.session import Session
from butler.values import RemovalOutcome

if TYPE_CHECKING:
    from butler.values import DatasetRef, Removal

__all__ = ["Force", "Reason", "carry_out"]

Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; it is recorded.")]
Force = Annotated[bool, typer.Option("--force", help="Also what a tagged collection holds.")]


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
    kept = _datasets(planned, RemovalOutcome.KEPT)
    going = _datasets(planned, RemovalOutcome.UNSTORED, RemovalOutcome.REMOVED)
    collections = any(removal.outcome == RemovalOutcome.COLLECTION_REMOVED for removal in planned)
    if dry_run or not yes or not (going or collections):
        _show(planned, names, _PLANNED)
    if not dry_run and (going or collections):
        confirm(f"{verb.capitalize()} {'this' if collections else counted(going, 'dataset')}?", yes)
        done = act(False)
        if yes:
            _show(done, names)
        elif done != planned:
            print("Meanwhile something changed; this was done:")
            _show(done, names)
        kept = _datasets(done, RemovalOutcome.KEPT)
        note(session, f"{verb}: done; 'butler restore' brings datasets back until the trash is emptied")
    if kept:
        raise typer.Exit(ExitStatus.PARTLY if going else ExitStatus.FAILED)


def _datasets(removals: Iterable[Removal], *outcomes: RemovalOutcome) -> int:
    return sum(removal.datasets for removal in removals if removal.outcome in outcomes)


_PLANNED = {
    RemovalOutcome.UNSTORED: "would be unstored",
    RemovalOutcome.REMOVED: "would be removed",
    RemovalOutcome.COLLECTION_REMOVED: "collection would be removed",
    RemovalOutcome.CHAIN_CHANGED: "chain would change",
}
"""What a plan calls what isn't done yet."""


def _show(
    removals: Iterable[Removal], names: dict[UUID, str], words: Mapping[RemovalOutcome, str] | None = None
) -> None:
    """Print what becomes of datasets, and name those that are kept."""
    for removal in removals:
        outcome = (words or {}).get(removal.outcome, removal.outcome)
        if removal.datasets:
            why = f", {removal.reason}" if removal.reason else ""
            write_line(
                f"{outcome}: {counted(removal.datasets, 'dataset')}, {counted(removal.files, 'file')},"
                f" {human_size(removal.bytes)}{why}"
            )
        else:
            write_line(f"{outcome}: {removal.reason}")
        if removal.outcome == RemovalOutcome.KEPT:
            for dataset_id in removal.dataset_ids:
                write_line(f"  {names.get(dataset_id, dataset_id)}")

"""``butler verify``, ``reap`` and ``identify``: are the files what they should be, and what are they."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from butler.cli.arguments import DryRun, ListFormat, ListFormatOption, Yes, examples, read_duration
from butler.cli.console import confirm, note, progress, warn, write_list
from butler.cli.failures import ExitStatus, show_error
from butler.cli.session import Session, session_of

if TYPE_CHECKING:
    from butler.butler import Butler
    from butler.care.repair import Repair
    from butler.care.verification import Fault

__all__ = ["add_to"]

ONE_DAY = timedelta(days=1)


def add_to(application: typer.Typer) -> None:
    """Add the commands."""
    application.command(
        epilog=examples(
            "butler verify",
            "butler verify --fast --format json",
            "butler verify --incremental --for 2h --older-than 1d",
            "butler verify --repair --dry-run",
            "butler verify --repair --yes --report repairs.jsonl",
        )
    )(verify)
    application.command(epilog=examples("butler reap --dry-run", "butler reap --older-than 8h"))(reap)
    application.command(
        epilog=examples("butler identify cut.fits", "butler identify cut.fits --format json")
    )(identify)


def verify(
    ctx: typer.Context,
    fast: Annotated[
        bool, typer.Option("--fast", help="Compare existence and size, and read no bytes.")
    ] = False,
    incremental: Annotated[
        bool, typer.Option("--incremental", help="Go on where the last incremental one stopped.")
    ] = False,
    time_limit: Annotated[
        timedelta | None,
        typer.Option("--for", parser=read_duration, metavar="TIME", help="Stop after so long, such as 10m."),
    ] = None,
    older_than: Annotated[
        timedelta | None,
        typer.Option(
            parser=read_duration,
            metavar="TIME",
            show_default="0s; 1d for --repair",
            help="Leave out unfinished puts, and files that nobody has, which are younger.",
        ),
    ] = None,
    repair: Annotated[
        bool, typer.Option("--repair", help="Show what can be repaired, ask, and repair it.")
    ] = False,
    delete_orphans: Annotated[
        bool, typer.Option("--delete-orphans", help="Repair by deleting files that nobody has, too.")
    ] = False,
    report: Annotated[
        Path | None, typer.Option("--report", metavar="FILE", help="Append a line of JSON for each repair.")
    ] = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    form: ListFormatOption = ListFormat.TABLE,
) -> None:
    """Compare registry and datastore, and repair what differs if asked.

    Each difference is a line with its remedy; exit status 1 if there is one. A repair never deletes what
    could be the last copy of something: what is gone or altered is recorded as lost, what says what it is
    becomes a dataset again, and other files are left. Exit status of a repair: 0 if all is repaired, 3 if
    something is left, 1 if nothing was done.
    """
    session = session_of(ctx)
    if not repair and (delete_orphans or report or dry_run or yes):
        raise typer.BadParameter("it belongs to a repair: add --repair")
    age = older_than if older_than is not None else ONE_DAY if repair else timedelta(0)
    # What only compares is for readers, too.
    opened = session.writing() if repair or incremental else session.reading()
    with opened as butler:
        warn(butler.datastore.doubts())
        with progress(session, "verify") as on_progress:
            verification = butler.verify(
                checksum=not fast,
                incremental=incremental,
                time_limit=time_limit,
                older_than=age,
                on_progress=on_progress,
            )
            faults = list(verification)
        if faults and repair:
            _repair(session, butler, faults, age, delete_orphans, report, dry_run, yes, form)
        elif form == ListFormat.JSON:
            write_list(_FAULT, [_fault_row(fault) for fault in faults], form)
        else:
            for fault in faults:
                print(f"{fault}: {fault.remedy}")
    if verification.lost:
        note(session, f"{verification.lost} files are known to be lost: see the view lost_artifact")
    if not verification.complete:
        note(session, f"time was up after {verification.checked} files; the rest was not compared")
    if faults and not repair:
        raise typer.Exit(ExitStatus.FAILED)
    if not faults:
        note(session, "registry and datastore agree")


_FAULT = ("kind", "dataset_id", "uri", "detail", "remedy")
_REPAIR = ("action", "reason", "outcome", "kind", "dataset_id", "uri", "detail")


def _fault_row(fault: Fault) -> Sequence[str | None]:
    return fault.kind, fault.dataset_id or None, fault.uri, fault.detail or None, fault.remedy


def _repair_row(repair: Repair) -> Sequence[str | None]:
    fault = repair.fault
    return (
        repair.action,
        repair.reason or None,
        repair.outcome or None,
        fault.kind,
        fault.dataset_id or None,
        fault.uri,
        fault.detail or None,
    )


def _repair(
    session: Session,
    butler: Butler,
    faults: Sequence[Fault],
    age: timedelta,
    delete_orphans: bool,
    report: Path | None,
    dry_run: bool,
    yes: bool,
    form: ListFormat,
) -> None:
    """Show the plan, ask, carry it out, and end the command by what came of it."""
    plan = list(butler.repair(faults, delete_orphans=delete_orphans, older_than=age, dry_run=True))
    steps = sum(step.action != "leave" for step in plan)
    if dry_run or not steps or not yes:
        _show(plan, form)
    if dry_run or not steps:
        note(session, f"{steps} of {len(plan)} can be repaired")
        raise typer.Exit(ExitStatus.FAILED)
    confirm(f"Repair {steps} of {len(plan)}?", yes)
    with _appending(report) as lines:
        done = list(_recorded(butler.repair(faults, delete_orphans=delete_orphans, older_than=age), lines))
    _show(done, form)
    repaired = sum(step.repaired for step in done)
    note(session, f"{repaired} of {len(done)} are repaired")
    if repaired < len(done):
        raise typer.Exit(ExitStatus.PARTLY if repaired else ExitStatus.FAILED)


def _show(repairs: Sequence[Repair], form: ListFormat) -> None:
    if form == ListFormat.JSON:
        write_list(_REPAIR, [_repair_row(repair) for repair in repairs], form)
    else:
        for repair in repairs:
            print(repair)


@contextmanager
def _appending(report: Path | None) -> Iterator[TextIO | None]:
    if report is None:
        yield None
        return
    with report.open("a", encoding="utf-8") as lines:
        yield lines


def _recorded(repairs: Iterable[Repair], lines: TextIO | None) -> Iterator[Repair]:
    """Write each step down as it was done, so that one that is cut short is on record."""
    for repair in repairs:
        if lines is not None:
            row = dict(zip(_REPAIR, _repair_row(repair), strict=True))
            print(json.dumps(row, ensure_ascii=False), file=lines, flush=True)
        yield repair


def reap(
    ctx: typer.Context,
    older_than: Annotated[
        timedelta,
        typer.Option(
            parser=read_duration, metavar="TIME", show_default="1d", help="How long ago they began."
        ),
    ] = ONE_DAY,
    dry_run: DryRun = False,
    form: ListFormatOption = ListFormat.TABLE,
) -> None:
    """Clear up after puts that began and never ended.

    Their files are deleted; a writer that is at work all the same gets an error. Exit status 3 if some
    couldn't be deleted; they are tried again the next time.
    """
    session = session_of(ctx)
    with session.writing() as butler:
        puts = list(butler.reap(older_than=older_than, dry_run=dry_run))
    if form == ListFormat.JSON:
        columns = ("dataset_id", "dataset_type", "hint", "begun", "begun_by", "registry", "failure")
        write_list(
            columns,
            [
                (
                    put.id,
                    put.dataset_type,
                    put.hint,
                    put.begun,
                    put.begun_by,
                    put.registry,
                    put.failure or None,
                )
                for put in puts
            ],
            form,
        )
    else:
        for put in puts:
            print(put)
    failed = [put for put in puts if put.failure]
    for put in failed:
        show_error(f"{put.hint}_{put.id.hex} is left: {put.failure}", "Correct what the reason names.")
    would_be = "would be" if dry_run else "are"
    note(session, f"{len(puts) - len(failed)} unfinished puts {would_be} cleared up")
    if failed:
        raise typer.Exit(ExitStatus.PARTLY)


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

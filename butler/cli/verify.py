"""``butler verify``: are the files what they should be."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import nullcontext
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from butler.cli.arguments import DryRun, ListFormat, ListFormatOption, Yes, read_duration
from butler.cli.commands import examples, new_app
from butler.cli.console import are, confirm, counted, note, progress, warn, write_line, write_list
from butler.cli.failures import ExitStatus
from butler.cli.session import Session, session_of

if TYPE_CHECKING:
    from butler.butler import Butler
    from butler.maintenance.findings import Finding
    from butler.maintenance.repair import Repair

__all__ = ["app"]

app = new_app()


@app.command(
    epilog=examples(
        "butler verify",
        "butler verify --fast --format json",
        "butler verify --incremental --for 2h",
        "butler verify --repair --dry-run",
        "butler verify --repair --yes --older-than 0s --report repairs.jsonl",
    )
)
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
            show_default="the grace period, 7d",
            help="Files that nobody has and that are younger are in flight, and no difference.",
        ),
    ] = None,
    repair: Annotated[
        bool, typer.Option("--repair", help="Show what can be repaired, ask, and repair it.")
    ] = False,
    delete_orphans: Annotated[
        bool,
        typer.Option(
            "--delete-orphans",
            help="Delete files that nobody has, too, if they were read whole and don't say what they are.",
        ),
    ] = False,
    report: Annotated[
        Path | None, typer.Option("--report", metavar="FILE", help="Append a line of JSON for each repair.")
    ] = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    form: ListFormatOption = ListFormat.TABLE,
) -> None:
    """Compare registry and datastore, and repair what differs.

    Each difference is a line with its remedy; exit status 1 if there is one. With --repair it is repaired:
    never by deleting what could be the last copy of something. What is gone or altered is recorded as
    lost, what says what it is becomes a dataset again, and other files are left, with the reason. A young
    file that nobody has is in flight: its writer may be at work, and it isn't counted. Exit status of a
    repair: 0 if all is repaired, 3 if something is left, 1 if nothing was done.
    """
    from butler.maintenance.findings import Fault

    session = session_of(ctx)
    if not repair and (delete_orphans or report or dry_run or yes):
        raise typer.BadParameter("it belongs to a repair: add --repair")
    # What only compares is for readers, too.
    opened = session.writing() if repair or incremental else session.reading()
    with opened as butler:
        warn(butler.datastore.warnings())
        with progress(session, "verify") as on_progress:
            verification = butler.maintenance.verify(
                checksum=not fast,
                incremental=incremental,
                time_limit=time_limit,
                older_than=older_than,
                on_progress=on_progress,
            )
            found = list(verification)
        findings = [one for one in found if one.fault != Fault.IN_FLIGHT]
        if verification.not_compared:
            names = ", ".join(verification.not_compared)
            note(session, f"not compared, as butler.yaml names no such datastores: {names}")
        if verification.lost:
            lost = f"{counted(verification.lost, 'file')} {are(verification.lost)} known to be lost"
            note(session, f"{lost}: see the view lost_artifact")
        if not verification.complete:
            note(
                session,
                f"time was up after {counted(verification.checked, 'file')}; the rest was not compared",
            )
        if findings and repair:
            age = butler.registry.puts.grace_period() if older_than is None else older_than
            _repair(session, butler, findings, age, delete_orphans, report, dry_run, yes, form)
        elif form == ListFormat.JSON:
            write_list((*_FINDING, "remedy"), [(*_row(one), one.remedy) for one in found], form)
        else:
            for finding in found:
                write_line(f"{finding}: {finding.remedy}")
    if findings and not repair:
        raise typer.Exit(ExitStatus.FAILED)
    if not findings:
        otherwise = " otherwise" * bool(verification.not_compared)
        so_far = "" if verification.complete else " so far"
        in_flight = f", but for {counted(len(found), 'file')} in flight" if found else ""
        note(session, f"registry and datastore agree{otherwise}{so_far}{in_flight}")


_FINDING = ("fault", "dataset_id", "datastore", "uri", "detail")
_REPAIR = ("action", "reason", "outcome", *_FINDING)


def _row(finding: Finding) -> tuple[str | None, ...]:
    return (
        finding.fault,
        finding.dataset_id or None,
        finding.datastore or None,
        finding.uri,
        finding.detail or None,
    )


def _repair_row(repair: Repair) -> tuple[str | None, ...]:
    return repair.action, repair.reason or None, repair.outcome or None, *_row(repair.finding)


def _repair(
    session: Session,
    butler: Butler,
    findings: Sequence[Finding],
    age: timedelta,
    delete_orphans: bool,
    report: Path | None,
    dry_run: bool,
    yes: bool,
    form: ListFormat,
) -> None:
    """Show the plan, ask, carry it out, and end the command by what came of it."""
    from butler.maintenance.repair import Action

    def repairs(dry: bool) -> Iterator[Repair]:
        return butler.maintenance.repair(findings, delete_orphans=delete_orphans, older_than=age, dry_run=dry)

    plan = list(repairs(True))
    steps = sum(step.action != Action.LEAVE for step in plan)
    if dry_run or not steps or not yes:
        _show(plan, form)
    if dry_run or not steps:
        note(session, f"{steps} of {len(plan)} can be repaired")
        raise typer.Exit(ExitStatus.FAILED)
    confirm(f"Repair {steps} of {len(plan)}?", yes)
    with report.open("a", encoding="utf-8") if report else nullcontext() as lines:
        done = list(_recorded(repairs(False), lines))
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
            write_line(repair)


def _recorded(repairs: Iterable[Repair], lines: TextIO | None) -> Iterator[Repair]:
    """Write each step down as it was done, so that one that is cut short is on record."""
    for repair in repairs:
        if lines is not None:
            row = dict(zip(_REPAIR, _repair_row(repair), strict=True))
            print(json.dumps(row, ensure_ascii=False), file=lines, flush=True)
        yield repair

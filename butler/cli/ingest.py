"""``butler ingest``: files and nights' folders into the repository."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from butler.cli.arguments import DryRun, read_data_id
from butler.cli.commands import examples, new_app
from butler.cli.console import format_of, note, progress, write_line, write_rows
from butler.cli.failures import ExitStatus, show_error
from butler.cli.session import Session, session_of
from butler.values import IngestMode

if TYPE_CHECKING:
    from butler.ingest.raws.outcomes import Outcome

__all__ = ["app"]

_ERRORS_SHOWN = 20

_MANY = 200
"""Files from which on other processes help to read headers: it takes a second to start one."""

_MOST_WORKERS = 8


class OnError(StrEnum):
    """What becomes of the other files if one can't be ingested."""

    STOP = "stop"
    CONTINUE = "continue"


app = new_app()


@app.command(
    epilog=examples(
        "butler ingest night1/shot1.fits night1/shot2.fits",
        "butler ingest raw night1/shot1.fits --camera Peepshow --mode in-place --run Peepshow/linked",
        "butler ingest stats stats.json --data-id camera=Peepshow --data-id visit=12 --run u/me/first",
        "butler ingest night1 --dry-run",
        "butler ingest night1 --skip-existing --on-error continue --report night1.ecsv",
    )
)
def ingest(
    ctx: typer.Context,
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="[TYPE] FILE|FOLDER...",
            help="The dataset type, unless the first is a file or folder that is there; files; and folders,"
            " whose FITS files are ingested with those of folders in them, hidden ones left out.",
        ),
    ],
    run: Annotated[
        str | None, typer.Option("--run", metavar="RUN", help="Run to put them into; by default CAMERA/raw.")
    ] = None,
    mode: Annotated[IngestMode, typer.Option("--mode", help="What becomes of the files.")] = IngestMode.COPY,
    camera: Annotated[
        str | None, typer.Option("--camera", metavar="NAME", help="By default the one whose rules fit.")
    ] = None,
    dataset_type: Annotated[
        str | None,
        typer.Option(
            "--type",
            metavar="TYPE",
            help="The dataset type; by default what the camera's rules say of each file, else raw.",
        ),
    ] = None,
    data_id: Annotated[
        list[str] | None,
        typer.Option(
            "--data-id",
            metavar="KEY=VALUE",
            help="Data ID of the one file, not its header's; repeat it.",
        ),
    ] = None,
    skip_existing: Annotated[
        bool,
        typer.Option(
            "--skip-existing",
            help="Pass over files whose data IDs the run has, without comparing bytes; other bytes under the"
            " same data ID are an error otherwise.",
        ),
    ] = False,
    on_error: Annotated[
        OnError,
        typer.Option(
            "--on-error", help="What a file that can't be ingested does to the others: keep them out."
        ),
    ] = OnError.STOP,
    report: Annotated[
        Path | None,
        typer.Option(
            "--report",
            metavar="FILE",
            help="Write what became of each file there, by its suffix as .ecsv, .csv, .json …, instead of"
            " listing datasets.",
        ),
    ] = None,
    settle: Annotated[
        float,
        typer.Option(
            "--settle",
            metavar="SECONDS",
            min=0.0,
            help="Leave files in folders for the next time that were written to so recently.",
        ),
    ] = 5.0,
    dry_run: DryRun = False,
) -> None:
    """Ingest files under their headers' data IDs, as they are.

    Those that the run has already are left alone. Without --on-error
    continue, all are ingested or none. What is still being written in a
    folder is left for the next time: a file written to a moment ago, one that
    changes while it is read, one that is cut short and was written to in
    the last ten minutes.

    Exit status 0 if no file failed, 3 if some did, 1 if none is in the
    repository.
    """
    session = session_of(ctx)
    found_type, files = _split(words, dataset_type)
    if report is not None and format_of(report) is None:
        raise typer.BadParameter(
            f"{report.name!r} doesn't say a format: end it in .ecsv, .csv or .json", param_hint="--report"
        )
    if data_id:
        if found_type is None or len(files) != 1 or camera or dry_run or report:
            raise typer.BadParameter(
                "with --data-id, give a TYPE and one FILE, and nothing else but --mode and --run"
            )
        given = read_data_id(data_id)
        with session.writing(run=run) as butler:
            for ref in butler.ingest([(files[0], given)], found_type, mode=mode):
                write_line(ref)
        return
    from butler.ingest.raws.outcomes import IngestOutcome

    outcomes: list[Outcome] = []
    growing = None if report is None else _Report(report)
    try:
        with session.writing(run=run) as butler, progress(session, "ingest") as on_progress:
            for outcome in butler.raws.ingest_each(
                files,
                found_type,
                camera=camera,
                mode=mode,
                strict=on_error == OnError.STOP,
                skip_existing=skip_existing,
                settle=settle,
                dry_run=dry_run,
                workers=_workers(files),
                on_progress=on_progress,
            ):
                outcomes.append(outcome)
                if growing is not None:
                    growing.write_if_due(outcomes)
    finally:
        if growing is not None:
            growing.write(outcomes)
        _tell(session, outcomes, report, dry_run)
    became = Counter(one.outcome for one in outcomes)
    if became[IngestOutcome.FAILED]:
        there = became[IngestOutcome.INGESTED] + became[IngestOutcome.SKIPPED] + became[IngestOutcome.NEW]
        raise typer.Exit(ExitStatus.PARTLY if there else ExitStatus.FAILED)


class _Report:
    """What became of each file, written anew as it grows, so that a run that is killed leaves it.

    Parameters
    ----------
    path : `~pathlib.Path`
        The file, whose name says the format; it is replaced by one without rows.
    """

    _SHARE = 20
    """How many times as long as it takes to write, it isn't written."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.write([])
        self._due = 0.0  # what the first time took longer was loading the format

    def write_if_due(self, outcomes: Sequence[Outcome]) -> None:
        """Write it, unless that would take more than a small share of the time."""
        if time.monotonic() >= self._due:
            self.write(outcomes)

    def write(self, outcomes: Sequence[Outcome]) -> None:
        """Write it: a row a file."""
        from butler.ingest.raws.outcomes import COLUMNS

        begun = time.monotonic()
        write_rows(COLUMNS, [one.row() for one in outcomes], None, self._path)
        ended = time.monotonic()
        self._due = ended + self._SHARE * (ended - begun)


def _tell(session: Session, outcomes: Sequence[Outcome], report: Path | None, dry_run: bool) -> None:
    """Print a line for what is in the repository, unless a report says it; errors, and how many of what."""
    if report is None:
        for one in outcomes:
            if one.outcome == "new":
                write_line(f"{one.path}: {one.dataset_type}@{{{one.data_id}}} [{one.run}]")
            elif one.ref and not dry_run:
                write_line(one.ref)
    _tell_errors([one for one in outcomes if one.error], report)
    for one in outcomes:
        if one.outcome == "deferred":
            note(session, f"{one.path} is left for the next time: {one.message}")
    if report is not None or len(outcomes) > 1:
        counts = Counter(one.outcome for one in outcomes)
        note(session, ", ".join(f"{count} {outcome}" for outcome, count in counts.items()) or "no files")


def _tell_errors(failed: Sequence[Outcome], report: Path | None) -> None:
    shown = failed if report is None else failed[:_ERRORS_SHOWN]
    for one in shown:
        if one.error:
            named = str(one.path) in one.error.message
            show_error(one.error.message if named else f"{one.path}: {one.error.message}", one.error.hint)
    if len(shown) < len(failed):
        show_error(f"{len(failed) - len(shown)} more files failed: {report} has them")


def _workers(files: Iterable[Path]) -> int:
    from butler.ingest.raws.folders import found_files

    many = next(islice(found_files(files), _MANY, None), None) is not None
    return min(os.cpu_count() or 1, _MOST_WORKERS) if many else 1


def _split(words: Sequence[str], dataset_type: str | None) -> tuple[str | None, list[Path]]:
    """Tell the dataset type from the files: it names no file."""
    first = words[0]
    if dataset_type is not None or Path(first).exists() or "/" in first:
        return dataset_type, list(map(Path, words))
    if len(words) == 1:
        raise typer.BadParameter(f"{first!r} is no file")
    return None if first == "auto" else first, list(map(Path, words[1:]))

"""What files are, by their headers, and whether their writers have finished: in processes of its own.

Headers are parsed by Python, so that threads would wait for each other.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import islice
from multiprocessing import get_context

from butler.cameras import CameraDefinition, Observation, observe, recognise
from butler.concurrency import looking_ahead, unwaited
from butler.datastore.fingerprint import changed_since, regular_file
from butler.errors import ArtifactMissingError, ButlerError, FormatError
from butler.ingest.raws.folders import Found

__all__ = ["HeaderReport", "read_headers"]

_TOGETHER = 16
"""Files that a process looks at in one go."""

_AHEAD = 64
"""Goes that may wait to be ingested."""

_ABANDONED = 600.0
"""Seconds after its last write from which a file that can't be read isn't waited for any longer."""


@dataclass(frozen=True, slots=True)
class HeaderReport:
    """What a file's header says: what the file is, or why that isn't known.

    Parameters
    ----------
    found : `~butler.ingest.raws.folders.Found`
        The file.
    observation : `~butler.cameras.Observation`, optional
        What it is.
    error : `~butler.errors.ButlerError`, optional
        Why it can't be ingested.
    unfinished : `str`
        Why it is taken for one that is still being written.
    gone : `bool`
        Whether it isn't there any more.
    """

    found: Found
    observation: Observation | None = None
    error: ButlerError | None = None
    unfinished: str = ""
    gone: bool = False


def read_headers(
    files: Iterable[Found],
    definitions: Sequence[CameraDefinition],
    *,
    recognised: bool,
    settle: float,
    workers: int,
) -> Iterator[HeaderReport]:
    """Read the headers of files, in their order.

    Parameters
    ----------
    files : iterable of `~butler.ingest.raws.folders.Found`
        The files.
    definitions : sequence of `~butler.cameras.CameraDefinition`
        The cameras that they may be of.
    recognised : `bool`
        Whether the camera is the one whose rules fit; else it is the first.
    settle : `float`
        Seconds for which a file found in a folder must not have been written
        to.
    workers : `int`
        How many processes read; 1 for this one.
    """
    report = partial(_report, definitions=definitions, recognised=recognised, settle=settle)
    if workers == 1:
        yield from map(report, files)
        return
    remaining = iter(files)
    goes = iter(lambda: list(islice(remaining, _TOGETHER)), [])
    # Forked ones would hold what other threads of this process held.
    with unwaited(ProcessPoolExecutor(workers, mp_context=get_context("spawn"))) as processes:
        for reports in looking_ahead(processes, partial(_report_each, report), goes, _AHEAD):
            yield from reports


def _report_each(report: partial[HeaderReport], files: Sequence[Found]) -> list[HeaderReport]:
    return [report(found) for found in files]


def _report(
    found: Found, *, definitions: Sequence[CameraDefinition], recognised: bool, settle: float
) -> HeaderReport:
    age = float("inf")
    try:
        before = regular_file(found.path)
        if not found.named:
            # Of a server whose clock is ahead, what was written just now is of the future.
            age = abs(time.time() - before.st_mtime)
        if age < settle:
            return HeaderReport(found, unfinished=f"it was written to {age:.1f} s ago")
        if recognised:
            observation = recognise(definitions, found.path)
        else:
            observation = observe(definitions[0], found.path)
        if changed_since(before, found.path):
            return HeaderReport(found, unfinished="it changed while it was looked at")
    except FormatError as error:
        if age < _ABANDONED:
            return HeaderReport(found, unfinished=error.message)
        return HeaderReport(found, error=error)
    except ButlerError as error:
        if isinstance(error, ArtifactMissingError) and not found.named and not found.path.is_symlink():
            return HeaderReport(found, gone=True)
        return HeaderReport(found, error=error)
    return HeaderReport(found, observation)

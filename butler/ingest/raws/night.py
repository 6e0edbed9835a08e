"""A night's files into the repository."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from butler.cameras import CameraDefinition, Observation
from butler.errors import (
    ArtifactMissingError,
    ButlerError,
    ChecksumError,
    DatasetTypeNotFoundError,
    UnitNotFoundError,
)
from butler.ingest.apart import each_apart
from butler.ingest.folders import found_files
from butler.ingest.looking import Look, looked_at
from butler.ingest.outcomes import Outcome
from butler.values import DataId, DatasetRef, DatasetType
from butler.writing.intake import GivenFile, Intake, TakenFile

if TYPE_CHECKING:
    from butler.butler import Butler

__all__ = ["SETTLE", "ingest_files", "ingest_raws"]

RAW = "raw"

SETTLE = 5.0
"""Seconds for which a file in a folder must not have been written to."""

_GONE = "it is gone: another process may have moved it"

_TOGETHER = 500
"""Files that are registered together, if each is taken in by itself."""


def ingest_raws(
    butler: Butler,
    files: Iterable[Path | str],
    dataset_type: str | None = None,
    *,
    camera: str | None = None,
    mode: str = "copy",
    run: str | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> list[DatasetRef]:
    """File raw files under the labels in their headers: all of them or none.

    Visits and what was observed in them are registered first. The same files
    again change nothing.

    Parameters
    ----------
    butler : `~butler.Butler`
        The repository.
    files : iterable of `pathlib.Path`
        FITS files of registered cameras.
    dataset_type : `str`, optional
        What they are; by default what the camera's rules say, else ``raw``.
        One that isn't registered is made, as an Exposure of a visit and a
        sensor.
    camera : `str`, optional
        The camera; by default the one whose rules fit the header.
    mode : `str`
        ``copy``, ``move``, ``hardlink``, ``symlink`` or ``in-place``.
    run : `str`, optional
        The run to file them in; by default the Butler's, else ``<camera>/raw``.
    on_progress : callable, optional
        Called with files done and files in all.

    Returns
    -------
    refs : `list` [`~butler.DatasetRef`]
        In the order of the files.

    Raises
    ------
    UnitNotFoundError
        If the camera isn't registered.
    ConfigError
        If a file is of no registered camera, or its header doesn't give what
        is needed.
    FormatError
        If a file isn't FITS, or is cut short.
    DefinitionConflictError
        If a visit is registered otherwise than a header says.

    Notes
    -----
    All headers are read before anything is registered, so that a bad file
    leaves nothing behind.
    """
    outcomes = ingest_files(
        butler, files, dataset_type, camera=camera, mode=mode, run=run, on_progress=on_progress
    )
    return [one.ref for one in outcomes if one.ref]


def ingest_files(
    butler: Butler,
    files: Iterable[Path | str],
    dataset_type: str | None = None,
    *,
    camera: str | None = None,
    mode: str = "copy",
    run: str | None = None,
    strict: bool = True,
    skip_existing: bool = False,
    settle: float = SETTLE,
    dry_run: bool = False,
    workers: int = 1,
    on_progress: Callable[[int, int], None] | None = None,
) -> Iterator[Outcome]:
    """File files, and those in folders, and tell what became of each.

    Nothing is done that isn't asked for: iterate to the end. Several
    processes may do the same at once: each file is filed once.

    Parameters
    ----------
    butler, files, dataset_type, camera, mode, run, on_progress
        As for `ingest_raws`; of a folder the files that
        `~butler.ingest.folders.found_files` gives.
    strict : `bool`
        Whether a file that can't be filed keeps all others out, and is
        raised; else the others are filed, some hundreds at a time.
    skip_existing : `bool`
        Whether files whose labels the run has are passed over without
        comparing bytes; else other bytes under the same labels are an error.
    settle : `float`
        Seconds for which a file in a folder must not have been written to;
        else it is left for the next time.
    dry_run : `bool`
        Whether only to tell what would be done.
    workers : `int`
        How many processes read headers; a program that asks for more than 1
        must be one that can be imported, as `multiprocessing` explains.

    Yields
    ------
    outcome : `~butler.ingest.Outcome`
        One a file, in their order.

    Raises
    ------
    ButlerError
        As `ingest_raws`, if strict; else what concerns all files: a frozen
        run, an unknown camera, a database that is gone.
    """
    night = _Night(butler, dataset_type, mode, run, strict, skip_existing)
    found = list(found_files(files))
    looked = filed = 0

    def looks() -> Iterator[Look]:
        nonlocal looked
        definitions = _definitions(butler, camera)
        for look in looked_at(found, definitions, recognised=camera is None, settle=settle, workers=workers):
            looked += 1
            if on_progress:
                on_progress((looked + filed) // 2, len(found))
            yield look

    remaining = looks()
    while batch := list(islice(remaining, len(found) if strict else _TOGETHER)):
        outcomes = night.plan(batch) if dry_run else night.file(batch)
        filed += len(batch)
        if on_progress:
            on_progress((looked + filed) // 2, len(found))
        yield from outcomes


_UNITS: Mapping[str, Callable[[Observation], dict[str, Any] | None]] = {
    "visit": Observation.visit_row,
    "observed_sensor": Observation.observed_sensor_row,
    "snap": Observation.snap_row,
}
"""What a file registers, in the order in which one refers to the other."""


class _Night:
    """Files one lot after the other of files that have been looked at."""

    def __init__(
        self,
        butler: Butler,
        dataset_type: str | None,
        mode: str,
        run: str | None,
        strict: bool,
        skip_existing: bool,
    ) -> None:
        self._butler = butler
        self._dataset_type = dataset_type
        self._mode = mode
        self._run = run or butler.run
        self._strict = strict
        self._skip_existing = skip_existing

    def file(self, looks: Sequence[Look]) -> list[Outcome]:
        """Register what was observed, and take the files in."""
        outcomes, observations = self._sorted_out(looks)
        for place, error in self._register(observations).items():
            outcomes[place] = Outcome(looks[place].found.path, "failed", error=error)
            del observations[place]
        for (kind, run, _), places in self._grouped(observations).items():
            _make_dataset_type(self._butler, kind)
            intake = Intake(kind, run, self._mode, strict=self._strict, skip_existing=self._skip_existing)
            files = [GivenFile(looks[place].found.path, observations[place].labels()) for place in places]
            for place, file, taken in zip(places, files, self._take(files, intake), strict=True):
                outcomes[place] = self._outcome(looks[place], file, taken, intake)
        return [outcomes[place] for place in range(len(looks))]

    def plan(self, looks: Sequence[Look]) -> list[Outcome]:
        """Tell what `file` would do, as far as can be known without doing it."""
        outcomes, observations = self._sorted_out(looks)
        for (kind, run, _), places in self._grouped(observations).items():
            labels = [DataId(observations[place].labels()) for place in places]
            try:
                found = self._butler.registry.find_in_run(run, kind, labels)
            except DatasetTypeNotFoundError:  # it will be made
                found = [(data_id, None) for data_id in labels]
            for place, (data_id, existing) in zip(places, found, strict=True):
                outcomes[place] = Outcome(
                    looks[place].found.path,
                    "skipped" if existing else "new",
                    kind,
                    run,
                    data_id,
                    self._butler.registry.get_dataset(existing) if existing else None,
                )
        return [outcomes[place] for place in range(len(looks))]

    def _sorted_out(self, looks: Sequence[Look]) -> tuple[dict[int, Outcome], dict[int, Observation]]:
        """Tell the files that can't be filed, or not yet, from the others; by their places."""
        outcomes: dict[int, Outcome] = {}
        observations: dict[int, Observation] = {}
        for place, look in enumerate(looks):
            if look.observation is not None:
                observations[place] = look.observation
            elif look.unfinished:
                outcomes[place] = Outcome(look.found.path, "deferred", message=look.unfinished)
            elif look.gone:
                outcomes[place] = Outcome(look.found.path, "skipped", message=_GONE)
            elif look.error and self._strict:
                raise look.error
            else:
                outcomes[place] = Outcome(look.found.path, "failed", error=look.error)
        return outcomes, observations

    def _register(self, observations: dict[int, Observation]) -> dict[int, ButlerError]:
        """Register visits, then what was observed in them; give the places for which that failed."""
        failed: dict[int, ButlerError] = {}
        for unit, row_of in _UNITS.items():
            # The files of a visit have one row in common.
            rows: dict[str, list[int]] = {}
            for place, one in observations.items():
                if place not in failed and (row := row_of(one)) is not None:
                    rows.setdefault(json.dumps(row), []).append(place)

            def register(rows: Sequence[str], unit: str = unit) -> list[None]:
                self._butler.registry.register_units(unit, [json.loads(row) for row in rows])
                return [None] * len(rows)

            if self._strict:
                register(list(rows))
                continue
            for places, error in zip(rows.values(), each_apart(register, list(rows)), strict=True):
                if error is not None:
                    failed.update(dict.fromkeys(places, error))
        return failed

    def _grouped(self, observations: dict[int, Observation]) -> dict[tuple[str, str, int], list[int]]:
        """Group the files' places by dataset type and run.

        Where each is taken in by itself, a second file of the same labels comes after the first, and is
        then one whose labels the run has.
        """
        groups: dict[tuple[str, str, int], list[int]] = {}
        before: Counter[tuple[str, str, DataId]] = Counter()
        for place, one in observations.items():
            into = (self._dataset_type or one.dataset_type or RAW, self._run or f"{one.camera}/raw")
            same = (*into, DataId(one.labels()))
            groups.setdefault((*into, 0 if self._strict else before[same]), []).append(place)
            before[same] += 1
        return groups

    def _take(self, files: Sequence[GivenFile], intake: Intake) -> Sequence[TakenFile | ButlerError]:
        def take(files: Sequence[GivenFile]) -> list[TakenFile | ButlerError]:
            return self._butler.ingest_each(files, intake)

        return take(files) if self._strict else each_apart(take, files)

    def _outcome(
        self, look: Look, file: GivenFile, taken: TakenFile | ButlerError, intake: Intake
    ) -> Outcome:
        data_id = DataId(file.labels)
        outcome = partial(
            Outcome, file.path, dataset_type=intake.dataset_type, run=intake.run, data_id=data_id
        )
        if isinstance(taken, TakenFile):
            if taken.new:
                return outcome(outcome="ingested", ref=taken.ref)
            differs = "" if taken.same is not False else "the run has another file under these labels"
            return outcome(outcome="skipped", ref=taken.ref, message=differs)
        if isinstance(taken, ArtifactMissingError) and (self._mode == "move" or not look.found.named):
            return outcome(outcome="skipped", message=_GONE)
        if isinstance(taken, ChecksumError) and taken.details.get("changed"):
            return outcome(outcome="deferred", message=taken.message)
        return outcome(outcome="failed", error=taken)


def _definitions(butler: Butler, camera: str | None) -> list[CameraDefinition]:
    known = {plain["camera"]: plain for plain in butler.registry.cameras()}
    if camera is not None and camera not in known:
        raise UnitNotFoundError(
            f"no camera {camera!r}",
            hint=f"There are {', '.join(known) or 'none'}; add it by 'butler camera add'.",
            details={"camera": camera},
        )
    if camera is not None:
        return [CameraDefinition.from_json(known[camera])]
    # One that was registered without rules for headers is the camera of no file, unless it is named.
    return [CameraDefinition.from_json(plain) for plain in known.values() if plain.get("headers")]


def _make_dataset_type(butler: Butler, name: str) -> None:
    try:
        butler.registry.dataset_type(name)
    except DatasetTypeNotFoundError:
        butler.registry.register_dataset_type(
            DatasetType(name, "Exposure", ("camera", "visit", "sensor"), "As the camera wrote it.")
        )

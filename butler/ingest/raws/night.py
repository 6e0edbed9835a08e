"""A night's files into the repository."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from butler.cameras import CameraDefinition, Observation
from butler.context import Context
from butler.errors import (
    ArtifactMissingError,
    ButlerError,
    ChecksumError,
    DatasetTypeNotFoundError,
    UnitNotFoundError,
)
from butler.ingest.files import FileIngest
from butler.ingest.protocol import PutProtocol
from butler.ingest.raws.bisect import bisected
from butler.ingest.raws.folders import found_files
from butler.ingest.raws.headers import HeaderReport, read_headers
from butler.ingest.raws.outcomes import IngestOutcome, Outcome
from butler.ingest.requests import IngestedFile, IngestRequest, SourceFile
from butler.registry import Registry
from butler.values import DataId, DatasetType, IngestMode

__all__ = ["RawRequest", "ingest_each"]

RAW = "raw"

_GONE = "it is gone: another process may have moved it"

_TOGETHER = 500
"""Files that are registered together, if each is ingested by itself."""


@dataclass(frozen=True, slots=True)
class RawRequest:
    """How raw files are ingested; `~butler.ingest.raws.namespace.Raws.ingest_each` explains each field."""

    dataset_type: str | None
    mode: IngestMode
    run: str | None
    strict: bool
    skip_existing: bool


def ingest_each(
    context: Context,
    files: Iterable[Path | str],
    request: RawRequest,
    *,
    camera: str | None,
    settle: float,
    dry_run: bool,
    workers: int,
    on_progress: Callable[[int, int], None] | None,
) -> Iterator[Outcome]:
    """Ingest raw files; see `butler.ingest.raws.namespace.Raws.ingest_each`."""
    night = _Night(context, request)
    found = list(found_files(files))
    read = ingested = 0

    def reports() -> Iterator[HeaderReport]:
        nonlocal read
        definitions = _definitions(context.registry, camera)
        for report in read_headers(
            found, definitions, recognised=camera is None, settle=settle, workers=workers
        ):
            read += 1
            if on_progress:
                on_progress((read + ingested) // 2, len(found))
            yield report

    remaining = reports()
    while batch := list(islice(remaining, len(found) if request.strict else _TOGETHER)):
        outcomes = night.plan(batch) if dry_run else night.ingest(batch)
        ingested += len(batch)
        if on_progress:
            on_progress((read + ingested) // 2, len(found))
        yield from outcomes


_UNITS: Mapping[str, Callable[[Observation], dict[str, Any] | None]] = {
    "visit": Observation.visit_row,
    "observed_sensor": Observation.observed_sensor_row,
    "snap": Observation.snap_row,
}
"""What a file registers, in the order in which one refers to the other."""


class _Night:
    """Ingests one lot after the other of files whose headers were read."""

    def __init__(self, context: Context, request: RawRequest) -> None:
        self._registry = context.registry
        self._files = FileIngest(PutProtocol(context.registry, context.datastore))
        self._request = request
        self._run = request.run or context.run

    def ingest(self, reports: Sequence[HeaderReport]) -> list[Outcome]:
        """Register what was observed, and ingest the files."""
        outcomes, observations = self._sorted_out(reports)
        for place, error in self._register(observations).items():
            outcomes[place] = Outcome(reports[place].found.path, IngestOutcome.FAILED, error=error)
            del observations[place]
        for (dataset_type, run, _), places in self._grouped(observations).items():
            _make_dataset_type(self._registry, dataset_type)
            request = IngestRequest(
                dataset_type,
                run,
                self._request.mode,
                strict=self._request.strict,
                skip_existing=self._request.skip_existing,
            )
            files = [SourceFile(reports[place].found.path, observations[place].data_id()) for place in places]
            for place, file, result in zip(places, files, self._ingest(files, request), strict=True):
                outcomes[place] = self._outcome(reports[place], file, result, request)
        return [outcomes[place] for place in range(len(reports))]

    def plan(self, reports: Sequence[HeaderReport]) -> list[Outcome]:
        """Tell what `ingest` would do, as far as can be known without doing it."""
        outcomes, observations = self._sorted_out(reports)
        for (dataset_type, run, _), places in self._grouped(observations).items():
            data_ids = [DataId(observations[place].data_id()) for place in places]
            try:
                found = self._registry.lookup.find_in_run(run, dataset_type, data_ids)
            except DatasetTypeNotFoundError:  # it will be made
                found = [(data_id, None) for data_id in data_ids]
            for place, (data_id, existing) in zip(places, found, strict=True):
                outcomes[place] = Outcome(
                    reports[place].found.path,
                    IngestOutcome.SKIPPED if existing else IngestOutcome.NEW,
                    dataset_type,
                    run,
                    data_id,
                    self._registry.lookup.get_dataset(existing) if existing else None,
                )
        return [outcomes[place] for place in range(len(reports))]

    def _sorted_out(
        self, reports: Sequence[HeaderReport]
    ) -> tuple[dict[int, Outcome], dict[int, Observation]]:
        """Tell the files that can't be ingested, or not yet, from the others; by their places."""
        outcomes: dict[int, Outcome] = {}
        observations: dict[int, Observation] = {}
        for place, report in enumerate(reports):
            if report.observation is not None:
                observations[place] = report.observation
            elif report.unfinished:
                outcomes[place] = Outcome(
                    report.found.path, IngestOutcome.DEFERRED, message=report.unfinished
                )
            elif report.gone:
                outcomes[place] = Outcome(report.found.path, IngestOutcome.SKIPPED, message=_GONE)
            elif report.error and self._request.strict:
                raise report.error
            else:
                outcomes[place] = Outcome(report.found.path, IngestOutcome.FAILED, error=report.error)
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
                self._registry.definitions.register_units(unit, [json.loads(row) for row in rows])
                return [None] * len(rows)

            if self._request.strict:
                register(list(rows))
                continue
            for places, error in zip(rows.values(), bisected(register, list(rows)), strict=True):
                if error is not None:
                    failed.update(dict.fromkeys(places, error))
        return failed

    def _grouped(self, observations: dict[int, Observation]) -> dict[tuple[str, str, int], list[int]]:
        """Group the files' places by dataset type and run.

        Where each is ingested by itself, a second file of the same data ID comes after the first, and is
        then one whose data ID the run has.
        """
        groups: dict[tuple[str, str, int], list[int]] = {}
        before: Counter[tuple[str, str, DataId]] = Counter()
        for place, one in observations.items():
            into = (self._request.dataset_type or one.dataset_type or RAW, self._run or f"{one.camera}/raw")
            same = (*into, DataId(one.data_id()))
            groups.setdefault((*into, 0 if self._request.strict else before[same]), []).append(place)
            before[same] += 1
        return groups

    def _ingest(
        self, files: Sequence[SourceFile], request: IngestRequest
    ) -> Sequence[IngestedFile | ButlerError]:
        if request.strict:
            return self._files.ingest(files, request)
        return bisected(partial(self._files.ingest, request=request), files)

    def _outcome(
        self,
        report: HeaderReport,
        file: SourceFile,
        result: IngestedFile | ButlerError,
        request: IngestRequest,
    ) -> Outcome:
        outcome = partial(
            Outcome,
            file.path,
            dataset_type=request.dataset_type,
            run=request.run,
            data_id=DataId(file.data_id),
        )
        if isinstance(result, IngestedFile):
            if result.new:
                return outcome(outcome=IngestOutcome.INGESTED, ref=result.ref)
            differs = "" if result.same is not False else "the run has another file under this data ID"
            return outcome(outcome=IngestOutcome.SKIPPED, ref=result.ref, message=differs)
        if isinstance(result, ArtifactMissingError) and (
            request.mode == IngestMode.MOVE or not report.found.named
        ):
            return outcome(outcome=IngestOutcome.SKIPPED, message=_GONE)
        if isinstance(result, ChecksumError) and result.details.get("changed"):
            return outcome(outcome=IngestOutcome.DEFERRED, message=result.message)
        return outcome(outcome=IngestOutcome.FAILED, error=result)


def _definitions(registry: Registry, camera: str | None) -> list[CameraDefinition]:
    known = {plain["camera"]: plain for plain in registry.definitions.cameras()}
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


def _make_dataset_type(registry: Registry, name: str) -> None:
    try:
        registry.definitions.dataset_type(name)
    except DatasetTypeNotFoundError:
        registry.definitions.register_dataset_type(
            DatasetType(name, "Exposure", ("camera", "visit", "sensor"), "As the camera wrote it.")
        )

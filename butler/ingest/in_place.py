"""Ingesting files that stay where they lie.

No bytes are written, so that nothing must be announced before: what is read
of the files streams into one transaction, which they are all part of or none.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import closing
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from butler.concurrency import THREADS, looking_ahead
from butler.context import agreed_roots
from butler.errors import ButlerError, DatabaseUnavailableError, DatasetExistsError, NotSupportedError
from butler.ingest.held import HeldFolders
from butler.ingest.protocol import refuse_astray
from butler.ingest.requests import IngestedFile, IngestRequest, SourceFile, differs, refs_of, whole
from butler.units import UNITS, ValueType
from butler.values import Artifact, DataId, DatasetRef, new_dataset_ids

if TYPE_CHECKING:
    from butler.datastore.interfaces import Datastore
    from butler.registry import Registry

__all__ = ["InPlaceIngest"]

_TOGETHER = 64
"""Files that a thread looks at in one go."""

_AHEAD = 40
"""Goes that may wait for the database to take their files: together those of one lot that it takes."""

_ATTEMPTS = 3

_PLAIN_TYPES = {
    unit.name: unit.python_type for unit in UNITS.values() if unit.value_type is not ValueType.RANGE
}
"""What values of units are, as programs give them; a range is read by the registry."""


class InPlaceIngest:
    """Registers one lot of files where they lie.

    Parameters
    ----------
    registry : `~butler.registry.Registry`
        Where they are registered.
    datastore : `~butler.datastore.Datastore`
        Reads them.
    files : sequence of `~butler.ingest.requests.SourceFile`
        The files.
    request : `~butler.ingest.requests.IngestRequest`
        How.
    """

    def __init__(
        self,
        registry: Registry,
        datastore: Datastore,
        files: Sequence[SourceFile],
        request: IngestRequest,
    ) -> None:
        self._registry = registry
        self._datastore = datastore
        self._files = files
        self._request = request
        self._held = HeldFolders(agreed_roots(registry, datastore), datastore)
        self._dataset_type = registry.definitions.dataset_type(request.dataset_type)
        self._found_ids: list[DataId] = []
        # Two dictionaries, not one of pairs: of a million files the collector would look at a million pairs.
        self._refs: dict[int, DatasetRef] = {}
        self._artifacts: dict[int, Artifact] = {}
        self._done: dict[int, IngestedFile | ButlerError] = {}

    def ingest(self) -> list[IngestedFile | ButlerError]:
        """Register them; see `butler.ingest.files.FileIngest.ingest`."""
        self._complete()
        with (
            ThreadPoolExecutor(min(THREADS, len(self._files))) as threads,
            closing(self._read(threads)) as found,
        ):
            for attempt in range(_ATTEMPTS):
                try:
                    self._register(chain(self._open(), found))
                    break
                except DatasetExistsError as error:
                    if attempt == _ATTEMPTS - 1 or not self._passed_over(error):
                        raise
                except DatabaseUnavailableError:
                    # Perhaps only the answer was lost: then all are found there, under the ids given here.
                    if attempt > 0:
                        raise
        return [
            self._done[place] if place in self._done else IngestedFile(self._refs[place])
            for place in range(len(self._files))
        ]

    def needs_environment(self) -> bool:
        """Whether something was registered, and nobody has described the run's environment yet."""
        if not self._open():
            return False
        try:
            return not self._registry.provenance.has_environment(self._request.run)
        except NotSupportedError:  # it records none
            return False

    def _open(self) -> list[int]:
        """Give the places of files that were read, and that the run isn't known to have."""
        return [place for place in self._refs if place not in self._done]

    def _complete(self) -> None:
        """Find the complete data IDs, and, where it saves reading them, which files the run has."""
        units = self._dataset_type.units
        if not self._request.skip_existing and _are_complete(self._files, units):
            return
        found = self._registry.lookup.find_in_run(
            self._request.run, self._dataset_type.name, [file.data_id for file in self._files]
        )
        self._found_ids = [data_id for data_id, _ in found]
        if self._request.skip_existing:
            there = {existing: data_id for data_id, existing in found if existing}
            refs = refs_of(self._registry, self._dataset_type, self._request.run, there)
            self._done = {
                place: IngestedFile(refs[existing], new=False, same=None)
                for place, (_, existing) in enumerate(found)
                if existing
            }

    def _data_id(self, place: int) -> DataId:
        if self._found_ids:
            return self._found_ids[place]
        given = self._files[place].data_id
        return DataId({unit: given[unit] for unit in self._dataset_type.units})

    def _read(self, threads: Executor) -> Generator[int, None, None]:
        """Read the files that are to be registered, in threads; give their places."""
        places = [place for place in range(len(self._files)) if place not in self._done]
        # Ids are made together, so that they ascend in the order in which the index's pages fill.
        named = list(zip(places, new_dataset_ids(len(places)), strict=True))
        goes = (named[start : start + _TOGETHER] for start in range(0, len(named), _TOGETHER))
        for go in looking_ahead(threads, self._describe, goes, _AHEAD):
            for place, dataset_id, found in go:
                if isinstance(found, Artifact):
                    self._artifacts[place] = found
                    self._refs[place] = self._ref(place, dataset_id, found)
                    yield place
                elif self._request.strict:
                    raise found
                else:
                    self._done[place] = found

    def _describe(self, lot: Sequence[tuple[int, UUID]]) -> list[tuple[int, UUID, Artifact | ButlerError]]:
        files = [self._files[place] for place, _ in lot]
        described = self._datastore.intake.describe_in_place(
            [(file.path, file.known) for file in files],
            self._dataset_type.storage_class,
            self._dataset_type.name,
            self._request.formatter,
        )
        return [
            (*named, self._judged(file.path, found))
            for named, file, found in zip(lot, files, described, strict=True)
        ]

    def _judged(self, file: Path, found: Artifact | ButlerError) -> Artifact | ButlerError:
        """Refuse what isn't a file in place that may become an artifact of the datastore."""
        if isinstance(found, ButlerError):
            return found
        try:
            self._held.refuse(file)
            refuse_astray(found, self._datastore.name)
        except ButlerError as error:
            return error
        return found

    def _ref(self, place: int, dataset_id: UUID, artifact: Artifact) -> DatasetRef:
        return DatasetRef(
            dataset_id, self._dataset_type, self._data_id(place), self._request.run, (artifact,)
        )

    def _register(self, places: Iterable[int]) -> None:
        """Register files in one transaction, and compare with what the run has."""
        registered = self._registry.puts.register(
            self._request.run,
            self._dataset_type.name,
            self._datastore.name,
            ((self._refs[place].id, self._refs[place].data_id, self._artifacts[place]) for place in places),
            skip_existing=not self._request.strict,
        )
        if registered.existing:
            by_id = {ref.id: place for place, ref in self._refs.items()}
            self._pass_over({by_id[given]: existing for given, existing in registered.existing.items()})

    def _passed_over(self, error: DatasetExistsError) -> bool:
        """Pass over what the run has of the same bytes; say whether that was all that was wrong."""
        wrong = error.by_row()
        places = self._open()
        there = {
            places[row]: UUID(reason.details["existing"])
            for row, reason in wrong.items()
            if "existing" in reason.details
        }
        self._pass_over(there)
        # Where none is named, another process was faster: the next attempt will name it.
        return len(there) == len(wrong)

    def _pass_over(self, there: dict[int, UUID]) -> None:
        refs = refs_of(
            self._registry,
            self._dataset_type,
            self._request.run,
            {existing: self._data_id(place) for place, existing in there.items()},
        )
        for place, existing in there.items():
            ref, file = refs[existing], self._files[place].path
            same = self._artifacts[place].sha256 in {known.sha256 for known in whole(ref)}
            if same or self._request.skip_existing:
                self._done[place] = IngestedFile(ref, new=ref.id == self._refs[place].id, same=same)
            elif self._request.strict:
                raise differs(file, ref)
            else:
                self._done[place] = differs(file, ref)


def _are_complete(files: Iterable[SourceFile], units: Sequence[str]) -> bool:
    """Whether all data IDs have the type's units and no others, each a value of its type."""
    types = [_PLAIN_TYPES.get(unit) for unit in units]
    return all(
        len(file.data_id) == len(units) and [type(file.data_id.get(unit)) for unit in units] == types
        for file in files
    )

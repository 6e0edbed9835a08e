"""Filing files that stay where they lie.

No bytes are written, so that nothing must be announced before: what is read
of the files streams into one transaction, which they are all part of or none.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import closing
from itertools import chain
from typing import TYPE_CHECKING
from uuid import UUID

from butler.errors import ButlerError, DatabaseUnavailableError, DatasetExistsError
from butler.lookahead import THREADS, looking_ahead
from butler.registry.translate import errors_by_row
from butler.units import UNITS, ValueType
from butler.values import DataId, DatasetRef, new_dataset_ids
from butler.writing.intake import GivenFile, Intake, TakenFile, differs, refs_of

if TYPE_CHECKING:
    from butler.datastore import Datastore
    from butler.registry.base import Registry

__all__ = ["InPlaceFiler"]

_TOGETHER = 64
"""Files that a thread looks at in one go."""

_AHEAD = 40
"""Goes that may wait for the database to take their files: together those of one lot that it takes."""

_ATTEMPTS = 3

_PLAIN_TYPES = {
    unit.name: unit.python_type for unit in UNITS.values() if unit.value_type is not ValueType.RANGE
}
"""What values of units are, as programs give them; a range is read by the registry."""


class InPlaceFiler:
    """Files one lot of files in place.

    Parameters
    ----------
    registry : `~butler.registry.base.Registry`
        Where they are registered.
    datastore : `~butler.datastore.Datastore`
        Reads them.
    files : sequence of `~butler.writing.intake.GivenFile`
        The files.
    intake : `~butler.writing.intake.Intake`
        How.
    """

    def __init__(
        self, registry: Registry, datastore: Datastore, files: Sequence[GivenFile], intake: Intake
    ) -> None:
        self._registry = registry
        self._datastore = datastore
        self._files = files
        self._intake = intake
        self._kind = registry.dataset_type(intake.dataset_type)
        self._found_ids: list[DataId] = []
        self._refs: dict[int, DatasetRef] = {}
        self._done: dict[int, TakenFile | ButlerError] = {}

    def take(self) -> list[TakenFile | ButlerError]:
        """File them; see `butler.writing.files.FileWriter.take`."""
        self._complete()
        with (
            ThreadPoolExecutor(min(THREADS, len(self._files))) as threads,
            closing(self._read(threads)) as found,
        ):
            for attempt in range(_ATTEMPTS):
                try:
                    self._file(chain(self._open(), found))
                    break
                except DatasetExistsError as error:
                    if attempt == _ATTEMPTS - 1 or not self._passed_over(error):
                        raise
                except DatabaseUnavailableError:
                    # Perhaps only the answer was lost: then all are found there, under the ids given here.
                    if attempt > 0:
                        raise
        return [
            self._done[place] if place in self._done else TakenFile(self._refs[place])
            for place in range(len(self._files))
        ]

    def needs_environment(self) -> bool:
        """Whether something was filed, and nobody has described the run's environment yet."""
        if not self._open():
            return False
        (run,) = self._registry.query(
            "SELECT environment IS NULL AS undescribed FROM run WHERE run = :run", {"run": self._intake.run}
        )
        return bool(run.undescribed)

    def _open(self) -> list[int]:
        """Give the places of files that were read, and that the run isn't known to have."""
        return [place for place in self._refs if place not in self._done]

    def _complete(self) -> None:
        """Find the complete data IDs, and, where it saves reading them, which files the run has."""
        units = self._kind.units
        if not self._intake.skip_existing and _are_complete(self._files, units):
            return
        found = self._registry.find_in_run(
            self._intake.run, self._kind.name, [file.labels for file in self._files]
        )
        self._found_ids = [data_id for data_id, _ in found]
        if self._intake.skip_existing:
            there = {existing: data_id for data_id, existing in found if existing}
            refs = refs_of(self._registry, self._kind, self._intake.run, there)
            self._done = {
                place: TakenFile(refs[existing], new=False, same=None)
                for place, (_, existing) in enumerate(found)
                if existing
            }

    def _data_id(self, place: int) -> DataId:
        if self._found_ids:
            return self._found_ids[place]
        labels = self._files[place].labels
        return DataId({unit: labels[unit] for unit in self._kind.units})

    def _read(self, threads: Executor) -> Generator[int, None, None]:
        """Read the files that are to be filed, in threads; give their places."""
        places = [place for place in range(len(self._files)) if place not in self._done]
        # Ids are made together, so that they ascend in the order of filing, which the index's pages fill in.
        named = list(zip(places, new_dataset_ids(len(places)), strict=True))
        goes = (named[start : start + _TOGETHER] for start in range(0, len(named), _TOGETHER))
        for go in looking_ahead(threads, self._describe, goes, _AHEAD):
            for place, found in go:
                if isinstance(found, DatasetRef):
                    self._refs[place] = found
                    yield place
                elif self._intake.strict:
                    raise found
                else:
                    self._done[place] = found

    def _describe(self, lot: Sequence[tuple[int, UUID]]) -> list[tuple[int, DatasetRef | ButlerError]]:
        files = [self._files[place] for place, _ in lot]
        described = self._datastore.in_place(
            [(file.path, file.known) for file in files],
            self._kind.storage_class,
            self._kind.name,
            self._intake.formatter,
        )
        return [
            (
                place,
                found
                if isinstance(found, ButlerError)
                else DatasetRef(dataset_id, self._kind, self._data_id(place), self._intake.run, (found,)),
            )
            for (place, dataset_id), found in zip(lot, described, strict=True)
        ]

    def _file(self, places: Iterable[int]) -> None:
        """Register files in one transaction, and compare with what the run has."""
        filed = self._registry.file_datasets(
            self._intake.run,
            self._kind.name,
            self._datastore.name,
            ((ref.id, ref.data_id, ref.artifacts[0]) for ref in map(self._refs.__getitem__, places)),
            skip_existing=not self._intake.strict,
        )
        if filed.existing:
            by_id = {ref.id: place for place, ref in self._refs.items()}
            self._pass_over({by_id[given]: existing.id for given, existing in filed.existing.items()})

    def _passed_over(self, error: DatasetExistsError) -> bool:
        """Pass over what the run has of the same bytes; say whether that was all that was wrong."""
        wrong = errors_by_row(error)
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
            self._kind,
            self._intake.run,
            {existing: self._data_id(place) for place, existing in there.items()},
        )
        for place, existing in there.items():
            ref, file = refs[existing], self._files[place].path
            same = self._refs[place].artifacts[0].sha256 in {artifact.sha256 for artifact in ref.artifacts}
            if same or self._intake.skip_existing:
                self._done[place] = TakenFile(ref, new=ref.id == self._refs[place].id, same=same)
            elif self._intake.strict:
                raise differs(file, ref)
            else:
                self._done[place] = differs(file, ref)


def _are_complete(files: Iterable[GivenFile], units: Sequence[str]) -> bool:
    """Whether all labels are the type's units and no others, each a value of its type."""
    types = [_PLAIN_TYPES.get(unit) for unit in units]
    return all(
        len(file.labels) == len(units) and [type(file.labels.get(unit)) for unit in units] == types
        for file in files
    )

"""Files are taken in: their bytes are written under the datastore's root, or read where they stay."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from functools import cache
from typing import TypeAlias
from uuid import UUID

from butler.concurrency import THREADS, looking_ahead
from butler.errors import ButlerError
from butler.ingest.comparing import compared, sha256_of
from butler.ingest.held import HeldFiles
from butler.ingest.item import PutItem, PutState
from butler.ingest.lot import FileLot
from butler.ingest.protocol import refuse_astray
from butler.ingest.requests import IngestedFile
from butler.values import Artifact, DatasetRef

__all__ = ["TakingIn"]

_TOGETHER = 64
"""Files that a thread looks at in one go where they lie."""

_AHEAD = 40
"""Goes that may wait for the database to take their files: together those of one lot that it takes."""

_Taken: TypeAlias = "tuple[int, IngestedFile | ButlerError | None]"
"""The place of a file, and what became of it; nothing if it is to be registered."""


class TakingIn:
    """Takes the files of a lot in, in threads.

    Parameters
    ----------
    lot : `~butler.ingest.lot.FileLot`
        The files.
    held : `~butler.ingest.held.HeldFiles`
        What of them is another's.
    """

    def __init__(self, lot: FileLot, held: HeldFiles) -> None:
        self._lot = lot
        self._held = held
        self._datastore = lot.protocol.datastore

    def taken_in(self, threads: Executor) -> Generator[PutItem]:
        """Take in what the run isn't known to have; give what is to be registered."""
        lot = self._lot
        there = self._there_already()

        def write(places: Sequence[int]) -> list[_Taken]:
            return list(self._written(places, there))

        if lot.in_place:
            goes = self._described(threads)
        else:
            goes = looking_ahead(threads, write, lot.together, THREADS)
        for go in goes:
            for place, found in go:
                if found is None:
                    # Not by the thread that read it: what is told again is what was given here.
                    lot.items[place].state = PutState.WRITTEN
                    yield lot.items[place]
                else:
                    lot.settle(place, found)

    def _there_already(self) -> dict[UUID, DatasetRef]:
        """Look up what the run has; of files that stay, those that are passed over are done with."""
        lot = self._lot
        existing = {place: item.existing for place, item in enumerate(lot.items) if item.existing is not None}
        there = lot.existing_refs(existing)
        if lot.in_place and lot.request.skip_existing:
            for place, dataset_id in existing.items():
                lot.settle(place, IngestedFile(there[dataset_id], new=False, same=None))
        return there

    # Written ----------------------------------------------------------------

    def _written(self, places: Sequence[int], there: Mapping[UUID, DatasetRef]) -> Iterator[_Taken]:
        """Write a file's bytes, for those parts that the run has no dataset of: others are compared."""
        lot = self._lot
        file = lot.files[places[0]].path
        sha256 = cache(lambda: sha256_of(file))
        new = []
        for place in places:
            item = lot.items[place]
            try:
                self._held.refuse(file, item.existing)
                if item.existing is None:
                    new.append(place)
                    continue
                found = compared(lot.files[place], there[item.existing], lot.request, sha256)
            except ButlerError as error:
                yield place, error
            else:
                yield place, found
        if new:
            refused = self._write(new)
            yield from ((place, refused) for place in new)

    def _write(self, places: Sequence[int]) -> ButlerError | None:
        """Write a file under the id of the first dataset of which it is, or holds a part."""
        lot = self._lot
        items = [lot.items[place] for place in places]
        parts = [part for place in places if (part := lot.files[place].part)]
        first = items[0]
        try:
            lot.protocol.roots.check()
            with first.being_written(lot.writing):
                artifacts = lot.writing.writer.intake.ingest(
                    lot.files[places[0]].path,
                    first.id,
                    first.hint,
                    lot.dataset_type.storage_class,
                    lot.dataset_type.name,
                    lot.request.mode,
                    lot.request.formatter,
                    parts,
                )
                for item, part in zip(items, parts or [""], strict=True):
                    item.artifacts = tuple(one.of_part(part) if part else one for one in artifacts)
                for artifact in artifacts:
                    refuse_astray(artifact, self._datastore.name)
        except ButlerError as error:
            return error
        return None

    # Where they lie ---------------------------------------------------------

    def _described(self, threads: Executor) -> Iterator[list[_Taken]]:
        """Read files where they lie, some in one go."""
        lot = self._lot
        files = lot.unsettled()
        goes = (files[start : start + _TOGETHER] for start in range(0, len(files), _TOGETHER))
        return looking_ahead(threads, self._describe, goes, _AHEAD)

    def _describe(self, together: Sequence[Sequence[int]]) -> list[_Taken]:
        lot = self._lot
        files = [lot.files[places[0]] for places in together]
        parts = {
            file.path: [lot.files[place].part for place in places]
            for file, places in zip(files, together, strict=True)
            if file.part
        }
        described = self._datastore.intake.describe_in_place(
            [(file.path, file.known) for file in files],
            lot.dataset_type.storage_class,
            lot.dataset_type.name,
            lot.request.formatter,
            parts,
        )
        return [
            (place, self._judged(place, found))
            for places, found in zip(together, described, strict=True)
            for place in places
        ]

    def _judged(self, place: int, found: Artifact | ButlerError) -> ButlerError | None:
        """Refuse what isn't a file in place that may become an artifact of the datastore."""
        if isinstance(found, ButlerError):
            return found
        file, item = self._lot.files[place], self._lot.items[place]
        try:
            self._held.refuse(file.path, item.existing)
            refuse_astray(found, self._datastore.name)
        except ButlerError as error:
            return error
        item.artifacts = (found.of_part(file.part) if file.part else found,)
        return None

"""One lot of files that are ingested together.

A file is taken in: its bytes are written under the datastore's root, or, where
it stays, read where it lies. What was taken in is registered together; and
what another process has put meanwhile is compared.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import ExitStack, closing
from functools import cache
from itertools import chain
from pathlib import Path
from typing import TypeAlias
from uuid import UUID

from butler.concurrency import THREADS, looking_ahead
from butler.context import agreed_roots
from butler.datastore.fingerprint import fingerprint, regular_file
from butler.datastore.paths import file_uri
from butler.errors import (
    ArtifactMissingError,
    ButlerError,
    DatabaseUnavailableError,
    DatasetExistsError,
    InvalidDataIdError,
    NotSupportedError,
)
from butler.ingest.held import HeldFolders
from butler.ingest.item import PutItem, PutState
from butler.ingest.protocol import PutProtocol, refuse_astray
from butler.ingest.requests import IngestedFile, IngestRequest, SourceFile, differs, refs_of, whole
from butler.values import Artifact, DataId, DatasetRef, IngestMode

__all__ = ["FileLot"]

_TOGETHER = 64
"""Files that a thread looks at in one go where they lie."""

_AHEAD = 40
"""Goes that may wait for the database to take their files: together those of one lot that it takes."""

_ATTEMPTS = 3

_Taken: TypeAlias = "tuple[int, IngestedFile | ButlerError | None]"
"""The place of a file, and what became of it; nothing if it is to be registered."""


class FileLot:
    """Ingests files of one type.

    Parameters
    ----------
    protocol : `~butler.ingest.protocol.PutProtocol`
        How a dataset is put.
    files : sequence of `~butler.ingest.requests.SourceFile`
        The files.
    request : `~butler.ingest.requests.IngestRequest`
        What becomes of them.
    """

    def __init__(self, protocol: PutProtocol, files: Sequence[SourceFile], request: IngestRequest) -> None:
        self._protocol = protocol
        self._registry = protocol.registry
        self._datastore = protocol.datastore
        self._files = files
        self._together = _places_of_files(files)
        """Places of the parts of one file, which is taken in once; of a whole file one."""
        self._told: list[int] = []
        """Of each row that the registry was told last, the place."""
        self._request = request
        self._in_place = request.mode == IngestMode.IN_PLACE
        self._held = HeldFolders({}, self._datastore)
        self._owners: Mapping[str, UUID] = {}
        if request.mode in {IngestMode.IN_PLACE, IngestMode.MOVE}:
            self._held = HeldFolders(agreed_roots(self._registry, self._datastore), self._datastore)
        if request.mode == IngestMode.MOVE:
            # Of any datastore: what was ingested in place when another one was the default is still there.
            uris = [uri for file in files for uri in _uris(file.path)]
            self._owners = self._registry.lookup.datasets_at(None, uris)
        self._items = protocol.prepare(
            request.dataset_type,
            [file.data_id for file in files],
            request.run,
            written=not self._in_place,
            # Of files that stay it costs more to ask than to read them; but where it saves reading them.
            ask=not self._in_place or request.skip_existing,
            skip_existing=True,
        )
        self._dataset_type = self._items[0].dataset_type
        self._ingested: list[IngestedFile | ButlerError | None] = [None] * len(files)
        """What became of each; of those that are new only in the end."""

    def ingest(self) -> list[IngestedFile | ButlerError]:
        """Ingest them; see `butler.ingest.files.FileIngest.ingest`."""
        with ExitStack() as stack:
            if not self._in_place:
                stack.enter_context(self._protocol.undone_on_error(self._items))
            threads = stack.enter_context(ThreadPoolExecutor(min(THREADS, len(self._files))))
            taken = stack.enter_context(closing(self._taken_in(threads)))
            if not self._in_place:  # no transaction is open while bytes are written
                for _ in taken:
                    pass
            self._register(taken)
        if not self._in_place:  # what failed, and what another process has put meanwhile
            self._protocol.discard(self._items)
        ingested = [
            IngestedFile(item.ref) if one is None else one
            for one, item in zip(self._ingested, self._items, strict=True)
        ]
        return self._moved(ingested) if self._request.mode == IngestMode.MOVE else ingested

    # Taking in --------------------------------------------------------------

    def _taken_in(self, threads: Executor) -> Generator[PutItem]:
        """Take in what the run isn't known to have, in threads; give what is to be registered."""
        there = self._there_already()

        def write(places: Sequence[int]) -> list[_Taken]:
            return list(self._written(places, there))

        if self._in_place:
            goes = self._described(threads)
        else:
            goes = looking_ahead(threads, write, self._together, THREADS)
        for go in goes:
            for place, found in go:
                if found is None:
                    # Not by the thread that read it: what is told again is what was given here.
                    self._items[place].state = PutState.WRITTEN
                    yield self._items[place]
                elif isinstance(found, ButlerError) and self._request.strict:
                    raise found
                else:
                    self._ingested[place] = found

    def _there_already(self) -> dict[UUID, DatasetRef]:
        """Look up what the run has; of files that stay, those that are passed over are done with."""
        there = refs_of(
            self._registry,
            self._dataset_type,
            self._request.run,
            {item.existing: item.data_id for item in self._items if item.existing is not None},
        )
        if self._in_place and self._request.skip_existing:
            for place, item in enumerate(self._items):
                if item.existing is not None:
                    self._ingested[place] = IngestedFile(there[item.existing], new=False, same=None)
        return there

    def _written(self, places: Sequence[int], there: Mapping[UUID, DatasetRef]) -> Iterator[_Taken]:
        """Write a file's bytes, for those parts that the run has no dataset of: others are compared."""
        file = self._files[places[0]].path
        sha256 = cache(lambda: _sha256(file))
        new = []
        for place in places:
            item = self._items[place]
            try:
                self._held.refuse(file)
                for uri in _uris(file):
                    owner = self._owners.get(uri)
                    if owner is not None and owner != item.existing:
                        raise _belongs_to_another(uri, owner)
                if item.existing is None:
                    new.append(place)
                    continue
                found = _compared(self._files[place], there[item.existing], self._request, sha256)
            except ButlerError as error:
                yield place, error
            else:
                yield place, found
        if new:
            refused = self._write(new)
            yield from ((place, refused) for place in new)

    def _write(self, places: Sequence[int]) -> ButlerError | None:
        """Write a file under the id of the first dataset of which it is, or holds a part."""
        items = [self._items[place] for place in places]
        parts = [part for place in places if (part := self._files[place].part)]
        first = items[0]
        try:
            self._protocol.roots.check()
            with first.being_written():
                artifacts = self._datastore.intake.ingest(
                    self._files[places[0]].path,
                    first.id,
                    first.hint,
                    self._dataset_type.storage_class,
                    self._dataset_type.name,
                    self._request.mode,
                    self._request.formatter,
                    parts,
                )
                for item, part in zip(items, parts or [""], strict=True):
                    item.artifacts = tuple(one.of_part(part) if part else one for one in artifacts)
                for artifact in artifacts:
                    refuse_astray(artifact, self._datastore.name)
        except ButlerError as error:
            return error
        return None

    def _described(self, threads: Executor) -> Iterator[list[_Taken]]:
        """Read files where they lie, some in one go."""
        left = [[place for place in places if self._ingested[place] is None] for places in self._together]
        files = [places for places in left if places]
        goes = (files[start : start + _TOGETHER] for start in range(0, len(files), _TOGETHER))
        return looking_ahead(threads, self._describe, goes, _AHEAD)

    def _describe(self, together: Sequence[Sequence[int]]) -> list[_Taken]:
        files = [self._files[places[0]] for places in together]
        parts = {
            file.path: [self._files[place].part for place in places]
            for file, places in zip(files, together, strict=True)
            if file.part
        }
        described = self._datastore.intake.describe_in_place(
            [(file.path, file.known) for file in files],
            self._dataset_type.storage_class,
            self._dataset_type.name,
            self._request.formatter,
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
        try:
            self._held.refuse(self._files[place].path)
            refuse_astray(found, self._datastore.name)
        except ButlerError as error:
            return error
        part = self._files[place].part
        self._items[place].artifacts = (found.of_part(part) if part else found,)
        return None

    # Registering ------------------------------------------------------------

    def _register(self, taken: Iterator[PutItem]) -> None:
        """Register what was taken in, in one transaction, and compare with what the run has."""
        lost: DatabaseUnavailableError | None = None
        for attempt in range(_ATTEMPTS):
            told: Iterable[PutItem] = chain(list(self._open().values()), taken)
            if not self._in_place:
                if not (told := list(told)):
                    return
                self._protocol.roots.check()  # it may have been unmounted while it was written to
            try:
                with self._protocol.registering(self._items):
                    there = self._tell(told)
                self._pass_over(there)
                return
            except DatasetExistsError as error:
                if attempt == _ATTEMPTS - 1 or not self._passed_over(error):
                    raise
            except DatabaseUnavailableError as error:
                # Perhaps only the answer was lost: then all are found there, under the ids given here.
                if lost is not None:
                    raise lost from error
                lost = error

    def _open(self) -> dict[int, PutItem]:
        """Give what was taken in, and that the run isn't known to have, by its place."""
        return {
            place: item
            for place, (item, one) in enumerate(zip(self._items, self._ingested, strict=True))
            if one is None and item.is_open
        }

    def _tell(self, taken: Iterable[PutItem]) -> dict[int, UUID]:
        """Tell the registry; give what the run has instead of what was told, by the places of files."""
        registered = self._registry.puts.register(
            self._request.run,
            self._dataset_type.name,
            self._datastore.name,
            self._rows(taken),
            skip_existing=not self._request.strict,
            root=None if self._in_place else self._datastore.root,
        )
        if not registered.existing:
            return {}
        places = {item.id: place for place, item in enumerate(self._items)}
        there = {places[given]: existing for given, existing in registered.existing.items()}
        for place, existing in there.items():
            item = self._items[place]
            if existing != item.id and item.state is PutState.REGISTERING:
                item.state = PutState.WRITTEN  # it was passed over
        return there

    def _rows(self, taken: Iterable[PutItem]) -> Iterator[tuple[UUID, DataId, Artifact]]:
        """Give what the registry is told, an artifact a row; note of which file each row is."""
        places = {item.id: place for place, item in enumerate(self._items)}
        self._told.clear()
        for item in taken:
            for artifact in item.told().artifacts or ():
                self._told.append(places[item.id])
                yield item.id, item.data_id, artifact

    def _passed_over(self, error: DatasetExistsError) -> bool:
        """Pass over what the run has of the same bytes; say whether that was all that was wrong."""
        wrong = error.by_row()
        told = self._told
        there = {
            told[row]: UUID(reason.details["existing"])
            for row, reason in wrong.items()
            if "existing" in reason.details
        }
        self._pass_over(there)
        # Where none is named, another process was faster: the next attempt will name it.
        return len(there) == len({told[row] for row in wrong})

    def _pass_over(self, there: Mapping[int, UUID]) -> None:
        """Compare files with what the run has of their data IDs: nothing of them is registered."""
        refs = refs_of(
            self._registry,
            self._dataset_type,
            self._request.run,
            {existing: self._items[place].data_id for place, existing in there.items()},
        )
        for place, existing in there.items():
            item, ref, file = self._items[place], refs[existing], self._files[place].path
            if ref.id == item.id:  # it is this one: only the answer was lost
                item.state = PutState.REGISTERED
                continue
            same = {_content(artifact) for artifact in item.artifacts} <= set(map(_content, whole(ref)))
            if same or self._request.skip_existing:
                self._ingested[place] = IngestedFile(ref, new=False, same=same)
            elif self._request.strict:
                raise differs(file, ref)
            else:
                self._ingested[place] = differs(file, ref)

    # Moving -----------------------------------------------------------------

    def _moved(self, ingested: Sequence[IngestedFile | ButlerError]) -> list[IngestedFile | ButlerError]:
        """Unlink the sources whose bytes are registered, with all parts of them that were given."""
        moved = list(ingested)
        for places in self._together:
            safe = [one for place in places if isinstance(one := ingested[place], IngestedFile) and one.same]
            if len(safe) < len(places):
                continue
            files = {(kept.datastore, kept.file): kept for one in safe for kept in whole(one.ref)}
            try:
                self._datastore.intake.finish_move(self._files[places[0]].path, list(files.values()))
            except ButlerError as error:
                if self._request.strict:
                    raise
                for place in places:
                    moved[place] = error
        return moved


def _places_of_files(files: Sequence[SourceFile]) -> list[list[int]]:
    """Give the places of each file: those of its parts together, and else one.

    Raises
    ------
    InvalidDataIdError
        If a part is given twice, or a file whole and in parts.
    """
    if not any(file.part for file in files):
        return [[place] for place in range(len(files))]
    by_file: dict[str, dict[str, int]] = {}
    together: list[list[int]] = []
    wholes = {file_uri(file.path) for file in files if not file.part}
    for place, file in enumerate(files):
        if not file.part:
            together.append([place])
            continue
        uri = file_uri(file.path)
        if uri in wholes or file.part in by_file.get(uri, {}):
            raise InvalidDataIdError(
                f"{file.path} is given whole and in parts"
                if uri in wholes
                else f"part {file.part!r} of {file.path} is given twice",
                hint="A part is one dataset: give each once, and the whole file in another call.",
                details={"file": str(file.path), "part": file.part},
            )
        if uri not in by_file:
            by_file[uri] = {}
            together.append([])
        by_file[uri][file.part] = place
    parts = iter(by_file.values())
    return [places or list(next(parts).values()) for places in together]


def _content(artifact: Artifact) -> tuple[bytes, str]:
    return artifact.sha256, artifact.part


def _sha256(file: Path) -> bytes:
    regular_file(file)
    return fingerprint(file).sha256


def _compared(
    source: SourceFile, ref: DatasetRef, request: IngestRequest, sha256: Callable[[], bytes]
) -> IngestedFile:
    """Compare a file with the dataset that the run has under its data ID, unless that may be skipped.

    A source of a move is compared in any case: where its bytes are registered, it is to go.
    """
    moving = request.mode == IngestMode.MOVE
    if request.skip_existing and not moving:
        return IngestedFile(ref, new=False, same=None)
    try:
        same = (sha256(), source.part) in set(map(_content, whole(ref)))
    except ArtifactMissingError:
        if moving:  # finished by an earlier run of the same, or another process
            return IngestedFile(ref, new=False)
        raise
    if not same and not request.skip_existing:
        raise differs(source.path, ref)
    return IngestedFile(ref, new=False, same=same)


def _uris(file: Path) -> set[str]:
    """Give what an artifact in place may call the file."""
    return {file_uri(file), file_uri(file.resolve())}


def _belongs_to_another(uri: str, dataset_id: UUID) -> NotSupportedError:
    return NotSupportedError(
        f"{uri} can't be moved: it is dataset {dataset_id}, ingested in place",
        hint="Ingest it with mode 'copy' or 'hardlink'.",
        details={"uri": uri, "dataset_id": str(dataset_id)},
    )

"""Ingesting files that exist: copied, moved, linked, or left where they lie.

Where bytes are written, the registry is asked before and told after, as for
objects; files that stay in place are registered by `InPlaceIngest`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from butler.arguments import items, mapping, path, refused
from butler.concurrency import THREADS, looking_ahead
from butler.context import agreed_roots
from butler.datastore.fingerprint import fingerprint, regular_file
from butler.datastore.paths import file_uri
from butler.errors import (
    ArtifactMissingError,
    ButlerError,
    DatasetExistsError,
    InvalidDataIdError,
    NotSupportedError,
)
from butler.ingest.held import HeldFolders
from butler.ingest.in_place import InPlaceIngest
from butler.ingest.objects import ObjectWriter
from butler.ingest.protocol import PutProtocol, ref_of, refuse_component
from butler.ingest.requests import GivenFile, IngestedFile, IngestRequest, SourceFile, differs, refs_of, whole
from butler.values import Artifact, DatasetRef, IngestMode

if TYPE_CHECKING:
    from butler.datastore.interfaces import Datastore
    from butler.registry import Registry
    from butler.registry.interfaces.puts import BegunPut

__all__ = ["FileIngest"]

_ATTEMPTS = 3


class _OvertakenError(DatasetExistsError):
    """Another process put one of the datasets since they began."""


class FileIngest:
    """Puts files into a registry and a datastore.

    Parameters
    ----------
    registry : `~butler.registry.Registry`
        Where they are registered.
    datastore : `~butler.datastore.Datastore`
        Where their bytes go.
    """

    def __init__(self, registry: Registry, datastore: Datastore) -> None:
        self._registry = registry
        self._datastore = datastore
        self._protocol = PutProtocol(registry, datastore)
        self._objects = ObjectWriter(registry, datastore)

    def ingest(self, files: Sequence[SourceFile], request: IngestRequest) -> list[IngestedFile | ButlerError]:
        """Ingest files of one type.

        Parameters
        ----------
        files : sequence of `~butler.ingest.requests.SourceFile`
            The files.
        request : `~butler.ingest.requests.IngestRequest`
            How.

        Returns
        -------
        ingested : `list` [`IngestedFile` or `~butler.errors.ButlerError`]
            What became of each, in their order; errors only if the request
            isn't strict.

        Raises
        ------
        ButlerError
            If the request is strict, for any file; else for what concerns all
            of them, or one that can't be told.
        """
        if not files:
            return []
        refuse_component(request.dataset_type)
        if request.mode == IngestMode.IN_PLACE:
            in_place = InPlaceIngest(self._registry, self._datastore, files, request)
            ingested = in_place.ingest()
            if in_place.needs_environment():
                self._objects.describe_run(request.run, request.dataset_type)
            return ingested
        for attempt in range(_ATTEMPTS):
            try:
                return self._ingest_written(files, request)
            except _OvertakenError:
                # Nothing of it is left; what overtook it is there now, and is compared.
                if attempt == _ATTEMPTS - 1:
                    raise
        raise AssertionError("unreachable")

    def ingest_all(self, files: Iterable[GivenFile], request: IngestRequest) -> list[DatasetRef]:
        """Ingest files of one type, all of them or none; see `butler.Butler.ingest`."""
        sources = [_source(given) for given in items(files, "files", "pairs of a path and its data ID")]
        strict = replace(request, strict=True)
        return [one.ref for one in self.ingest(sources, strict) if isinstance(one, IngestedFile)]

    # Files whose bytes are written -----------------------------------------

    def _ingest_written(
        self, files: Sequence[SourceFile], request: IngestRequest
    ) -> list[IngestedFile | ButlerError]:
        lookup = self._registry.lookup  # a registry without one is told before the puts begin
        owners: Mapping[str, UUID] = {}
        held = HeldFolders({}, self._datastore)
        if request.mode == IngestMode.MOVE:
            held = HeldFolders(agreed_roots(self._registry, self._datastore), self._datastore)
            # Of any datastore: what was ingested in place when another one was the default is still there.
            owners = lookup.datasets_at(None, [uri for file in files for uri in _uris(file.path)])
        begun = self._protocol.begin(
            request.dataset_type, [file.data_id for file in files], request.run, skip_existing=True
        )
        new = [dataset for dataset in begun if not dataset.there_already]
        there = refs_of(
            self._registry,
            begun[0].dataset_type,
            request.run,
            {dataset.id: dataset.data_id for dataset in begun if dataset.there_already},
        )
        written: dict[UUID, Sequence[Artifact]] = {}

        def ingest(place: int) -> IngestedFile | ButlerError:
            dataset, file = begun[place], files[place]
            try:
                held.refuse(file.path)
                for uri in _uris(file.path):
                    if owners.get(uri, dataset.id) != dataset.id:
                        raise _belongs_to_another(uri, owners[uri])
                if dataset.there_already:
                    return _compared(file.path, there[dataset.id], request)
                if written:  # of the first it was just looked at
                    self._protocol.roots.check()
                written[dataset.id] = ()
                written[dataset.id] = self._datastore.intake.ingest(
                    file.path,
                    dataset.id,
                    dataset.hint,
                    dataset.dataset_type.storage_class,
                    request.dataset_type,
                    request.mode,
                    request.formatter,
                )
                return IngestedFile(ref_of(dataset, written[dataset.id]))
            except ButlerError as error:
                if request.strict:
                    raise
                return error

        with self._protocol.abandoned_on_error(new, written):
            with ThreadPoolExecutor(min(THREADS, len(files))) as threads:
                ingested = list(looking_ahead(threads, ingest, range(len(files)), THREADS))
            self._give_up_failed(begun, ingested, written)
            self._finish_files(begun, files, ingested, written, request)
        if new and new[0].needs_environment:
            self._objects.describe_run(request.run, request.dataset_type)
        if request.mode == IngestMode.MOVE:
            self._finish_moves(files, ingested, request)
        return ingested

    def _give_up_failed(
        self,
        begun: Sequence[BegunPut],
        ingested: Sequence[IngestedFile | ButlerError],
        written: dict[UUID, Sequence[Artifact]],
    ) -> None:
        failed = [
            dataset
            for dataset, one in zip(begun, ingested, strict=True)
            if isinstance(one, ButlerError) and not dataset.there_already
        ]
        if failed:
            self._protocol.abandon(failed, written)
        for dataset in failed:
            written.pop(dataset.id, None)

    def _finish_files(
        self,
        begun: Sequence[BegunPut],
        files: Sequence[SourceFile],
        ingested: list[IngestedFile | ButlerError],
        written: Mapping[UUID, Sequence[Artifact]],
        request: IngestRequest,
    ) -> None:
        """Register what was written; what was overtaken is given up, and is what overtook it."""
        if not written:
            return
        try:
            if self._protocol.finish(written, skip_existing=not request.strict):
                return
        except DatasetExistsError as error:
            raise _OvertakenError(error.message, hint=error.hint, details=error.details) from error
        overtaken = self._protocol.abandon([dataset for dataset in begun if dataset.id in written], written)
        for place, dataset in enumerate(begun):
            if dataset.id in overtaken:
                ingested[place] = self._overtaken(files[place].path, dataset, request)

    def _overtaken(self, file: Path, dataset: BegunPut, request: IngestRequest) -> IngestedFile | ButlerError:
        """Compare a file with what another process has put under its data ID meanwhile."""
        try:
            ref = self._registry.lookup.find(request.dataset_type, dataset.data_id, [request.run])
            return _compared(file, ref, request)
        except ButlerError as error:
            return error

    def _finish_moves(
        self, files: Sequence[SourceFile], ingested: list[IngestedFile | ButlerError], request: IngestRequest
    ) -> None:
        """Unlink the sources whose bytes are registered."""
        for place, (file, one) in enumerate(zip(files, ingested, strict=True)):
            if isinstance(one, ButlerError) or not one.same:
                continue
            try:
                self._datastore.intake.finish_move(file.path, whole(one.ref))
            except ButlerError as error:
                if request.strict:
                    raise
                ingested[place] = error


def _source(given: object) -> SourceFile:
    """Take a file as a program gives it."""
    if not isinstance(given, (tuple, list)) or len(given) not in (2, 3):
        raise refused("one of files", given, "a pair", "Write (path, data ID) for each.", InvalidDataIdError)
    file, data_id, *known = given
    return SourceFile(path(file, "a path in files"), mapping(data_id, "data_id"), *known)


def _compared(file: Path, ref: DatasetRef, request: IngestRequest) -> IngestedFile:
    """Compare a file with the dataset that the run has under its data ID, unless that may be skipped.

    A source of a move is compared in any case: where its bytes are registered, it is to go.
    """
    moving = request.mode == IngestMode.MOVE
    if request.skip_existing and not moving:
        return IngestedFile(ref, new=False, same=None)
    try:
        regular_file(file)
        same = fingerprint(file).sha256 in {artifact.sha256 for artifact in whole(ref)}
    except ArtifactMissingError:
        if moving:  # finished by an earlier run of the same, or another process
            return IngestedFile(ref, new=False)
        raise
    if not same and not request.skip_existing:
        raise differs(file, ref)
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

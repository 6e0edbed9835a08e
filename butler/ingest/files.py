"""Ingesting files that exist: copied, moved, linked, or left where they lie."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from operator import index
from typing import SupportsIndex

from butler.arguments import items, mapping, path, refused
from butler.datastore.fingerprint import Fingerprint
from butler.errors import ButlerError, InvalidDataIdError
from butler.ingest.lot import FileLot
from butler.ingest.objects import ObjectWriter
from butler.ingest.protocol import PutProtocol
from butler.ingest.requests import GivenFile, IngestedFile, IngestRequest, SourceFile
from butler.values import DatasetRef

__all__ = ["FileIngest"]


class FileIngest:
    """Puts files into a registry and a datastore.

    Parameters
    ----------
    protocol : `~butler.ingest.protocol.PutProtocol`
        How.
    """

    def __init__(self, protocol: PutProtocol) -> None:
        self._protocol = protocol
        self._objects = ObjectWriter(protocol)

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
        ingested = FileLot(self._protocol, files, request).ingest()
        if any(isinstance(one, IngestedFile) and one.new for one in ingested):
            self._objects.describe_run(request.run, request.dataset_type)
        return ingested

    def ingest_all(self, files: Iterable[GivenFile], request: IngestRequest) -> list[DatasetRef]:
        """Ingest files of one type, all of them or none; see `butler.Butler.ingest`."""
        sources = [_source(given) for given in items(files, "files", "pairs of a path and its data ID")]
        strict = replace(request, strict=True)
        return [one.ref for one in self.ingest(sources, strict) if isinstance(one, IngestedFile)]


def _source(given: object) -> SourceFile:
    """Take a file as a program gives it."""
    if not isinstance(given, (tuple, list)) or len(given) not in (2, 3, 4):
        raise refused(
            "one of files",
            given,
            "a pair",
            "Write (path, data ID) for each, or (path, data ID, part).",
            InvalidDataIdError,
        )
    file, data_id, *more = given
    known = more.pop() if len(more) == 2 or (more and isinstance(more[0], Fingerprint)) else None
    if not (known is None or isinstance(known, Fingerprint)):
        raise refused(
            "what is known of one of files",
            known,
            "a Fingerprint",
            "Write (path, data ID, part, fingerprint), or leave it out.",
            InvalidDataIdError,
        )
    return SourceFile(path(file, "a path in files"), mapping(data_id, "data_id"), known, _part(*more))


def _part(given: object = None) -> str:
    """Take a part of a file as a program gives it: a number is an HDU's."""
    if given is None:
        return ""
    if isinstance(given, str):
        return given
    if isinstance(given, SupportsIndex) and type(given) is not bool and (number := index(given)) >= 0:
        return str(number)
    raise refused(
        "a part",
        given,
        "a text or the number of an HDU",
        "Write 3, 'SCI' or 'SCI,2' for an HDU, the path of a member of a zip file, or leave it out.",
        InvalidDataIdError,
    )

"""One lot of files that are ingested together, and what became of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from butler.datastore.paths import file_uri
from butler.errors import ButlerError, InvalidDataIdError
from butler.ingest.item import PutItem
from butler.ingest.protocol import PutProtocol
from butler.ingest.requests import IngestedFile, IngestRequest, SourceFile
from butler.values import DatasetRef, IngestMode

__all__ = ["FileLot"]


class FileLot:
    """Files of one type, each with the dataset that it is to be: a file's place is one in this lot.

    Parameters
    ----------
    protocol : `~butler.ingest.protocol.PutProtocol`
        How a dataset is put.
    files : sequence of `~butler.ingest.requests.SourceFile`
        The files.
    request : `~butler.ingest.requests.IngestRequest`
        What becomes of them.

    Raises
    ------
    ButlerError
        If a part is given twice, or as `PutProtocol.prepare` raises.
    """

    def __init__(self, protocol: PutProtocol, files: Sequence[SourceFile], request: IngestRequest) -> None:
        self.protocol = protocol
        self.files = files
        self.request = request
        self.in_place = request.mode == IngestMode.IN_PLACE
        self.together = _places_of_files(files)
        """Places of the parts of one file, which is taken in once; of a whole file one."""
        self.items: Sequence[PutItem] = protocol.prepare(
            request.dataset_type,
            [file.data_id for file in files],
            request.run,
            written=not self.in_place,
            # Of files that stay it costs more to ask than to read them; but where it saves reading them.
            ask=not self.in_place or request.skip_existing,
            skip_existing=True,
        )
        self.dataset_type = self.items[0].dataset_type
        self.writing = protocol.lot_of(0 if self.in_place else len(self.together))
        """What the files are written in; to be flushed before the registry is told of one."""
        self._became: list[IngestedFile | ButlerError | None] = [None] * len(files)
        """What became of each; of those that are new only in the end."""

    def settle(self, place: int, outcome: IngestedFile | ButlerError) -> None:
        """Note what became of a file that isn't to be registered, or not any more.

        Raises
        ------
        ButlerError
            If it failed, and one that fails keeps all others out.
        """
        if isinstance(outcome, ButlerError) and self.request.strict:
            raise outcome
        self._became[place] = outcome

    def is_settled(self, place: int) -> bool:
        """Whether it is known what became of a file: nothing more is to be done with it."""
        return self._became[place] is not None

    def unsettled(self) -> list[Sequence[int]]:
        """Give the places of the files of which something is to be taken in still; of each those alone."""
        if not any(self._became):
            return self.together
        left = (tuple(place for place in places if not self.is_settled(place)) for places in self.together)
        return [places for places in left if places]

    def open_items(self) -> list[PutItem]:
        """Give what was taken in, and that the run isn't known to have."""
        return [
            item
            for item, became in zip(self.items, self._became, strict=True)
            if became is None and item.is_open
        ]

    def outcomes(self) -> list[IngestedFile | ButlerError]:
        """Give what became of each: what isn't settled in the end is new."""
        return [
            IngestedFile(item.ref) if became is None else became
            for became, item in zip(self._became, self.items, strict=True)
        ]

    def existing_refs(self, existing: Mapping[int, UUID]) -> dict[UUID, DatasetRef]:
        """Look up, in one statement, what the run has under the data IDs of the files at these places."""
        refs = [
            DatasetRef(dataset_id, self.dataset_type, self.items[place].data_id, self.request.run)
            for place, dataset_id in existing.items()
        ]
        return {ref.id: ref for ref in self.protocol.registry.lookup.with_artifacts(refs)}


def _places_of_files(files: Sequence[SourceFile]) -> list[Sequence[int]]:
    """Give the places of each file: those of its parts together, and else one.

    Raises
    ------
    InvalidDataIdError
        If a part is given twice, or a file whole and in parts.
    """
    if not any(file.part for file in files):
        # Tuples of numbers: the collector of garbage would look at each list again and again.
        return [(place,) for place in range(len(files))]
    by_file: dict[str, dict[str, int]] = {}
    together: list[Sequence[int]] = []
    wholes = {file_uri(file.path) for file in files if not file.part}
    for place, file in enumerate(files):
        if not file.part:
            together.append((place,))
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
            together.append(())
        by_file[uri][file.part] = place
    parts = iter(by_file.values())
    return [places or tuple(next(parts).values()) for places in together]

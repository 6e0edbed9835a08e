"""Files that were taken in are registered together; what the run has by then is compared."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from uuid import UUID

from butler.errors import DatabaseUnavailableError, DatasetExistsError
from butler.ingest.comparing import contents, differs, whole
from butler.ingest.item import PutItem, PutState
from butler.ingest.lot import FileLot
from butler.ingest.requests import IngestedFile
from butler.values import Artifact, DataId

__all__ = ["Registering"]

_ATTEMPTS = 3


class Registering:
    """Registers what was taken in of a lot, in one transaction.

    Parameters
    ----------
    lot : `~butler.ingest.lot.FileLot`
        The files.
    """

    def __init__(self, lot: FileLot) -> None:
        self._lot = lot
        self._protocol = lot.protocol
        self._told: list[int] = []
        """Of each row that the registry was told last, the place."""

    def register(self, taken: Iterator[PutItem]) -> None:
        """Register what was taken in before, and what is taken in meanwhile."""
        lost: DatabaseUnavailableError | None = None
        for attempt in range(_ATTEMPTS):
            told: Iterable[PutItem] = chain(self._lot.open_items(), taken)
            if not self._lot.in_place:
                if not (told := list(told)):
                    return
                self._protocol.roots.check()  # it may have been unmounted while it was written to
                self._lot.writing.flush()
            try:
                with self._protocol.registering(self._lot.items):
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

    def _tell(self, taken: Iterable[PutItem]) -> dict[int, UUID]:
        """Tell the registry; give what the run has instead of what was told, by the places of files."""
        lot, datastore = self._lot, self._protocol.datastore
        registered = self._protocol.registry.puts.register(
            lot.request.run,
            lot.dataset_type.name,
            datastore.name,
            self._rows(taken),
            skip_existing=not lot.request.strict,
            root=None if lot.in_place else datastore.root,
        )
        if not registered.existing:
            return {}
        places = {item.id: place for place, item in enumerate(lot.items)}
        there = {places[given]: existing for given, existing in registered.existing.items()}
        for place, existing in there.items():
            item = lot.items[place]
            if existing != item.id:  # it was passed over
                item.not_registered(known=True)
        return there

    def _rows(self, taken: Iterable[PutItem]) -> Iterator[tuple[UUID, DataId, Artifact]]:
        """Give what the registry is told, an artifact a row; note of which file each row is."""
        places = {item: place for place, item in enumerate(self._lot.items)}
        self._told.clear()
        for item in taken:
            item.told()
            for artifact in item.artifacts:
                self._told.append(places[item])
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
        lot = self._lot
        refs = lot.existing_refs(there)
        for place, existing in there.items():
            item, ref = lot.items[place], refs[existing]
            if ref.id == item.id:  # it is this one: only the answer was lost
                item.state = PutState.REGISTERED
                continue
            same = contents(item.artifacts) <= contents(whole(ref))
            if same or lot.request.skip_existing:
                lot.settle(place, IngestedFile(ref, new=False, same=same))
            else:
                lot.settle(place, differs(lot.files[place].path, ref))

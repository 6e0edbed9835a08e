"""The sources of files that are moved go, once their bytes are registered."""

from __future__ import annotations

from collections.abc import Sequence

from butler.errors import ButlerError
from butler.ingest.comparing import whole
from butler.ingest.lot import FileLot
from butler.ingest.requests import IngestedFile

__all__ = ["moved"]


def moved(lot: FileLot, ingested: Sequence[IngestedFile | ButlerError]) -> list[IngestedFile | ButlerError]:
    """Unlink the sources whose bytes are registered, with all parts of them that were given.

    Parameters
    ----------
    lot : `~butler.ingest.lot.FileLot`
        The files.
    ingested : sequence of `~butler.ingest.requests.IngestedFile` or `~butler.errors.ButlerError`
        What became of each.

    Returns
    -------
    moved : `list` [`~butler.ingest.requests.IngestedFile` or `~butler.errors.ButlerError`]
        The same, with the errors of those that couldn't be unlinked.

    Raises
    ------
    ButlerError
        If one couldn't be, and the request is strict.
    """
    moved = list(ingested)
    for places in lot.together:
        safe = [one for place in places if isinstance(one := ingested[place], IngestedFile) and one.same]
        if len(safe) < len(places):
            continue
        files = {(kept.datastore, kept.file): kept for one in safe for kept in whole(one.ref)}
        try:
            lot.protocol.datastore.intake.finish_move(lot.files[places[0]].path, list(files.values()))
        except ButlerError as error:
            if lot.request.strict:
                raise
            for place in places:
                moved[place] = error
    return moved

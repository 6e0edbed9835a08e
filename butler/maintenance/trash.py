"""What becomes of the bytes of datasets that were unstored or removed.

Their artifacts lie in the trash, where they can be restored, until it is
emptied. Emptying is the mirror of a put: the registry says durably which bytes
are about to go, they are deleted, and then the registry forgets them. Whoever
dies in between leaves it to the next; whoever is slow keeps it from the next.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby
from typing import TYPE_CHECKING
from uuid import UUID

from butler.context import Context
from butler.errors import ButlerError
from butler.maintenance.given_up import delete
from butler.roots import Roots

if TYPE_CHECKING:
    from butler.datastore.interfaces import Datastore
    from butler.registry.interfaces.removal import Removals, TrashedArtifact

__all__ = ["Emptied", "empty_trash"]

BATCH = 1000
"""Datasets between two statements to the registry."""


@dataclass(frozen=True, slots=True)
class Emptied:
    """What emptying the trash did.

    Parameters
    ----------
    artifacts : `int`
        How many were forgotten.
    bytes : `int`
        Of the files that were deleted; those that other datasets need, and
        those ingested in place, stay.
    failures : `tuple` [(`str`, `str`)]
        Paths that couldn't be deleted, with the reason. They stay claimed,
        for the next time.
    """

    artifacts: int
    bytes: int
    failures: tuple[tuple[str, str], ...] = ()


def empty_trash(
    context: Context,
    *,
    older_than: timedelta | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> Emptied:
    """Delete what has been in the trash for long enough; see `butler.removal.Removals.empty_trash`."""
    emptied = Emptied(0, 0)
    roots = Roots(context.registry, context.datastore)
    roots.check_all()
    for name, datastore in context.datastore.members.items():
        if name in roots.registered:  # nothing was put into any other, nor thrown away
            emptied = _emptied(context.registry.removal, datastore, roots, older_than, emptied, on_progress)
    return emptied


def _emptied(
    removal: Removals,
    datastore: Datastore,
    roots: Roots,
    older_than: timedelta | None,
    before: Emptied,
    on_progress: Callable[[int, int], None] | None,
) -> Emptied:
    """Empty the trash of one datastore, and add what that did to what was done before."""
    forgotten, freed = before.artifacts, before.bytes
    failures: dict[str, str] = {}
    stuck: set[UUID] = set()
    roots.check(datastore.name)
    while claimed := removal.claim(datastore.name, older_than, BATCH, stuck):
        done: set[UUID] = set()
        with removal.hold(datastore.name, {trashed.dataset_id for trashed in claimed}) as held:
            for dataset_id, artifacts in _by_dataset(claimed):
                if dataset_id not in held.dataset_ids:
                    continue
                failed = False
                for trashed in artifacts:
                    if trashed.delete_bytes:
                        held.confirm()
                        roots.check(datastore.name)
                        try:
                            delete(datastore, trashed.artifact)
                        except (ButlerError, OSError) as error:
                            failures[trashed.artifact.path] = str(error)
                            failed = True
                if failed:
                    stuck.add(dataset_id)
                else:
                    done.add(dataset_id)
                    freed += sum(t.artifact.size for t in artifacts if t.delete_bytes)
            # What wasn't found because its disk is gone isn't deleted.
            roots.check(datastore.name)
            if done:
                forgotten += held.drop(done)
        if on_progress:
            on_progress(forgotten, 0)
    return Emptied(forgotten, freed, before.failures + tuple(failures.items()))


def _by_dataset(claimed: Iterable[TrashedArtifact]) -> Iterator[tuple[UUID, list[TrashedArtifact]]]:
    for dataset_id, artifacts in groupby(claimed, key=lambda trashed: trashed.dataset_id):
        yield dataset_id, list(artifacts)

"""What becomes of the bytes of datasets that were unstored or removed.

Their artifacts lie in the trash, where they can be restored, until it is
emptied. Emptying is the mirror of a put: the registry says durably which bytes
are about to go, they are deleted, and then the registry forgets them. Whoever
dies in between leaves it to the next; whoever is slow keeps it from the next.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from butler.errors import ArtifactMissingError, ButlerError

if TYPE_CHECKING:
    from butler.datastore import Datastore
    from butler.registry.base import Registry, TrashedArtifact
    from butler.values import DatasetRef

__all__ = ["Emptied", "empty_trash", "why_missing"]

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
    registry: Registry,
    datastore: Datastore,
    *,
    older_than: timedelta | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> Emptied:
    """Delete what has been in the trash for long enough; see `butler.Butler.empty_trash`."""
    forgotten = freed = 0
    failures: dict[str, str] = {}
    stuck: set[UUID] = set()
    while claimed := registry.claim_trash(datastore.name, older_than, BATCH, stuck):
        done: set[UUID] = set()
        with registry.hold_trash(datastore.name, {trashed.dataset_id for trashed in claimed}) as held:
            for dataset_id, artifacts in _by_dataset(claimed):
                if dataset_id not in held.dataset_ids:
                    continue
                failed = False
                for trashed in artifacts:
                    if trashed.delete_bytes:
                        held.confirm()
                        try:
                            datastore.remove([trashed.artifact])
                        except (ButlerError, OSError) as error:
                            failures[trashed.artifact.path] = str(error)
                            failed = True
                if failed:
                    stuck.add(dataset_id)
                else:
                    done.add(dataset_id)
                    freed += sum(t.artifact.size for t in artifacts if t.delete_bytes)
            if done:
                forgotten += held.drop(done)
        if on_progress:
            on_progress(forgotten, 0)
    return Emptied(forgotten, freed, tuple(failures.items()))


def _by_dataset(claimed: Iterable[TrashedArtifact]) -> Iterator[tuple[UUID, list[TrashedArtifact]]]:
    from itertools import groupby

    for dataset_id, artifacts in groupby(claimed, key=lambda trashed: trashed.dataset_id):
        yield dataset_id, list(artifacts)


def why_missing(registry: Registry, ref: DatasetRef) -> ArtifactMissingError:
    """Say why a dataset that is registered has no bytes to read."""
    for row in registry.query(
        "SELECT state, changed, changed_by, change_reason, bytes FROM removal WHERE dataset_id = :id",
        {"id": ref.id},
    ):
        when = f"{row.changed.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
        reason = f": {row.change_reason}" if row.change_reason else ""
        return ArtifactMissingError(
            f"dataset {ref} was {row.state} at {when} by {row.changed_by}{reason}",
            hint="It is in the trash: 'butler restore' brings it back."
            if row.bytes is not None
            else "Its bytes are deleted; make it again.",
            details={"dataset_id": str(ref.id), "state": row.state},
        )
    return ArtifactMissingError(
        f"dataset {ref} has no stored bytes that are whole",
        hint="'butler verify' says what became of its files.",
        details={"dataset_id": str(ref.id)},
    )

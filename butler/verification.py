"""Compare registry and datastore: what is missing, what was altered, what belongs to nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from butler.errors import ButlerError
from butler.values import Artifact

if TYPE_CHECKING:
    from butler.datastore import Datastore
    from butler.registry.base import Registry

__all__ = ["Fault", "claimed_paths", "verify"]

_REMEDIES = {
    "missing": "restore the file, or register the dataset as unstored",
    "size": "restore the file: it isn't the one that was written",
    "sha256": "restore the file: it isn't the one that was written",
    "orphan": "no dataset has it: delete it once no writer is at work",
    "temporary": "a writer is at work, or died: delete it once no writer is at work",
    "unfinished": "a put began and didn't end: its writer is at work, or died",
    "unreadable": "it can't be looked at: correct what the reason names, or ask who registered it",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One difference between registry and datastore.

    Parameters
    ----------
    kind : `str`
        ``missing``, ``size``, ``sha256``, ``orphan``, ``temporary``,
        ``unfinished`` or ``unreadable``.
    dataset_id : `str`
        Of the dataset, if it is one.
    uri : `str`
        Of the file; of an unfinished or unreadable one what is recorded.
    detail : `str`
        Who began what is unfinished, and when, UTC; why it is unreadable.
    """

    kind: str
    dataset_id: str
    uri: str
    detail: str = ""

    @property
    def remedy(self) -> str:
        """What to do about it."""
        return _REMEDIES[self.kind]

    def __str__(self) -> str:
        of = f" of dataset {self.dataset_id}" if self.dataset_id else ""
        return f"{self.kind}: {self.uri}{of}{f', {self.detail}' if self.detail else ''}"


def verify(
    registry: Registry,
    datastore: Datastore,
    *,
    checksum: bool = True,
    on_progress: Callable[[int, int], None] | None = None,
) -> Iterator[Fault]:
    """Name each difference between a registry and a datastore.

    The list of files is taken first: one that is written meanwhile is then
    registered at the latest when the registry is asked, and is no orphan.
    """
    stored = set(datastore.paths())
    expected: set[str] = set()
    unforeseen: set[str] = set()
    for intent in registry.open_intents(timedelta(0)):
        begun = f"begun by {intent.begun_by} at {intent.begun.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
        yield Fault("unfinished", str(intent.id), intent.hint, begun)
    for row in _intents_of_all(registry):
        try:
            expected.update(
                datastore.expected_paths(UUID(row.dataset_id), row.hint, row.storage_class, row.dataset_type)
            )
        except ButlerError as error:
            unforeseen.add(UUID(row.dataset_id).hex)
            yield Fault("unreadable", row.dataset_id, row.hint, error.message)
    rows = registry.query(
        "SELECT dataset_id::text, path, formatter, size, sha256, component FROM artifact"
        " WHERE datastore = :datastore AND state = 'present'"
        " AND dataset_id IN (SELECT d.dataset_id FROM dataset AS d WHERE d.state = 'present')"
        " ORDER BY path",
        {"datastore": datastore.name},
    )
    for done, row in enumerate(rows, 1):
        if fault := _compared(datastore, row, checksum):
            yield fault
        if on_progress:
            on_progress(done, len(rows))
    for path in sorted(stored - expected - claimed_paths(registry, datastore)):
        if not any(dataset_id in path for dataset_id in unforeseen):
            yield Fault("temporary" if datastore.is_temporary(path) else "orphan", "", datastore.root + path)


def _compared(datastore: Datastore, row: Any, checksum: bool) -> Fault | None:
    """Compare one row with its file; whatever a row may hold, the others are compared too."""
    artifact = Artifact(
        datastore.name, row.path, row.formatter, row.size, bytes.fromhex(row.sha256), row.component
    )
    try:
        fault = datastore.check(artifact, checksum=checksum)
        return Fault(fault, row.dataset_id, datastore.uri(artifact)) if fault else None
    except (ButlerError, OSError, ValueError) as error:
        reason = error.message if isinstance(error, ButlerError) else str(error)
        return Fault("unreadable", row.dataset_id, row.path, reason)


def claimed_paths(registry: Registry, datastore: Datastore, among: Sequence[str] | None = None) -> set[str]:
    """Give the paths of a datastore that any registry of the database has.

    Parameters
    ----------
    registry : `~butler.registry.base.Registry`
        One of them.
    datastore : `~butler.datastore.Datastore`
        The datastore.
    among : sequence of `str`, optional
        Look for these only.
    """
    only = "" if among is None else " AND path = ANY(:paths)"
    given = {"datastore": datastore.name, **({} if among is None else {"paths": list(among)})}
    return {
        row.path
        for name in _registries(registry)
        for row in registry.query(
            f"SELECT path FROM {name}.artifact WHERE datastore = :datastore{only}", given
        )
    }


def _intents_of_all(registry: Registry) -> Iterator[Any]:
    """Give the puts that began and didn't end in any registry of the database."""
    for name in _registries(registry):
        yield from registry.query(
            "SELECT dataset_id::text, hint, storage_class, dataset_type"
            f" FROM {name}.open_intents(interval '0')"
        )


def _registries(registry: Registry) -> list[str]:
    return [row.registry for row in registry.query("SELECT registry FROM registry")]

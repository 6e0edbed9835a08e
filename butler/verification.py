"""Compare registry and datastore: what is missing, what was altered, what belongs to nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from butler.values import Artifact

if TYPE_CHECKING:
    from butler.datastore import Datastore
    from butler.registry.base import Registry

__all__ = ["Fault", "verify"]

_REMEDIES = {
    "missing": "restore the file, or register the dataset as unstored",
    "size": "restore the file: it isn't the one that was written",
    "sha256": "restore the file: it isn't the one that was written",
    "orphan": "no dataset has it: delete it once no writer is at work",
    "temporary": "a writer is at work, or died: delete it once no writer is at work",
    "unfinished": "a put began and didn't end: its writer is at work, or died",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One difference between registry and datastore.

    Parameters
    ----------
    kind : `str`
        ``missing``, ``size``, ``sha256``, ``orphan``, ``temporary`` or ``unfinished``.
    dataset_id : `str`
        Of the dataset, if it is one.
    uri : `str`
        Of the file.
    """

    kind: str
    dataset_id: str
    uri: str

    @property
    def remedy(self) -> str:
        """What to do about it."""
        return _REMEDIES[self.kind]

    def __str__(self) -> str:
        return f"{self.kind}: {self.uri}{f' of dataset {self.dataset_id}' if self.dataset_id else ''}"


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
    expected: dict[str, None] = {}
    for intent in registry.open_intents(timedelta(0)):
        paths = datastore.expected_paths(intent.id, intent.hint, intent.storage_class, intent.dataset_type)
        yield Fault("unfinished", str(intent.id), intent.hint)
        expected.update(dict.fromkeys(paths))
    rows = registry.query(
        "SELECT dataset_id::text, path, formatter, size, sha256, component FROM artifact"
        " WHERE datastore = :datastore AND state = 'present'"
        " AND dataset_id IN (SELECT d.dataset_id FROM dataset AS d WHERE d.state = 'present')"
        " ORDER BY path",
        {"datastore": datastore.name},
    )
    for done, row in enumerate(rows, 1):
        artifact = Artifact(
            datastore.name, row.path, row.formatter, row.size, bytes.fromhex(row.sha256), row.component
        )
        expected[row.path] = None
        if fault := datastore.check(artifact, checksum=checksum):
            yield Fault(fault, row.dataset_id, datastore.uri(artifact))
        if on_progress:
            on_progress(done, len(rows))
    for path in sorted(stored - expected.keys() - _claimed_by_layers(registry, datastore)):
        yield Fault("temporary" if datastore.is_temporary(path) else "orphan", "", datastore.root + path)


def _claimed_by_layers(registry: Registry, datastore: Datastore) -> set[str]:
    """Give what other registries of the database keep in the same datastore."""
    names = [row.registry for row in registry.query("SELECT registry FROM registry")]
    return {
        row.path
        for name in names
        for row in registry.query(
            f"SELECT path FROM {name}.artifact WHERE datastore = :datastore", {"datastore": datastore.name}
        )
    }

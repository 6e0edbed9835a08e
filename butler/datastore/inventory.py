"""What lies in a datastore of files, whether anybody knows it or not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from butler.datastore.artifact_files import ArtifactFiles
from butler.datastore.fingerprint import fingerprint
from butler.datastore.identify import read_identity
from butler.datastore.interfaces import Inventory
from butler.datastore.nameless import lacks_identity
from butler.datastore.parts import ZIP
from butler.datastore.paths import artifact_path, id_in_name
from butler.datastore.storage_classes import storage_class as find_storage_class
from butler.values import Artifact

__all__ = ["StorageInventory"]


class StorageInventory(Inventory):
    """The files of a `~butler.datastore.storage.Storage`.

    Parameters
    ----------
    files : `~butler.datastore.artifact_files.ArtifactFiles`
        The datastore's.
    """

    def __init__(self, files: ArtifactFiles) -> None:
        self._files = files
        self._storage = files.storage

    def paths(self) -> Iterator[str]:
        """Every path of the storage."""
        return self._storage.paths()

    def is_temporary(self, path: str) -> bool:
        """As the storage names its temporary files."""
        return self._storage.is_temporary(path)

    def id_in_path(self, path: str) -> UUID | None:
        """By the name that `~butler.datastore.paths.artifact_path` gives."""
        return id_in_name(Path(path))

    def modified(self, path: str) -> datetime:
        """As the storage says."""
        return self._storage.modified(path)

    def identify(self, path: str) -> dict[str, Any] | None:
        """As its format holds it."""
        with self._storage.local(path) as file:
            return read_identity(file, path.rpartition("/")[2])

    def lacks_identity(self, path: str) -> bool:
        """By reading it whole, by all readers of its format."""
        with self._storage.local(path) as file:
            return lacks_identity(file, path.rpartition("/")[2])

    def describe(self, path: str, storage_class: str, dataset_type: str, component: str = "") -> Artifact:
        """By its content, as for a file that is ingested."""
        held = find_storage_class(storage_class)
        if component:
            held = held.part(component)
        with self._storage.local(path) as file:
            formatter = self._files.formatters.reader(None, None if component else dataset_type, held, file)
            return self._files.describe(path, formatter, fingerprint(file), component)

    def expected_paths(
        self, dataset_id: UUID, hint: str, storage_class: str, dataset_type: str
    ) -> tuple[str, ...]:
        """Paths of the whole and of each component, for each formatter that could have been used."""
        whole = find_storage_class(storage_class)
        parts = {"": whole} | {name: whole.part(name) for name in whole.components}
        written = (
            artifact_path(hint, dataset_id, component, extension)
            for component, part in parts.items()
            for extension in self._files.formatters.extensions(part, None if component else dataset_type)
        )
        return (*written, artifact_path(hint, dataset_id, "", ZIP))

    def discard(self, paths: Iterable[str]) -> None:
        """Delete the files and what writers of them left."""
        paths = list(paths)
        self._storage.sweep(paths)
        for path in paths:
            self._storage.delete(path)

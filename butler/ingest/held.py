"""What of the files that are to be ingested is another's where it lies."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from butler.context import agreed_roots
from butler.datastore.intake import lies_within
from butler.datastore.paths import file_uri, local_file
from butler.errors import NotSupportedError
from butler.values import IngestMode

if TYPE_CHECKING:
    from butler.datastore.interfaces import Datastore
    from butler.registry import Registry

__all__ = ["HeldFiles"]


class HeldFiles:
    """What is neither moved nor ingested in place, as another has it there.

    That is what lies in the folders of datastores that the database knows,
    and that this repository's configuration doesn't name: of those that are
    configured, the datastore itself takes care. And no dataset that was
    ingested in place is moved.

    Parameters
    ----------
    registry : `~butler.registry.Registry`
        Knows whose they are.
    datastore : `~butler.datastore.Datastore`
        Has the datastores that are configured.
    files : iterable of `~pathlib.Path`
        The files that are to be ingested.
    mode : `~butler.values.IngestMode`
        What is to become of them.
    """

    def __init__(
        self, registry: Registry, datastore: Datastore, files: Iterable[Path], mode: IngestMode
    ) -> None:
        self._folders: dict[str, Path] = {}
        self._owners: Mapping[str, UUID] = {}
        if mode in {IngestMode.IN_PLACE, IngestMode.MOVE}:
            self._folders = {
                name: Path(os.path.realpath(local_file(known.root)))
                for name, known in agreed_roots(registry, datastore).items()
                if name not in datastore.members and known.root.startswith("file:///")
            }
        if mode == IngestMode.MOVE:
            # Of any datastore: what was ingested in place when another one was the default is still there.
            self._owners = registry.lookup.datasets_at(None, [uri for file in files for uri in _uris(file)])
        self._holder = lru_cache(maxsize=1000)(self._holder_of)

    def refuse(self, file: Path, existing: UUID | None) -> None:
        """Refuse a file that is another's.

        Parameters
        ----------
        file : `~pathlib.Path`
            The file.
        existing : `uuid.UUID` or `None`
            The dataset that the run has of its data ID, which it may well be.

        Raises
        ------
        NotSupportedError
        """
        if self._folders and (name := self._holder(file.parent)):
            raise lies_within(file, name)
        if self._owners:
            for uri in _uris(file):
                owner = self._owners.get(uri)
                if owner is not None and owner != existing:
                    raise _belongs_to_another(uri, owner)

    def _holder_of(self, folder: Path) -> str | None:
        folder = folder.resolve()
        return next((name for name, root in self._folders.items() if folder.is_relative_to(root)), None)


def _uris(file: Path) -> set[str]:
    """Give what an artifact in place may call the file."""
    return {file_uri(file), file_uri(file.resolve())}


def _belongs_to_another(uri: str, dataset_id: UUID) -> NotSupportedError:
    return NotSupportedError(
        f"{uri} can't be moved: it is dataset {dataset_id}, ingested in place",
        hint="Ingest it with mode 'copy' or 'hardlink'.",
        details={"uri": uri, "dataset_id": str(dataset_id)},
    )

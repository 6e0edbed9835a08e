"""Files in datastores that the database knows, and that this repository's configuration doesn't name."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from butler.datastore.intake import lies_within
from butler.datastore.paths import local_file

if TYPE_CHECKING:
    from butler.datastore.interfaces import Datastore
    from butler.values import RegisteredDatastore

__all__ = ["HeldFolders"]


class HeldFolders:
    """The folders of others: what lies there is neither moved nor ingested in place.

    Of those that are configured, the datastore itself takes care.

    Parameters
    ----------
    registered : `~collections.abc.Mapping` [`str`, `~butler.values.RegisteredDatastore`]
        By the names of the datastores.
    datastore : `~butler.datastore.Datastore`
        Has those that are configured.
    """

    def __init__(self, registered: Mapping[str, RegisteredDatastore], datastore: Datastore) -> None:
        self._folders = {
            name: Path(os.path.realpath(local_file(known.root)))
            for name, known in registered.items()
            if name not in datastore.members and known.root.startswith("file:///")
        }
        self._holder = lru_cache(maxsize=1000)(self._holder_of)

    def refuse(self, file: Path) -> None:
        """Refuse a file of another's.

        Raises
        ------
        NotSupportedError
        """
        if self._folders and (name := self._holder(file.parent)):
            raise lies_within(file, name)

    def _holder_of(self, folder: Path) -> str | None:
        folder = folder.resolve()
        return next((name for name, root in self._folders.items() if folder.is_relative_to(root)), None)

"""Whether a file that no dataset has may be deleted: what speaks against it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from butler.errors import ArtifactMissingError, ButlerError
from butler.maintenance.age import so_long_ago

if TYPE_CHECKING:
    from butler.datastore.interfaces import Datastore
    from butler.registry import Registry

__all__ = ["Deletion"]


class Deletion:
    """Looks for an owner of files, and for what they say, before they are deleted.

    Parameters
    ----------
    registry : `~butler.registry.Registry`
        Is asked for owners, with all others of its database.
    datastore : `~butler.datastore.Datastore`
        Where the files lie.
    older_than : `datetime.timedelta`
        Leave alone those that are younger.
    """

    def __init__(self, registry: Registry, datastore: Datastore, older_than: timedelta) -> None:
        self._registry = registry
        self._datastore = datastore
        self._before = so_long_ago(registry, older_than)

    def is_old(self, path: str) -> bool:
        """Whether a file is old enough, or gone."""
        try:
            return self._datastore.inventory.modified(path) <= self._before
        except ArtifactMissingError:
            return True

    def owned(self, paths: Sequence[str]) -> dict[str, str]:
        """Give those of these files that may be somebody's, and why.

        Wider than what verify calls an orphan: two datastores may have one
        folder under two spellings, so a name in any of them counts.
        """
        owned = dict.fromkeys(
            self._registry.maintenance.claimed_files(None, self._datastore.root, paths),
            "a dataset has a file of this name",
        )
        of = {path: self._datastore.inventory.id_in_path(path) for path in paths}
        claims = self._registry.maintenance.claims_of_datasets({i for i in of.values() if i is not None})
        names = {_name(claim.path) for claim in claims}
        for path, dataset_id in of.items():
            if _name(path) in names:
                owned[path] = f"dataset {dataset_id} has a file of this name"
        return owned

    def looked_at(self, path: str) -> tuple[datetime | None, str]:
        """Read a file whole.

        Returns
        -------
        since : `datetime.datetime` or `None`
            Since when it has been what was read.
        kept : `str`
            Why it can't be ruled out that it says what it is; empty if it
            was read, and says nothing.
        """
        inventory = self._datastore.inventory
        try:
            since = inventory.modified(path)
            silent = inventory.lacks_identity(path)
            if inventory.modified(path) != since:
                return None, "it changed while it was looked at"
        except (ButlerError, OSError) as error:
            message = error.message if isinstance(error, ButlerError) else str(error)
            return None, f"it can't be ruled out that it says what it is: {message}"
        return since, "" if silent else "it isn't known to say nothing of what it is"


def _name(path: str) -> str:
    return path.rpartition("/")[2]

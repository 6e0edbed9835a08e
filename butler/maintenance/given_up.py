"""Deleting the files of datasets that are given up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from butler.datastore.interfaces import inventory_of
from butler.errors import ChecksumError
from butler.values import ArtifactFault

if TYPE_CHECKING:
    from butler.datastore.interfaces import Datastore
    from butler.values import Artifact

__all__ = ["delete"]


def delete(datastore: Datastore, artifact: Artifact) -> None:
    """Delete an artifact's file; one that isn't there is deleted.

    What a datastore has written bears a dataset's id in its name, and the
    database lets nobody else have it. A file without may be anybody's of
    whom a dataset only says that it has it: it is compared first.

    Raises
    ------
    ChecksumError
        If such a file isn't what was registered: it stays.
    ButlerError, OSError
        If it can't be deleted.
    """
    inventory = inventory_of(datastore)
    if inventory is not None and inventory.id_in_path(artifact.file) is None:
        fault = datastore.check(artifact)
        if fault not in (None, ArtifactFault.MISSING):
            raise ChecksumError(
                f"{artifact.file!r} is not the file that was registered: its {fault} differs",
                hint="Look whose it is. Take it away, and do the same again.",
                details={"datastore": artifact.datastore, "path": artifact.file, "fault": str(fault)},
            )
    datastore.remove([artifact])

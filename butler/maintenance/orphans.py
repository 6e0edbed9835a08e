"""Files that no dataset has."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from butler.errors import ArtifactMissingError
from butler.values import made_at

if TYPE_CHECKING:
    from butler.datastore.interfaces import Datastore
    from butler.registry import Registry

__all__ = ["is_in_flight", "of_no_dataset", "unclaimed"]


def of_no_dataset(registry: Registry, datastore: Datastore, paths: Iterable[str]) -> list[str]:
    """Leave out the files whose names carry the id of a dataset that has them.

    To be asked after the files were listed: what was put meanwhile is
    registered by then, or young. Those that are left may still be of a
    dataset with another id, see `unclaimed`.

    Parameters
    ----------
    registry : `~butler.registry.Registry`
        Is asked, with all others of its database.
    datastore : `~butler.datastore.Datastore`
        The datastore.
    paths : iterable of `str`
        As `butler.datastore.interfaces.Inventory.paths` spells them.
    """
    ids = {path: datastore.inventory.id_in_path(path) for path in paths}
    claimed: set[str | None] = set()
    wanted = {dataset_id for dataset_id in ids.values() if dataset_id is not None}
    for claim in registry.maintenance.claims_of_datasets(wanted):
        claimed.add(claim.uri)
        if claim.datastore == datastore.name:
            claimed.add(claim.path)
    return [path for path in ids if path not in claimed and datastore.root + path not in claimed]


def unclaimed(registry: Registry, datastore: Datastore, paths: list[str]) -> set[str]:
    """Give those of these paths that no artifact of any registry of the database is.

    Parameters
    ----------
    registry, datastore, paths : as for `of_no_dataset`
        Which.
    """
    if not paths:
        return set()
    return set(paths) - registry.maintenance.claimed_files(datastore.name, datastore.root, paths)


def is_in_flight(datastore: Datastore, path: str, since: datetime) -> bool | None:
    """Whether a file that no dataset has may be one that is being put.

    That is one whose name bears an id, or a temporary one, that is young: by
    its id, where that says when it was made, or else by itself.

    Parameters
    ----------
    datastore, path : as for `of_no_dataset`
        Which.
    since : `datetime.datetime`
        What was made later is young.

    Returns
    -------
    in_flight : `bool` or `None`
        `None` if it is gone.
    """
    inventory = datastore.inventory
    dataset_id = inventory.id_in_path(path)
    try:
        modified = inventory.modified(path)
    except ArtifactMissingError:
        return None
    if inventory.is_temporary(path):
        return modified > since
    if dataset_id is None:
        return False
    return (made_at(dataset_id) or modified) > since

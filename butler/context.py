"""What every part of a Butler works with."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import unquote, urlsplit
from uuid import UUID

from butler.arguments import items, name, names, refused
from butler.errors import CollectionNotFoundError, ConfigError, InvalidDataIdError
from butler.values import DatasetRef, RegisteredDatastore

if TYPE_CHECKING:
    from butler.datastore.interfaces import Datastore
    from butler.registry import Registry

__all__ = ["Context", "agreed_roots", "ids_of"]

Found = TypeVar("Found")


@dataclass(frozen=True)
class Context:
    """A registry and a datastore, a search path and a run.

    Parameters
    ----------
    registry : `~butler.registry.Registry`
        Where datasets are registered.
    datastore : `~butler.datastore.Datastore`
        Where their bytes lie.
    search_path : `tuple` [`str`]
        Collections that are searched, in this order; the run comes first.
    run : `str` or `None`
        The run that datasets are put into.
    """

    registry: Registry
    datastore: Datastore
    search_path: tuple[str, ...] = ()
    run: str | None = None

    def search(
        self, find: Callable[[Sequence[str]], Found], collections: Sequence[str] | str | None = None
    ) -> Found:
        """Search some collections, or the search path.

        The run is passed over while nothing has been put into it, as it isn't
        made before.

        Raises
        ------
        CollectionNotFoundError
            If there are none to search, or one isn't registered.
        """
        path: Sequence[str] = self.search_path if collections is None else names(collections, "collections")
        if not path:
            raise CollectionNotFoundError(
                "no collections are given to search", hint="Name some: Butler(…, collections=[…])."
            )
        try:
            return find(path)
        except CollectionNotFoundError as error:
            others = [each for each in path if each != self.run]
            if self.run is None or error.details.get("collection") != self.run or not others:
                raise
            return find(others)

    def run_to_use(self, run: str | None = None) -> str:
        """Give the run to put into: the one given, else the context's own.

        Raises
        ------
        ConfigError
            If there is none.
        """
        used = (None if run is None else name(run, "run")) or self.run
        if used is None:
            raise ConfigError("there is no run to put into", hint="Name one: Butler(…, run='u/me/first').")
        return used


def ids_of(datasets: Iterable[DatasetRef | UUID]) -> list[UUID]:
    """Give the ids of datasets, which may be written as texts.

    Raises
    ------
    InvalidDataIdError
        If they are no list, or one is neither a ref nor an id.
    """
    return [_id_of(each) for each in items(datasets, "datasets", "DatasetRefs or ids")]


def _id_of(dataset: object) -> UUID:
    if isinstance(dataset, DatasetRef):
        return dataset.id
    if isinstance(dataset, UUID):
        return dataset
    with suppress(ValueError):
        if isinstance(dataset, str):
            return UUID(dataset)
    raise refused(
        "a dataset", dataset, "a DatasetRef or an id", "butler.find gives its ref.", InvalidDataIdError
    )


def agreed_roots(registry: Registry, datastore: Datastore) -> dict[str, RegisteredDatastore]:
    """Give each datastore that is registered, once the roots of those that are configured are seen to agree.

    Whoever writes to, or looks for, files elsewhere would make artifacts
    that nobody finds, or call lost what only lies where it was.

    Raises
    ------
    ConfigError
        If one is configured with another root.
    """
    registered = registry.definitions.datastores()
    for called, member in datastore.members.items():
        if called in registered and registered[called].root != member.root:
            at, here = registered[called].root, urlsplit(member.root)
            folder = unquote(here.path) if here.scheme == "file" else "FOLDER"
            raise ConfigError(
                f"datastore {called!r} is registered at {at}, not at {member.root}",
                hint="Correct its root in butler.yaml; or, if its files were moved, say so by"
                f" 'butler datastore relocate {called} {shlex.quote(folder)}'.",
                details={"datastore": called, "registered": at, "configured": member.root},
            )
    return registered

"""Making files datasets again that say what they are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from butler.errors import ButlerError, CollectionNotFoundError
from butler.provenance.environment import ENVIRONMENT
from butler.values import CollectionType

if TYPE_CHECKING:
    from butler.datastore.interfaces import Datastore
    from butler.registry import Registry

__all__ = ["Adoption", "Identity", "Unidentified", "disagreement"]

_BY_NAME_ALONE = {"dataset_type": "", "run": "", "data_id": {}}
"""What a file doesn't say whose format has no room for it."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What a file says it is."""

    id: UUID
    dataset_type: str
    run: str
    data_id: dict[str, Any]
    component: str = ""
    components: tuple[str, ...] = ("",)
    """All of the dataset's, each in a file."""

    @property
    def of_dataset(self) -> tuple[Any, ...]:
        """What all files of the dataset say."""
        return self.dataset_type, self.run, self.data_id, self.components


@dataclass(frozen=True, slots=True)
class Unidentified:
    """A file that can't be made a dataset by what it says.

    Parameters
    ----------
    reason : `str`
        Why.
    silent : `bool`
        Whether it was looked at and says nothing, not even by its name.
    """

    reason: str
    silent: bool = False


class Adoption:
    """Reads what the files of one datastore say they are, and registers them as that.

    Parameters
    ----------
    registry : `~butler.registry.Registry`
        Where they are registered.
    datastore : `~butler.datastore.Datastore`
        Where they lie.
    """

    def __init__(self, registry: Registry, datastore: Datastore) -> None:
        self._registry = registry
        self._datastore = datastore

    def identities(self, paths: Iterable[str]) -> dict[str, Identity | Unidentified]:
        """Read what files say they are, or why that isn't enough to adopt them.

        A part whose format has no room for it is known by its name, and by what the others say.
        """
        identities = {path: self._identity(path) for path in paths}
        named = {i.id: i for i in identities.values() if isinstance(i, Identity) and i.dataset_type}
        for path, identity in identities.items():
            if isinstance(identity, Identity) and not identity.dataset_type:
                other = named.get(identity.id)
                identities[path] = (
                    _known_by_name(identity.id)
                    if other is None
                    else replace(other, component=identity.component)
                )
        return identities

    def _identity(self, path: str) -> Identity | Unidentified:
        named = self._datastore.inventory.id_in_path(path)
        try:
            said = self._datastore.inventory.identify(path)
        except (ButlerError, OSError, ValueError) as error:
            return Unidentified(f"it can't be read: {_said(error)}")
        if not said:
            nothing = Unidentified("it doesn't say what it is", silent=said is None)
            return nothing if named is None else _known_by_name(named)
        try:
            if named is not None and said.keys() == {"id"}:
                return _known_by_name(named)
            said = {**(_BY_NAME_ALONE if said.keys() == {"id", "component"} else {}), **said}
            identity = Identity(
                UUID(said["id"]),
                str(said["dataset_type"]),
                str(said["run"]),
                dict(said["data_id"]),
                str(said.get("component", "")),
                tuple(sorted(map(str, said.get("components", [""])))),
            )
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            return Unidentified(f"what it says that it is makes no sense: {error!r}")
        if identity.id != named:
            return Unidentified(f"its name isn't that of dataset {identity.id}, which it says it is")
        return identity

    def refused(self, identities: Sequence[Identity]) -> dict[UUID, str]:
        """Give those that can't be registered, and why."""
        refused = {}
        taken = {
            claim.dataset_id
            for claim in self._registry.maintenance.claims_of_datasets({i.id for i in identities})
        }
        for identity in identities:
            if identity.id in taken:
                refused[identity.id] = f"dataset {identity.id} has other files"
                continue
            try:
                self._registry.definitions.dataset_type(identity.dataset_type)
                there = self._registry.lookup.find(
                    identity.dataset_type, identity.data_id, [identity.run], required=False
                )
            except CollectionNotFoundError:
                there = None
            except ButlerError as error:
                refused[identity.id] = error.message
                continue
            if there is not None:
                refused[identity.id] = f"run {identity.run} has its data ID: dataset {there.id}"
        return refused

    def adopt(self, path: str, identities: Mapping[str, Identity]) -> str:
        """Register the dataset of a file with all its files; returns why it wasn't, or nothing.

        Parameters
        ----------
        path : `str`
            The file.
        identities : `~collections.abc.Mapping`
            Of all files of its dataset, by their paths, as `identities` read them before.
        """
        identity = identities[path]
        if len(identities) > 1 and self._is_registered(identity.id, path):
            return ""  # with another of its files
        if reason := self.refused([identity]).get(identity.id):
            return reason
        registry = self._registry
        registry.collections.register(identity.run, CollectionType.RUN)
        # Its id may be of any age: what was put and not registered is adopted long after.
        # Held before the file is looked at: then nobody deletes it in between.
        registry.puts.hold(identity.run, datetime.now(UTC) + timedelta(hours=1), "adoption")
        if self.identities(identities) != identities:
            return "it has changed meanwhile"
        storage_class = registry.definitions.dataset_type(identity.dataset_type).storage_class
        artifacts = [
            self._datastore.inventory.describe(each, storage_class, identity.dataset_type, said.component)
            for each, said in identities.items()
        ]
        registry.puts.register(
            identity.run,
            identity.dataset_type,
            self._datastore.name,
            [(identity.id, identity.data_id, artifact) for artifact in artifacts],
            root=self._datastore.root,
        )
        if identity.dataset_type == ENVIRONMENT:
            registry.provenance.set_environment(identity.run, identity.id)
        return ""

    def _is_registered(self, dataset_id: UUID, path: str) -> bool:
        claims = self._registry.maintenance.claims_of_datasets([dataset_id])
        return (self._datastore.name, path) in {(claim.datastore, claim.path) for claim in claims}


def _said(error: Exception) -> str:
    return error.message if isinstance(error, ButlerError) else str(error)


def _known_by_name(dataset_id: UUID) -> Unidentified:
    return Unidentified(f"its name alone says that it is dataset {dataset_id}: ingest it again, or delete it")


def disagreement(files: Collection[Identity]) -> str:
    """Say why files that say one id aren't one dataset; nothing if they are."""
    first = next(iter(files))
    if any(file.of_dataset != first.of_dataset or file.component not in first.components for file in files):
        return "the files of its dataset don't agree"
    found = Counter(file.component for file in files)
    if found.total() > len(found):
        return "another file says the same"
    if missing := sorted(set(first.components) - set(found)):
        return f"it is a part of a dataset that lacks {', '.join(missing)}"
    return ""

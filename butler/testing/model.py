"""A model of a registry: what any registry must answer, in a hundred lines and in memory.

A property test does the same to a registry and to the model, and compares what
they give and what they refuse. It knows no names of columns, no SQL and no
interface: ids, names and data IDs go in and come out.

    >>> model = RegistryModel()
    >>> model.register("night", "run"), model.register("best", "tagged")
    (True, True)
    >>> model.put("a", "night", "raw", {"visit": 1})
    >>> model.associate("best", ["a"])
    1
    >>> model.find("raw", {"visit": 1}, ["best", "night"])
    'a'
    >>> model.remove(["a"])
    {'a': 'kept'}
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from butler.errors import (
    CollectionNotFoundError,
    DatasetExistsError,
    DatasetNotFoundError,
    DefinitionConflictError,
    PermissionDeniedError,
)

__all__ = ["RegistryModel"]

CollectionType = Literal["run", "tagged", "chained"]
Outcome = Literal["removed", "kept", "done before"]
_Key = tuple[str, frozenset[tuple[str, Any]]]


@dataclass
class _Collection:
    type: CollectionType
    frozen: bool = False
    own: dict[_Key, Hashable] = field(default_factory=dict)
    """Of a run, what it made."""
    tags: dict[_Key, Hashable] = field(default_factory=dict)
    """Of a tagged collection, what is in it; of a run, its inputs."""
    members: list[str] = field(default_factory=list)


@dataclass
class _Dataset:
    run: str
    key: _Key
    removed: bool = False


class RegistryModel:
    """Collections, datasets, and which of them is found first."""

    def __init__(self) -> None:
        self._collections: dict[str, _Collection] = {}
        self._datasets: dict[Hashable, _Dataset] = {}

    # Collections ----------------------------------------------------------

    def register(self, name: str, type: CollectionType) -> bool:
        """Register a collection; tell whether it is new.

        Raises
        ------
        DefinitionConflictError
            If it is there with another type.
        """
        if name not in self._collections:
            self._collections[name] = _Collection(type)
            return True
        if self._collections[name].type != type:
            raise DefinitionConflictError(f"{name} is {self._collections[name].type}")
        return False

    def set_chain(self, name: str, members: Sequence[str]) -> None:
        """Make a chain hold collections, in search order.

        Raises
        ------
        CollectionNotFoundError, DefinitionConflictError, PermissionDeniedError
            If one isn't there; if the chain would hold itself or one twice,
            or is none; if it is frozen.
        """
        chain = self._changeable(name, "chained")
        for member in members:
            self._collection(member)
        if name in self._reached(members):
            raise DefinitionConflictError(f"{name} would hold itself")
        if len(set(members)) < len(members):
            raise DefinitionConflictError(f"{name} would hold one twice")
        chain.members = list(members)

    def freeze(self, name: str, frozen: bool = True) -> None:
        """Freeze a collection, or release it.

        Raises
        ------
        CollectionNotFoundError
            If it isn't there.
        """
        self._collection(name).frozen = frozen

    # Datasets -------------------------------------------------------------

    def put(self, dataset: Hashable, run: str, dataset_type: str, data_id: Mapping[str, Any]) -> None:
        """Put a dataset into a run, which is made if there is none of that name.

        Parameters
        ----------
        dataset : hashable
            Its id.
        run, dataset_type : `str`
            Where it goes and what it is.
        data_id : `~collections.abc.Mapping`
            Unit to value.

        Raises
        ------
        DatasetExistsError, DefinitionConflictError, PermissionDeniedError
            If the run made, or was given, one of this type and data ID; if the
            collection is no run; if it is frozen.
        """
        if run not in self._collections:
            self.register(run, "run")
        into, key = self._changeable(run, "run"), _key(dataset_type, data_id)
        if key in into.own or key in into.tags:
            raise DatasetExistsError(f"{run} has {key}")
        into.own[key] = dataset
        self._datasets[dataset] = _Dataset(run, key)

    def associate(self, name: str, datasets: Collection[Hashable]) -> int:
        """Put datasets into a tagged collection, or into a run as its inputs; count those that are new there.

        Raises
        ------
        CollectionNotFoundError, DefinitionConflictError, PermissionDeniedError
            If it isn't there, is a chain, or is frozen.
        DatasetNotFoundError
            If a dataset isn't there, or was removed.
        DatasetExistsError
            If another of the same type and data ID is there, or is among them.
        """
        into = self._changeable(name, *_HOLDERS)
        for dataset in datasets:
            if dataset not in self._datasets or self._datasets[dataset].removed:
                raise DatasetNotFoundError(f"no dataset {dataset}")
        coming = {dataset: self._datasets[dataset].key for dataset in datasets}
        for dataset, key in coming.items():
            there = {into.own.get(key, dataset), into.tags.get(key, dataset)}
            if there != {dataset} or sum(key == other for other in coming.values()) > 1:
                raise DatasetExistsError(f"{name} holds another than {dataset}")
        there_already = into.own.keys() | into.tags.keys()
        new = {key: dataset for dataset, key in coming.items() if key not in there_already}
        into.tags.update(new)
        return len(new)

    def disassociate(self, name: str, datasets: Collection[Hashable]) -> int:
        """Take datasets out of a tagged collection, or of the inputs of a run; count those that were there.

        Raises
        ------
        CollectionNotFoundError, DefinitionConflictError, PermissionDeniedError
            As `associate`.
        """
        tags = self._changeable(name, *_HOLDERS).tags
        leaving = [key for key, dataset in tags.items() if dataset in datasets]
        for key in leaving:
            del tags[key]
        return len(leaving)

    def remove(self, datasets: Iterable[Hashable], *, force: bool = False) -> dict[Hashable, Outcome]:
        """Remove datasets that nothing holds; say what became of each.

        Parameters
        ----------
        datasets : iterable
            Their ids.
        force : `bool`
            Whether what holds them but isn't frozen lets go of them.

        Raises
        ------
        DatasetNotFoundError
            If there never was one of them; nothing is removed.
        """
        asked = set(datasets)
        if unknown := asked - self._datasets.keys():
            raise DatasetNotFoundError(f"no datasets {unknown}")
        outcomes = {dataset: self._outcome(dataset, force=force) for dataset in asked}
        for dataset, outcome in outcomes.items():
            if outcome == "removed":
                gone = self._datasets[dataset]
                gone.removed = True
                del self._collections[gone.run].own[gone.key]
                for held in self._holding(dataset):
                    del held.tags[gone.key]
        return outcomes

    # Looking up -----------------------------------------------------------

    def find(
        self, dataset_type: str, data_id: Mapping[str, Any], collections: Sequence[str]
    ) -> Hashable | None:
        """Give the dataset in the first collection that has one; a run's own comes before its inputs.

        Raises
        ------
        CollectionNotFoundError
            If one isn't there, or none is given.
        """
        if not collections:
            raise CollectionNotFoundError("no collections are given to search")
        key = _key(dataset_type, data_id)
        for collection in self._searched(collections):
            for held in (collection.own, collection.tags):
                if key in held:
                    return held[key]
        return None

    def query(self, dataset_type: str, collections: Sequence[str]) -> set[Hashable]:
        """Give all datasets of a type that `find` would find; in no collections there are none.

        Raises
        ------
        CollectionNotFoundError
            If one isn't there.
        """
        found: dict[_Key, Hashable] = {}
        for collection in self._searched(collections):
            for key, dataset in (*collection.own.items(), *collection.tags.items()):
                if key[0] == dataset_type:
                    found.setdefault(key, dataset)
        return set(found.values())

    def _searched(self, names: Sequence[str]) -> Iterator[_Collection]:
        reached = [self._collections[name] for name in self._reached(names)]
        return (collection for collection in reached if collection.type != "chained")

    def _reached(self, names: Sequence[str]) -> list[str]:
        """Walk through chains depth first, and enter each collection where it is met first."""
        met: list[str] = []
        ahead = list(names)
        for name in names:
            self._collection(name)
        while ahead:
            name = ahead.pop(0)
            if name not in met:
                met.append(name)
                ahead[:0] = self._collections[name].members
        return met

    def _outcome(self, dataset: Hashable, *, force: bool) -> Outcome:
        if self._datasets[dataset].removed:
            return "done before"
        holding = self._holding(dataset)
        frozen = any(held.frozen for held in (*holding, self._collections[self._datasets[dataset].run]))
        return "kept" if frozen or (holding and not force) else "removed"

    def _holding(self, dataset: Hashable) -> list[_Collection]:
        return [held for held in self._collections.values() if dataset in held.tags.values()]

    def _collection(self, name: str) -> _Collection:
        if name not in self._collections:
            raise CollectionNotFoundError(f"no collection {name}")
        return self._collections[name]

    def _changeable(self, name: str, *types: CollectionType) -> _Collection:
        found = self._collection(name)
        if found.type not in types:
            raise DefinitionConflictError(f"{name} is {found.type}")
        if found.frozen:
            raise PermissionDeniedError(f"{name} is frozen")
        return found


_HOLDERS: tuple[CollectionType, ...] = ("tagged", "run")


def _key(dataset_type: str, data_id: Mapping[str, Any]) -> _Key:
    return dataset_type, frozenset(data_id.items())

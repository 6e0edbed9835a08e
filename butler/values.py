"""The values that pass between Butler, Registry and Datastore.

All are immutable, hashable, and pickle; none holds a connection.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from butler.errors import InvalidNameError

__all__ = [
    "Artifact",
    "Collection",
    "DataId",
    "DatasetRef",
    "DatasetType",
    "Removal",
    "new_dataset_ids",
    "split_component",
]

UnitValue = str | int

_FREE_BITS = (1 << 128) - 1 & ~(0xF000 << 64 | 0xC000 << 48)
_VERSION_7 = 0x7000 << 64 | 0x8000 << 48


class DataId(Mapping[str, UnitValue]):
    """Labels of one dataset: unit names and their values, in the units' order.

    Parameters
    ----------
    values : `~collections.abc.Mapping`, optional
        Unit name to value.
    **units
        More of them.

    Examples
    --------
    >>> DataId(camera="ACS", visit=8560513, sensor=1)
    DataId(camera='ACS', visit=8560513, sensor=1)
    """

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, UnitValue] | None = None, /, **units: UnitValue) -> None:
        self._values: dict[str, UnitValue] = {**(values or {}), **units}

    def __getitem__(self, unit: str) -> UnitValue:
        return self._values[unit]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __hash__(self) -> int:
        return hash(frozenset(self._values.items()))

    def __repr__(self) -> str:
        return f"DataId({', '.join(f'{k}={v!r}' for k, v in self._values.items())})"

    def __str__(self) -> str:
        return ", ".join(f"{k}={v}" for k, v in self._values.items())


@dataclass(frozen=True, slots=True)
class DatasetType:
    """A kind of dataset: what labels it carries and what Python class it is.

    Parameters
    ----------
    name : `str`
        Such as ``calexp``.
    storage_class : `str`
        Name of the storage class.
    units : `tuple` [`str`]
        Short names of the units that label it, in the units' order.
    doc : `str`
        One sentence.
    """

    name: str
    storage_class: str
    units: tuple[str, ...]
    doc: str = ""


@dataclass(frozen=True, slots=True)
class Artifact:
    """One stored piece of a dataset.

    Parameters
    ----------
    datastore : `str`
        Name of the datastore that holds it.
    path : `str`
        Percent-encoded; relative to the datastore's root, or a whole URI
        where the file lies elsewhere.
    formatter : `str`
        Name of the formatter that wrote it and will read it.
    size : `int`
        Bytes.
    sha256 : `bytes`
        Of the bytes.
    component : `str`
        Which component it holds; empty for the whole dataset.
    state : `str`
        ``present``; ``lost``, if it was found to be gone or altered.
    """

    datastore: str
    path: str
    formatter: str
    size: int
    sha256: bytes
    component: str = ""
    state: str = "present"


@dataclass(frozen=True, slots=True)
class DatasetRef:
    """One dataset in a registry.

    Parameters
    ----------
    id : `uuid.UUID`
        The same in every registry.
    dataset_type : `DatasetType`
        Its kind.
    data_id : `DataId`
        Its labels, complete.
    run : `str`
        The run that made it.
    artifacts : `tuple` [`Artifact`]
        Where its bytes lie; empty if they were not asked for or are gone.
    """

    id: UUID
    dataset_type: DatasetType
    data_id: DataId
    run: str
    artifacts: tuple[Artifact, ...] = field(default=(), compare=False)

    def __str__(self) -> str:
        return f"{self.dataset_type.name}@{{{self.data_id}}} [{self.run}] {self.id}"


@dataclass(frozen=True, slots=True)
class Collection:
    """A named group of datasets.

    Parameters
    ----------
    name : `str`
        Unique in the registry and the layers under it.
    collection_type : `str`
        ``run``, ``tagged``, ``chained`` or ``calibration``.
    owner : `str`
        The database role that made it.
    doc : `str`
        What it is for.
    frozen : `bool`
        Whether it may still change.
    members : `tuple` [`str`]
        Of a chain, in search order.
    """

    name: str
    collection_type: str
    owner: str = ""
    doc: str = ""
    frozen: bool = False
    members: tuple[str, ...] = ()


def new_dataset_ids(count: int) -> list[UUID]:
    """Make ids of datasets: UUIDs of version 7, the time in milliseconds and then random bits.

    They ascend, so that the keys of datasets filed together fill one page of the index after the other.
    """
    now, chance = time.time_ns() // 1_000_000 << 80, os.urandom(10 * count)
    made = sorted(
        (now | int.from_bytes(chance[at : at + 10])) & _FREE_BITS | _VERSION_7
        for at in range(0, len(chance), 10)
    )
    return [UUID(int=number) for number in made]


@dataclass(frozen=True, slots=True)
class Removal:
    """What becomes, or became, of datasets that were to be unstored or removed.

    Parameters
    ----------
    outcome : `str`
        ``removed``, ``unstored``, ``kept`` or ``done before``; of a
        collection ``collection removed``, ``collection kept`` or ``chain
        changed``.
    reason : `str`
        What keeps them, or who removed them before; which collection.
    datasets, files, bytes : `int`
        How many, and how much they take.
    dataset_ids : `tuple` [`uuid.UUID`]
        Which.
    """

    outcome: str
    reason: str
    datasets: int = 0
    files: int = 0
    bytes: int = 0
    dataset_ids: tuple[UUID, ...] = ()

    def __str__(self) -> str:
        if self.outcome.startswith(("collection", "chain")):
            return f"{self.outcome}: {self.reason}"
        return (
            f"{self.outcome}: {self.datasets} dataset{'s' * (self.datasets != 1)},"
            f" {self.files} file{'s' * (self.files != 1)}, {self.bytes} bytes"
            f"{f', {self.reason}' if self.reason else ''}"
        )


def split_component(name: str) -> tuple[str, str | None]:
    """Split ``calexp.wcs`` into dataset type and component.

    Raises
    ------
    InvalidNameError
        If either part is empty.
    """
    dataset_type, dot, component = name.partition(".")
    if not dataset_type or (dot and not component):
        raise InvalidNameError(
            f"{name!r} is not a dataset type, nor a dataset type and a component",
            hint="Write it as 'calexp' or 'calexp.wcs'.",
            details={"name": name},
        )
    return dataset_type, component or None


def json_ready(values: Mapping[str, Any]) -> dict[str, Any]:
    """Turn a data ID as a user typed it into what JSON can carry.

    NumPy integers become `int`, dates ISO strings; anything else that JSON
    can't carry is left, for `json` to refuse.
    """
    ready: dict[str, Any] = {}
    for unit, value in values.items():
        if hasattr(value, "item") and not isinstance(value, (str, bytes)):
            value = value.item()
        ready[unit] = value.isoformat() if hasattr(value, "isoformat") else value
    return ready

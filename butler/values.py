"""The values that pass between Butler, Registry and Datastore.

All are immutable, hashable, and pickle; none holds a connection.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, NoReturn
from urllib.parse import quote, unquote
from uuid import UUID

from butler.arguments import PLAIN, label, mapping, name, short
from butler.errors import InvalidNameError, nearest

__all__ = [
    "Artifact",
    "ArtifactFault",
    "ArtifactState",
    "Collection",
    "CollectionType",
    "DataId",
    "DatasetRef",
    "DatasetState",
    "DatasetType",
    "IngestMode",
    "Mark",
    "QuantumStatus",
    "RegisteredDatastore",
    "Removal",
    "RemovalOutcome",
    "made_at",
    "new_dataset_id",
    "new_dataset_ids",
    "split_component",
]

UnitValue = str | int

_IN_PARTS = "/+,=@"
"""What is written as it is in the name of a part, besides letters, digits and ``_.-~``."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FREE_BITS = (1 << 128) - 1 & ~(0xF000 << 64 | 0xC000 << 48)
_VERSION_7 = 0x7000 << 64 | 0x8000 << 48


def _no_member(values: type[StrEnum], what: str, value: object) -> InvalidNameError:
    return InvalidNameError(
        f"there is no {what} {short(value)}",
        hint=nearest(short(value), map(str, values)),
        details={"value": short(value)},
    )


class CollectionType(StrEnum):
    """What a collection is."""

    RUN = "run"
    """Holds what was put into it; each dataset has one."""
    TAGGED = "tagged"
    """Holds datasets of runs, at most one of a type and data ID."""
    CHAINED = "chained"
    """Other collections, searched in their order."""
    CALIBRATION = "calibration"
    """Holds datasets with the times for which they are valid."""

    @classmethod
    def _missing_(cls, value: object) -> NoReturn:
        raise _no_member(cls, "collection type", value)


class DatasetState(StrEnum):
    """Whether a dataset is there."""

    PRESENT = "present"
    UNSTORED = "unstored"
    """Its bytes were given up on purpose; its name and provenance stay."""
    REMOVED = "removed"
    """Its name is free again; its provenance stays."""


class ArtifactState(StrEnum):
    """Whether an artifact is what was written."""

    PRESENT = "present"
    LOST = "lost"
    """It was found to be gone or altered."""


class ArtifactFault(StrEnum):
    """In what an artifact differs from what was recorded of it."""

    MISSING = "missing"
    SIZE = "size"
    SHA256 = "sha256"


class IngestMode(StrEnum):
    """What becomes of a file that is ingested."""

    COPY = "copy"
    MOVE = "move"
    HARDLINK = "hardlink"
    SYMLINK = "symlink"
    """Its bytes stay their owner's: whoever moves the file, also by an ingest, leaves a dangling link."""
    IN_PLACE = "in-place"

    @classmethod
    def _missing_(cls, value: object) -> NoReturn:
        raise _no_member(cls, "ingest mode", value)


class QuantumStatus(StrEnum):
    """How a quantum ended."""

    DONE = "done"
    FAILED = "failed"
    DIED = "died"
    """Its process is gone; one that ends all the same corrects that."""


class RemovalOutcome(StrEnum):
    """What became of datasets or a collection that were to be unstored or removed."""

    REMOVED = "removed"
    UNSTORED = "unstored"
    KEPT = "kept"
    DONE_BEFORE = "done before"
    COLLECTION_REMOVED = "collection removed"
    COLLECTION_KEPT = "collection kept"
    CHAIN_CHANGED = "chain changed"


class DataId(Mapping[str, UnitValue]):
    """Values of the units that label one dataset, in the units' order.

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
    """What datasets of one name have in common: the units that label them, and their Python class.

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
    doc: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Mark:
    """What a datastore's root says whose it is.

    Parameters
    ----------
    installation : `uuid.UUID`
        The database: of a copy, or of a dump that was restored elsewhere, it
        is another one.
    datastore : `str`
        The datastore's name there.
    id : `uuid.UUID`
        Another one each time that the mark is set.
    """

    installation: UUID
    datastore: str
    id: UUID


@dataclass(frozen=True, slots=True)
class RegisteredDatastore:
    """A datastore, as a registry knows it.

    Parameters
    ----------
    root : `str`
        URI that the paths in it are relative to.
    mark : `Mark`
        What its root must bear.
    marked : `datetime.datetime`
        When that was set. Files of an earlier time may be those of datasets
        that the registry doesn't know any more, as after a restore.
    """

    root: str
    mark: Mark
    marked: datetime


@dataclass(frozen=True, slots=True)
class Artifact:
    """One stored piece of a dataset.

    Parameters
    ----------
    datastore : `str`
        Name of the datastore that holds it.
    path : `str`
        Percent-encoded; relative to the datastore's root, or a whole URI
        where the file lies elsewhere. What follows a ``#`` names the part of
        the file that it is: see `part`.
    formatter : `str`
        Name of the formatter that wrote it and will read it.
    size : `int`
        Bytes of the file.
    sha256 : `bytes`
        Of the file.
    component : `str`
        Which component it holds; empty for the whole dataset.
    state : `ArtifactState`
        Whether it was found to be gone or altered.
    """

    datastore: str
    path: str
    formatter: str
    size: int
    sha256: bytes
    component: str = ""
    state: ArtifactState = ArtifactState.PRESENT

    @property
    def file(self) -> str:
        """Path of the file, which other datasets may have parts of."""
        return self.path.partition("#")[0]

    @property
    def part(self) -> str:
        """Which part of the file it is: such as ``SCI,1``, or a member of a zip file; empty for the whole."""
        return unquote(self.path.partition("#")[2], errors="surrogateescape")

    def of_part(self, part: str) -> Artifact:
        """Give the artifact of a part of the same file."""
        return replace(self, path=f"{self.file}#{quote(part, safe=_IN_PARTS, errors='surrogateescape')}")


@dataclass(frozen=True, slots=True)
class DatasetRef:
    """One dataset in a registry.

    Parameters
    ----------
    id : `uuid.UUID`
        The same in every registry.
    dataset_type : `DatasetType`
        Its type.
    data_id : `DataId`
        Its data ID, complete.
    run : `str`
        The run that made it.
    artifacts : `tuple` [`Artifact`] or `None`
        Where its bytes lie: empty if they are gone, `None` if that wasn't
        asked.

    Notes
    -----
    Refs are ordered by dataset type, data ID, run and id.
    """

    id: UUID
    dataset_type: DatasetType
    data_id: DataId
    run: str
    artifacts: tuple[Artifact, ...] | None = field(default=None, compare=False)

    def __str__(self) -> str:
        return f"{self.dataset_type.name}@{{{self.data_id}}} [{self.run}] {self.id}"

    def __lt__(self, other: object) -> bool:
        if not isinstance(other, DatasetRef):
            return NotImplemented
        return self._order < other._order

    @property
    def _order(self) -> tuple[Any, ...]:
        # A unit has values of one type; refs of one type have the same units.
        return (self.dataset_type.name, tuple(self.data_id.values()), self.run, self.id)


@dataclass(frozen=True, slots=True)
class Collection:
    """A named group of datasets.

    Parameters
    ----------
    name : `str`
        Unique in the registry and the layers under it.
    type : `CollectionType`
        What it is.
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
    type: CollectionType
    owner: str = ""
    doc: str = ""
    frozen: bool = False
    members: tuple[str, ...] = ()


def new_dataset_ids(count: int) -> list[UUID]:
    """Make ids of datasets: UUIDs of version 7, the time in milliseconds and then random bits.

    They ascend, so that the keys of datasets put together fill one page of the index after the other.
    """
    now, chance = time.time_ns() // 1_000_000 << 80, os.urandom(10 * count)
    made = sorted(
        (now | int.from_bytes(chance[at : at + 10])) & _FREE_BITS | _VERSION_7
        for at in range(0, len(chance), 10)
    )
    return [UUID(int=number) for number in made]


def new_dataset_id() -> UUID:
    """Make one; see `new_dataset_ids`."""
    return new_dataset_ids(1)[0]


def made_at(dataset_id: UUID) -> datetime | None:
    """Give when an id was made, UTC, as `new_dataset_ids` made it; `None` for one of another version."""
    if dataset_id.version != 7:
        return None
    return _EPOCH + timedelta(milliseconds=dataset_id.int >> 80)


@dataclass(frozen=True, slots=True)
class Removal:
    """What becomes, or became, of datasets that were to be unstored or removed.

    Parameters
    ----------
    outcome : `RemovalOutcome`
        What becomes of them.
    reason : `str`
        What keeps them, or who removed them before; which collection.
    datasets, files, bytes : `int`
        How many, and how much they take.
    dataset_ids : `tuple` [`uuid.UUID`]
        Which.
    """

    outcome: RemovalOutcome
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


def split_component(dataset: str) -> tuple[str, str | None]:
    """Split ``calexp.wcs`` into dataset type and component.

    Raises
    ------
    InvalidNameError
        If either part is empty.
    """
    dataset_type, dot, component = dataset.partition(".")
    if not dataset_type or (dot and not component):
        raise InvalidNameError(
            f"{short(dataset)} is not a dataset type, nor a dataset type and a component",
            hint="Write it as 'calexp' or 'calexp.wcs'.",
            details={"name": dataset},
        )
    return dataset_type, component or None


def json_ready(values: Mapping[str, Any]) -> dict[str, Any]:
    """Turn a data ID as a user typed it into what JSON can carry.

    Raises
    ------
    InvalidDataIdError
        If it is no mapping, or a value of it is an array, bytes or masked.
        Anything else that JSON can't carry is left, for `json` to refuse.
    """
    given = values if type(values) is dict else mapping(values, "data_id")
    return {
        unit if type(unit) is str else name(unit, "a unit's name"): (
            value if type(value) in PLAIN else label(value, unit)
        )
        for unit, value in given.items()
    }

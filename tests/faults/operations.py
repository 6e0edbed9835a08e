"""What is done to a repository while something fails: of each there is all or nothing, and it can be done again."""

from __future__ import annotations

import zipfile
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import ClassVar
from uuid import UUID

from butler import Butler, DatasetRef, DatasetType
from butler.errors import DatasetExistsError
from butler.values import new_dataset_id
from faults.wire import BEGIN

__all__ = [
    "OPERATIONS",
    "EmptyTrash",
    "EmptyTrashOfParts",
    "Ingest",
    "IngestByMove",
    "IngestParts",
    "Operation",
    "Put",
    "PutIntoNewRun",
    "PutMany",
    "Reap",
    "Remove",
    "Restore",
    "Unstore",
    "Work",
]

_opened = cache(Butler)
"""A Butler that those inherit who are forked from a process that has used it: they connect anew."""

SHARED_RUN = "r/all"
_TWO_WEEKS = 14 * 24 * 3600 * 1000
"""In milliseconds, as an id counts them."""


@dataclass(frozen=True)
class Operation(ABC):
    """One thing to do, with labels of its own.

    Parameters
    ----------
    repo : `str`
        The repository as the process that does it sees it.
    number : `int`
        Tells its labels from those of the others.
    folder : `str`
        For files of its own.
    """

    repo: str
    number: int
    folder: str

    files = 1
    role = "writer"
    is_whole = True
    """Whether there may be no half of it; what is no loss if half is done goes on when it is done again."""

    leaves: ClassVar[frozenset[str]] = frozenset()
    """What verify names in any case while it isn't done."""

    @property
    def labels(self) -> list[str]:
        return [f"n{self.number}-{each}" for each in range(self.files)]

    @property
    def run(self) -> str:
        return SHARED_RUN

    def prepare(self, butler: Butler) -> None:
        """Make what it needs."""
        butler.registry.definitions.register_dataset_type(DatasetType("note", "Text", ("label",)))
        butler.registry.definitions.register_units("label", [{"label": label} for label in self.labels])

    def __call__(self) -> None:
        """Do it, in a process of its own."""
        butler = _opened(self.repo, role=self.role)
        butler.registry.query(f"SELECT '{BEGIN.decode()}'").scalar()
        self.do(butler)

    @abstractmethod
    def do(self, butler: Butler) -> None:
        """Do it."""

    def do_again(self, butler: Butler) -> None:
        """Do it after it has failed, or seemed to."""
        self.do(butler)

    def is_done(self, butler: Butler) -> bool:
        """Tell whether all is there, and fail if it is neither all nor nothing."""
        found = self._found(butler)
        assert len(found) in {0, self.files}, "half of it is there"
        for ref in found:
            assert butler.get(ref) == ref.data_id["label"]
        return bool(found)

    def _found(self, butler: Butler) -> list[DatasetRef]:
        rows = butler.registry.query(
            "SELECT dataset_id::text FROM dataset"
            " WHERE dataset_type = 'note' AND state = 'present' AND label = ANY(:labels)",
            {"labels": self.labels},
        )
        return [butler.registry.lookup.get_dataset(UUID(row.dataset_id)) for row in rows]

    def check_sources(self, butler: Butler) -> None:  # noqa: B027
        """Fail if the bytes of a source are lost."""


@dataclass(frozen=True)
class Put(Operation):
    """One object, into a run that is there."""

    def do(self, butler: Butler) -> None:
        butler.put_many([(label, {"label": label}) for label in self.labels], "note", run=self.run)

    def do_again(self, butler: Butler) -> None:
        try:
            self.do(butler)
        except DatasetExistsError:
            assert self.is_done(butler)


@dataclass(frozen=True)
class PutMany(Put):
    """Two objects, one after the other written."""

    files = 2


@dataclass(frozen=True)
class PutIntoNewRun(Put):
    """One object into a run that isn't there yet, which is described after it."""

    @property
    def run(self) -> str:
        return f"r/{self.number}"


@dataclass(frozen=True)
class Work(Put):
    """A quantum of two outputs."""

    files = 2

    def do(self, butler: Butler) -> None:
        at_work = Butler(registry=butler.registry, datastore=butler.datastore, run=self.run)
        with at_work.quantum("work", label=self.labels[0]) as quantum:
            for label in self.labels:
                quantum.put(label, "note", label=label)


@dataclass(frozen=True)
class Ingest(Operation):
    """Two files."""

    mode = "copy"
    files = 2

    @property
    def sources(self) -> dict[str, Path]:
        return {label: Path(self.folder, f"{label}.txt") for label in self.labels}

    def prepare(self, butler: Butler) -> None:
        super().prepare(butler)
        for label, file in self.sources.items():
            file.write_text(label)

    def do(self, butler: Butler) -> None:
        files = [(file, {"label": label}) for label, file in self.sources.items()]
        butler.ingest(files, "note", run=self.run, mode=self.mode)

    def check_sources(self, butler: Butler) -> None:
        there = {ref.data_id["label"] for ref in self._found(butler)}
        for label, file in self.sources.items():
            if self.mode == "move":
                assert file.exists() or label in there
            else:
                assert file.read_text() == label

    def is_done(self, butler: Butler) -> bool:
        return super().is_done(butler) and (
            self.mode != "move" or not any(file.exists() for file in self.sources.values())
        )


class IngestByMove(Ingest):
    mode = "move"


class IngestByHardLink(Ingest):
    mode = "hardlink"


class IngestBySymbolicLink(Ingest):
    mode = "symlink"


class IngestInPlace(Ingest):
    mode = "in-place"


class IngestParts(Ingest):
    """Two members of one zip file, which is one file for both."""

    @property
    def sources(self) -> dict[str, Path]:
        return dict.fromkeys(self.labels, Path(self.folder, f"{self.number}.zip"))

    def prepare(self, butler: Butler) -> None:
        Operation.prepare(self, butler)
        with zipfile.ZipFile(self.sources[self.labels[0]], "w") as packed:
            for label in self.labels:
                packed.writestr(f"{label}.txt", label)

    def do(self, butler: Butler) -> None:
        files = [(file, {"label": label}, f"{label}.txt") for label, file in self.sources.items()]
        butler.ingest(files, "note", run=self.run, mode=self.mode)

    def check_sources(self, butler: Butler) -> None:
        there = {ref.data_id["label"] for ref in self._found(butler)}
        for label, file in self.sources.items():
            if self.mode == "move" and not file.exists():
                assert label in there
            else:
                with zipfile.ZipFile(file) as packed:
                    assert packed.read(f"{label}.txt").decode() == label


class IngestPartsByMove(IngestParts):
    mode = "move"


@dataclass(frozen=True)
class Unstore(Operation):
    """Two datasets at once."""

    files = 2
    state = "unstored"

    def prepare(self, butler: Butler) -> None:
        super().prepare(butler)
        butler.put_many([(label, {"label": label}) for label in self.labels], "note", run=self.run)

    def do(self, butler: Butler) -> None:
        butler.unstore(self._ids(butler), reason="space")

    def is_done(self, butler: Butler) -> bool:
        states = self._states(butler)
        assert len(states) == self.files
        assert len(set(states.values())) == 1, "half of it is done"
        return set(states.values()) == {self.state}

    def _ids(self, butler: Butler) -> list[UUID]:
        return list(self._states(butler))

    def _states(self, butler: Butler) -> dict[UUID, str]:
        rows = butler.registry.query(
            "SELECT dataset_id::text, state FROM dataset WHERE label = ANY(:labels)"
            " UNION SELECT dataset_id::text, state FROM removal WHERE label = ANY(:labels)",
            {"labels": self.labels},
        )
        return {UUID(row.dataset_id): row.state for row in rows}


@dataclass(frozen=True)
class Remove(Unstore):
    """Two datasets at once."""

    state = "removed"

    def do(self, butler: Butler) -> None:
        butler.remove(self._ids(butler), reason="wrong")


@dataclass(frozen=True)
class Restore(Unstore):
    """Two datasets that were removed."""

    state = "present"

    def prepare(self, butler: Butler) -> None:
        super().prepare(butler)
        butler.remove(self._ids(butler))

    def do(self, butler: Butler) -> None:
        butler.removal.restore(self._ids(butler))


@dataclass(frozen=True)
class EmptyTrash(Unstore):
    """The files of two datasets that were removed."""

    role = "owner"
    is_whole = False

    def prepare(self, butler: Butler) -> None:
        super().prepare(butler)
        butler.remove(self._ids(butler))

    def do(self, butler: Butler) -> None:
        butler.removal.empty_trash(older_than=timedelta(0))

    def is_done(self, butler: Butler) -> bool:
        return not any(label in path for path in butler.datastore.inventory.paths() for label in self.labels)


class EmptyTrashOfParts(EmptyTrash):
    """The one file of two datasets that were removed."""

    def prepare(self, butler: Butler) -> None:
        ingest = IngestParts(self.repo, self.number, self.folder)
        ingest.prepare(butler)
        ingest.do(butler)
        butler.remove(self._ids(butler))


@dataclass(frozen=True)
class Reap(Operation):
    """What a writer left long ago that died before it put it."""

    files = 2
    is_whole = False
    leaves = frozenset({"orphan"})

    def prepare(self, butler: Butler) -> None:
        super().prepare(butler)
        for label in self.labels:
            dataset_id = UUID(int=new_dataset_id().int - (_TWO_WEEKS << 80))
            butler.datastore.put("left", dataset_id, f"{self.run}/note_{label}", "Text", "note", {})

    def do(self, butler: Butler) -> None:
        list(butler.maintenance.reap())

    def is_done(self, butler: Butler) -> bool:
        return not any(label in path for path in butler.datastore.inventory.paths() for label in self.labels)


OPERATIONS: list[Callable[[str, int, str], Operation]] = [
    Put,
    PutMany,
    PutIntoNewRun,
    Work,
    Ingest,
    IngestByMove,
    IngestByHardLink,
    IngestBySymbolicLink,
    IngestInPlace,
    IngestParts,
    IngestPartsByMove,
    Unstore,
    Remove,
    Restore,
    EmptyTrash,
    EmptyTrashOfParts,
    Reap,
]

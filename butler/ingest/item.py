"""A dataset on its way into a run, and how far it has come."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING
from uuid import UUID

from butler.values import Artifact, DataId, DatasetRef, DatasetType

if TYPE_CHECKING:
    from butler.datastore.interfaces import Datastore
    from butler.datastore.lots import Lot

__all__ = ["PutItem", "PutState"]


class PutState(Enum):
    """How far a dataset has come."""

    PREPARED = auto()
    """Nothing of it is written."""
    WRITING = auto()
    """Something of it may be written."""
    WRITTEN = auto()
    """Its bytes are there, and safe when its lot was flushed; it is no dataset."""
    REGISTERING = auto()
    """The registry is told of it."""
    UNCERTAIN = auto()
    """The registry was told, and its answer was lost: it may be a dataset."""
    REGISTERED = auto()
    """It is a dataset."""


_TOLD = frozenset({PutState.REGISTERING, PutState.UNCERTAIN})
_OPEN = _TOLD | {PutState.WRITTEN}
_NEEDED = _TOLD | {PutState.REGISTERED}
_LOOSE = frozenset({PutState.WRITING, PutState.WRITTEN})


@dataclass(slots=True, eq=False)
class PutItem:
    """A dataset on its way into a run.

    Parameters
    ----------
    id : `uuid.UUID`
        Its id.
    dataset_type : `~butler.DatasetType`
        Its type.
    data_id : `~butler.DataId`
        Its data ID, complete.
    run : `str`
        The run that it goes into.
    hint : `str`
        The datastore's file-name template, filled; empty for what is left where it lies.
    existing : `uuid.UUID` or `None`
        The dataset that the run has of its data ID, so that nothing is to be written.
    state : `PutState`
        How far it has come.
    artifacts : `tuple` [`~butler.Artifact`]
        What was written.
    lot : `~butler.datastore.lots.Lot` or `None`
        In which it was written: to be flushed before anybody is told of it.
    """

    id: UUID
    dataset_type: DatasetType
    data_id: DataId
    run: str
    hint: str = ""
    existing: UUID | None = None
    state: PutState = PutState.PREPARED
    artifacts: tuple[Artifact, ...] = ()
    lot: Lot[Datastore] | None = None

    @contextmanager
    def being_written(self, lot: Lot[Datastore]) -> Iterator[None]:
        """Note that it is being written in a lot, and then that it is."""
        self.lot = lot
        self.state = PutState.WRITING
        yield
        self.state = PutState.WRITTEN

    @property
    def is_open(self) -> bool:
        """Whether the registry is to be told of it, perhaps again."""
        return self.state in _OPEN

    @property
    def is_needed(self) -> bool:
        """Whether it is a dataset, or may be one: what it has written stays."""
        return self.state in _NEEDED

    @property
    def is_loose(self) -> bool:
        """Whether something of it may be written, and it is no dataset."""
        return self.state in _LOOSE

    def told(self) -> None:
        """Note that the registry is told of it."""
        if self.state is not PutState.UNCERTAIN:
            self.state = PutState.REGISTERING

    def registered(self) -> None:
        """Note that the registry has taken it, if it was told of it."""
        if self.state in _TOLD:
            self.state = PutState.REGISTERED

    def not_registered(self, *, known: bool) -> None:
        """Note that the registry was told of it and didn't take it; or that this isn't known."""
        if self.state is PutState.REGISTERING:
            self.state = PutState.WRITTEN if known else PutState.UNCERTAIN

    @property
    def ref(self) -> DatasetRef:
        """The dataset that it is, or is to be."""
        return DatasetRef(self.id, self.dataset_type, self.data_id, self.run, self.artifacts)

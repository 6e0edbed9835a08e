"""What a storage can have beside: files that become durable together."""

from __future__ import annotations

from abc import ABC, abstractmethod

from butler.datastore.lots import Lot
from butler.datastore.storage.base import Storage

__all__ = ["WritesLots"]


class WritesLots(ABC):
    """A storage that makes many files durable for less than each by itself.

    One that isn't writes them as it writes one.
    """

    @abstractmethod
    def lot(self) -> Lot[Storage]:
        """Begin a lot.

        By its writer, ``create``, ``link`` and, if it has it, ``write`` promise
        all that they do but that a file is durable; `~butler.datastore.lots.Lot.flush` does that.
        """

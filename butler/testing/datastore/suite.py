"""What the suites of a datastore's parts have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from butler.datastore import Datastore
from butler.testing.storage import HOSTILE_PATHS
from butler.values import Artifact

__all__ = ["HOSTILE_HINTS", "DatastoreSuite"]

HOSTILE_HINTS = (*HOSTILE_PATHS, "a b", "a\nb", "a\\b", "~root", "ü", "x" * 201, "a/" + "x" * 201)
"""Filled templates that no datastore may make a file of."""


class DatastoreSuite(ABC):
    """Says which datastore is tested."""

    HINT = "u/alice/run=1/calexp/calexp_ACS_8560513_1"
    RUN = "u/alice/run=1"

    @abstractmethod
    def open(self, folder: Path, *, disassemble: tuple[str, ...] = ()) -> Datastore:
        """Make an empty datastore that writes these storage classes one component a file."""

    def stored(self, datastore: Datastore) -> set[str]:
        """Every path that lies in the datastore; to be overridden for one without an inventory."""
        return set(datastore.inventory.paths())

    @pytest.fixture
    def datastore(self, tmp_path: Path) -> Datastore:
        """Datastore under test."""
        return self.open(tmp_path / "repo")

    def put(
        self, datastore: Datastore, obj: Any, storage_class: str, id: UUID | None = None
    ) -> tuple[Artifact, ...]:
        """Put an object, as Butler does."""
        id = id or uuid4()
        identity = {
            "id": str(id),
            "dataset_type": "calexp",
            "run": self.RUN,
            "data_id": {"camera": "ACS", "visit": 8560513, "sensor": 1},
            "inputs": [str(uuid4())],
        }
        return datastore.put(obj, id, self.HINT, storage_class, "calexp", identity)

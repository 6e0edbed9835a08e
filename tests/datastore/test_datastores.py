"""The datastores that come with Butler, by the public suite."""

from __future__ import annotations

from pathlib import Path

from butler.datastore import Datastore, open_datastore
from butler.testing.datastore import DatastoreTests


class TestPosixDatastore(DatastoreTests):
    def open(self, folder: Path, *, disassemble: tuple[str, ...] = ()) -> Datastore:
        return open_datastore({"root": "data [1], it's: 🔭", "disassemble": list(disassemble)}, folder)


class TestMemoryDatastore(DatastoreTests):
    def open(self, folder: Path, *, disassemble: tuple[str, ...] = ()) -> Datastore:
        return open_datastore({"type": "memory", "disassemble": list(disassemble)}, folder)

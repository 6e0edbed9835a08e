"""The datastores that come with Butler, by the public suite."""

from __future__ import annotations

from pathlib import Path

from butler.datastore import Datastore, Datastores, open_datastore
from butler.testing.datastore import DatastoreTests, FileIntakeTests, InventoryTests


class TestPosixDatastore(DatastoreTests, FileIntakeTests, InventoryTests):
    def open(self, folder: Path, *, disassemble: tuple[str, ...] = ()) -> Datastore:
        return open_datastore({"root": "data [1], it's: 🔭", "disassemble": list(disassemble)}, folder)


class TestMemoryDatastore(DatastoreTests, FileIntakeTests, InventoryTests):
    def open(self, folder: Path, *, disassemble: tuple[str, ...] = ()) -> Datastore:
        return open_datastore({"type": "memory", "disassemble": list(disassemble)}, folder)


class TestDatastoreOfSeveral(DatastoreTests, FileIntakeTests, InventoryTests):
    def open(self, folder: Path, *, disassemble: tuple[str, ...] = ()) -> Datastore:
        fast, main, old = (
            open_datastore({"type": kind, "disassemble": list(disassemble)}, folder, name)
            for name, kind in (("fast", "memory"), ("main", "posix"), ("old", "memory"))
        )
        return Datastores([old, Datastores([fast, main], "main")], "main")

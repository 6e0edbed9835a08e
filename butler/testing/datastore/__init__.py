"""What every datastore must do, a class of tests a part.

Subclass those of the parts that a datastore has, and say how it is opened;
pytest runs the rest::

    class TestMyDatastore(DatastoreTests, FileIntakeTests, InventoryTests):
        def open(self, folder, *, disassemble=()):
            return MyDatastore(...)
"""

from __future__ import annotations

from butler.testing.datastore.datastores import DatastoreTests
from butler.testing.datastore.exposures import assert_same_exposure, example_exposure
from butler.testing.datastore.file_intakes import FileIntakeTests
from butler.testing.datastore.inventories import InventoryTests

__all__ = [
    "DatastoreTests",
    "FileIntakeTests",
    "InventoryTests",
    "assert_same_exposure",
    "example_exposure",
]

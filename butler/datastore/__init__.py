"""Reading and writing the bytes of datasets.

A `Datastore` turns objects into artifacts and back. It knows storage classes,
formats and file names; collections, units and the database are not its
business, and it imports nothing that knows them.
"""

from __future__ import annotations

from butler.datastore.config import open_datastore
from butler.datastore.file import FileDatastore
from butler.datastore.identify import identify
from butler.datastore.interfaces import Datastore, FileIntake, Inventory
from butler.datastore.members import Datastores
from butler.datastore.storage_classes import StorageClass, storage_class

__all__ = [
    "Datastore",
    "Datastores",
    "FileDatastore",
    "FileIntake",
    "Inventory",
    "StorageClass",
    "identify",
    "open_datastore",
    "storage_class",
]

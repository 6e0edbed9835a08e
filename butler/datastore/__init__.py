"""Reading and writing the bytes of datasets.

A `Datastore` turns objects into artifacts and back. It knows storage classes,
formats and file names; collections, labels and the database are not its
business, and it imports nothing that knows them.
"""

from __future__ import annotations

from butler.datastore.base import Datastore
from butler.datastore.config import open_datastore
from butler.datastore.file_datastore import FileDatastore
from butler.datastore.identify import identify
from butler.datastore.storage_classes import StorageClass, storage_class

__all__ = ["Datastore", "FileDatastore", "StorageClass", "identify", "open_datastore", "storage_class"]

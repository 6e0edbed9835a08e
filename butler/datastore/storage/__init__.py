"""Where bytes lie: one small interface, one class a medium."""

from __future__ import annotations

from butler.datastore.storage.base import Storage
from butler.datastore.storage.documents import WritesDocuments
from butler.datastore.storage.in_place import InPlaceStorage
from butler.datastore.storage.lots import WritesLots
from butler.datastore.storage.memory import MemoryStorage
from butler.datastore.storage.posix import PosixStorage
from butler.datastore.storage.wrapper import StorageWrapper

__all__ = [
    "InPlaceStorage",
    "MemoryStorage",
    "PosixStorage",
    "Storage",
    "StorageWrapper",
    "WritesDocuments",
    "WritesLots",
]

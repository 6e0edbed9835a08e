"""Where bytes lie: one small interface, one class a medium."""

from __future__ import annotations

from butler.datastore.storage.base import Storage
from butler.datastore.storage.memory import MemoryStorage
from butler.datastore.storage.posix import PosixStorage

__all__ = ["MemoryStorage", "PosixStorage", "Storage"]

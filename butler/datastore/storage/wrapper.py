"""A storage over another one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path

from butler.datastore.marks import RootMark
from butler.datastore.storage.base import Storage

__all__ = ["StorageWrapper"]


class StorageWrapper(Storage):
    """Leaves everything to another storage; a subclass changes what it wants to.

    Caches, counters and throttles are such subclasses. The files of a lot
    are written one by one, as the subclass may change how one is.

    Parameters
    ----------
    inner : `~butler.datastore.storage.Storage`
        The storage that has the bytes.
    """

    def __init__(self, inner: Storage) -> None:
        self.inner = inner

    @property
    def root(self) -> str:
        """Of the inner storage, as is everything else."""
        return self.inner.root

    @property
    def mark(self) -> RootMark:
        """Of the inner storage."""
        return self.inner.mark

    @property
    def supports_links(self) -> bool:
        """As the inner storage."""
        return self.inner.supports_links

    def holds(self, folder: Path) -> bool:
        """As the inner storage."""
        return self.inner.holds(folder)

    def warnings(self) -> Iterator[str]:
        """Those of the inner storage."""
        return self.inner.warnings()

    def create(self, path: str) -> AbstractContextManager[Path]:
        """Write in the inner storage."""
        return self.inner.create(path)

    def local(self, path: str) -> AbstractContextManager[Path]:
        """Read from the inner storage."""
        return self.inner.local(path)

    def exists(self, path: str) -> bool:
        """As the inner storage."""
        return self.inner.exists(path)

    def delete(self, path: str) -> None:
        """Delete from the inner storage."""
        self.inner.delete(path)

    def paths(self) -> Iterator[str]:
        """Those of the inner storage."""
        return self.inner.paths()

    def is_temporary(self, path: str) -> bool:
        """As the inner storage."""
        return self.inner.is_temporary(path)

    def modified(self, path: str) -> datetime:
        """As the inner storage."""
        return self.inner.modified(path)

    def sweep(self, paths: Iterable[str]) -> None:
        """Sweep the inner storage."""
        self.inner.sweep(paths)

    def link(self, file: Path, path: str, *, symbolic: bool) -> None:
        """Link into the inner storage."""
        self.inner.link(file, path, symbolic=symbolic)

    def seal(self, path: str) -> None:
        """Seal in the inner storage."""
        self.inner.seal(path)

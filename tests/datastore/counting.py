"""A storage that counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from butler.datastore.storage import Storage, StorageWrapper


class CountingStorage(StorageWrapper):
    def __init__(self, inner: Storage) -> None:
        super().__init__(inner)
        self.read: Counter[str] = Counter()
        self.written: Counter[str] = Counter()

    @contextmanager
    def create(self, path: str) -> Iterator[Path]:
        with self.inner.create(path) as draft:
            yield draft
            self.written[path] += draft.stat().st_size

    def local(self, path: str) -> AbstractContextManager[Path]:
        self.read[path] += 1
        return self.inner.local(path)

"""New names in folders, which are durable when their folder was flushed to disk."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from butler.datastore.system_errors import typed
from butler.errors import ButlerError

__all__ = ["KeptAtOnce", "KeptTogether", "NewNames", "flush", "taken_back_on_error"]

_READ_BACK = os.O_RDONLY | os.O_CLOEXEC


class NewNames(ABC):
    """When new names are made durable."""

    @abstractmethod
    def keep(self, path: str, file: Path) -> None:
        """Make durable, now or later, the name that a file has just got for an artifact's path."""


class KeptAtOnce(NewNames):
    """Each by itself."""

    def keep(self, path: str, file: Path) -> None:
        """Flush the folder."""
        flush(file.parent)


class KeptTogether(NewNames):
    """All by one `flush`, which flushes each folder once."""

    def __init__(self) -> None:
        self._names: list[tuple[str, Path]] = []
        self._failure: ButlerError | None = None

    def keep(self, path: str, file: Path) -> None:
        """Note the name."""
        self._names.append((path, file))  # in one step, as several threads write

    def flush(self) -> None:
        """Flush the folders of all names that were noted; take back what isn't durable, if one can't be.

        Raises
        ------
        ButlerError
            As for a single name; and the same again whenever it is tried again, as the names are gone.
        """
        if self._failure is not None:
            raise self._failure
        folders: dict[Path, list[tuple[str, Path]]] = defaultdict(list)
        for path, file in self._names:
            folders[file.parent].append((path, file))
        while folders:
            folder, names = next(iter(folders.items()))
            try:
                with typed(names[0][0]):
                    flush(folder)
            except ButlerError as error:
                self._failure = error
                for left in folders.values():
                    for _, file in left:
                        with suppress(OSError):  # what stays is a file that no dataset has
                            file.unlink(missing_ok=True)
                raise
            del folders[folder]
        self._names.clear()


def flush(file: Path) -> None:
    """Flush a file, or the names in a folder, to disk."""
    descriptor = os.open(file, _READ_BACK)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def taken_back_on_error(file: Path) -> Iterator[None]:
    """Remove a name that isn't known to be durable."""
    try:
        yield
    except OSError:
        file.unlink(missing_ok=True)
        raise

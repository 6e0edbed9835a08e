"""New files in folders, which are durable when their bytes and then their folder were flushed to disk.

A file gets its name before it is flushed: where a file system keeps a journal,
the bytes and the name are then made durable by one write of that, not by two.
Nobody is told of the file before, so that what a power cut leaves under the
name belongs to no dataset.
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from butler.datastore.system_errors import typed
from butler.errors import ButlerError

__all__ = ["KeptAtOnce", "KeptTogether", "NewNames", "flush", "taken_back_on_error"]

_LARGE = 1 << 20
"""Bytes of a file from which on it takes longer to write them to disk than to tell the disk to."""

_OPEN_AT_ONCE = 100
"""Files that are flushed together: a process may often open a thousand."""

_READ_BACK = os.O_RDONLY | os.O_CLOEXEC


class NewNames(ABC):
    """When new files are made durable."""

    @abstractmethod
    def keep(self, path: str, file: Path) -> None:
        """Make durable, now or later, a file that has just got its name for an artifact's path.

        Of a symbolic link that is the name alone.
        """


class KeptAtOnce(NewNames):
    """Each by itself."""

    def keep(self, path: str, file: Path) -> None:
        """Flush the file, then the folder."""
        _flush_bytes(file)
        flush(file.parent)


class KeptTogether(NewNames):
    """All by one `flush`, which flushes each file, and each folder once."""

    def __init__(self) -> None:
        self._names: list[tuple[str, Path]] = []
        self._failure: ButlerError | None = None

    def keep(self, path: str, file: Path) -> None:
        """Note the file; one that is large is flushed now, while others are written."""
        if os.lstat(file).st_size >= _LARGE:
            _flush_bytes(file)
        self._names.append((path, file))  # in one step, as several threads write

    def flush(self) -> None:
        """Flush all files that were noted, then their folders; take back what isn't durable, if one can't be.

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
        try:
            for some in _by_some(self._names):
                _flush_together(some)
            for folder, names in list(folders.items()):
                with typed(names[0][0]):
                    flush(folder)
                del folders[folder]
        except ButlerError as error:
            self._failure = error
            for left in folders.values():
                for _, file in left:
                    with suppress(OSError):  # what stays is a file that no dataset has
                        file.unlink(missing_ok=True)
            raise
        self._names.clear()


def _by_some(names: list[tuple[str, Path]]) -> Iterator[list[tuple[str, Path]]]:
    for first in range(0, len(names), _OPEN_AT_ONCE):
        yield names[first : first + _OPEN_AT_ONCE]


def _flush_together(names: list[tuple[str, Path]]) -> None:
    """Flush files, after the system began to write all of them: the first waits for most of the work."""
    with ExitStack() as opened:
        begun = []
        for path, file in names:
            with typed(path), suppress(FileNotFoundError):  # it was taken back meanwhile
                if not os.path.islink(file):
                    descriptor = os.open(file, _READ_BACK)
                    opened.callback(os.close, descriptor)
                    _begin_to_write(descriptor)
                    begun.append((path, descriptor))
        for path, descriptor in begun:
            with typed(path):
                os.fsync(descriptor)


def _begin_to_write(descriptor: int) -> None:
    """Have the system write a file's bytes without waiting, by saying that nobody will read them soon."""
    if hasattr(os, "posix_fadvise"):
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)


def _flush_bytes(file: Path) -> None:
    if not os.path.islink(file):
        flush(file)


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

"""Files in this process's memory."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from typing import NoReturn, Self
from urllib.parse import quote

from butler.datastore.marks import RootMark, RootState
from butler.datastore.storage.base import NoOptions, Storage, decode_path, path_taken
from butler.datastore.system_errors import typed
from butler.errors import ArtifactMissingError, DatastoreRootError, NotSupportedError

__all__ = ["MemoryStorage"]


class MemoryStorage(Storage):
    """Bytes in a dictionary: gone when the process ends, and in no other process.

    Parameters
    ----------
    name : `str`
        Tells it from others in URIs.
    """

    def __init__(self, name: str = "main") -> None:
        self._name = name
        self._files: dict[bytes, bytes] = {}
        self._since: dict[bytes, datetime] = {}
        self._opened = datetime.now(UTC)
        self._mark = _MemoryMark(self.root, self._files)

    @classmethod
    def from_config(cls, name: str, options: NoOptions, repo: Path) -> Self:
        """Make an empty one."""
        return cls(name)

    @property
    def root(self) -> str:
        """``memory://name/``."""
        return f"memory://{quote(self._name, safe='')}/"

    @property
    def mark(self) -> RootMark:
        """Kept beside the files."""
        return self._mark

    @contextmanager
    def create(self, path: str) -> Iterator[Path]:
        """Write to a temporary file, then keep its bytes."""
        key = decode_path(path)
        if key in self._files:
            raise path_taken(path)
        with typed(path), TemporaryDirectory() as folder:
            draft = Path(folder, "draft")
            yield draft
            content = draft.read_bytes()
        # One step, so that of two writers only one gets the path.
        if self._files.setdefault(key, content) is not content:
            raise path_taken(path)
        self._since[key] = datetime.now(UTC)

    @contextmanager
    def local(self, path: str) -> Iterator[Path]:
        """A temporary copy."""
        content = self._content(path)
        with TemporaryDirectory() as folder:
            file = Path(folder, os.fsdecode(decode_path(path).rpartition(b"/")[2]))
            with typed(path):
                file.write_bytes(content)
            yield file

    def exists(self, path: str) -> bool:
        """Whether there is such a key."""
        return decode_path(path) in self._files

    def delete(self, path: str) -> None:
        """Forget the bytes."""
        self._files.pop(decode_path(path), None)

    def paths(self) -> Iterator[str]:
        """All keys."""
        for name in list(self._files):
            yield quote(name, safe="/+,=@")

    def is_temporary(self, path: str) -> bool:
        """Never: what isn't finished isn't here."""
        return False

    def modified(self, path: str) -> datetime:
        """When its bytes were kept."""
        self._content(path)
        return self._since.get(decode_path(path), self._opened)

    def sweep(self, paths: Iterable[str]) -> None:
        """Only check the paths: nothing is ever left."""
        for path in paths:
            decode_path(path)

    def _content(self, path: str) -> bytes:
        try:
            return self._files[decode_path(path)]
        except KeyError:
            raise ArtifactMissingError(
                f"there are no bytes for {path!r} in memory",
                hint="A datastore of type 'memory' lives no longer than its process.",
                details={"path": path},
            ) from None

    def __reduce__(self) -> NoReturn:
        raise NotSupportedError(
            f"datastore {self._name!r} is in this process's memory: another process can't read it",
            hint="Use a datastore of type 'posix'.",
        )


class _MemoryMark(RootMark):
    """The mark of files in memory."""

    def __init__(self, root: str, files: Mapping[bytes, bytes]) -> None:
        self._root = root
        self._files = files
        self._content: bytes | None = None
        self._changing = Lock()

    @property
    def root(self) -> str:
        return self._root

    @property
    def is_private(self) -> bool:
        return True

    def read(self) -> bytes | RootState:
        if self._content is None:
            return RootState.UNMARKED if self._files else RootState.EMPTY
        return self._content

    def write(self, content: bytes, *, instead_of: bytes | None) -> None:
        with self._changing:
            if self._content != instead_of:
                raise DatastoreRootError(
                    f"{self.root} bears another mark by now, which stays",
                    hint="Give each datastore in memory a storage of its own.",
                    details={"root": self.root},
                )
            self._content = content

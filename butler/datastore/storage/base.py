"""The bytes under a datastore."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar, Self
from urllib.parse import unquote_to_bytes

from msgspec import Struct

from butler.datastore.marks import RootMark
from butler.errors import DatasetExistsError, InvalidNameError, NotSupportedError

__all__ = ["Storage", "decode_path", "path_escapes", "path_taken"]


class NoOptions(Struct, frozen=True):
    """A storage that needs to be told nothing."""


class Storage(ABC):
    """A place for files: named once, never overwritten.

    Paths are relative to `root`, percent-encoded, with ``/`` between the
    parts. Every method refuses a path that leads out of the root with
    `~butler.errors.InvalidNameError`, before any I/O. The root's mark is none
    of its files: no path leads to it.
    """

    options: ClassVar[type[Struct]] = NoOptions
    """Its own configuration keys: typed fields, which the docstring describes."""

    @classmethod
    def from_config(cls, name: str, options: Any, repo: Path) -> Self:
        """Make one from a datastore's name, an instance of `options` and the repository's folder.

        Raises
        ------
        NotSupportedError
            If storages of this class are made in Python only.
        """
        raise NotSupportedError(
            f"datastore {name!r}: {cls.__qualname__} can't be made from a configuration",
            hint="Make it in Python, and give FileDatastore(…) to Butler(…, datastore=…).",
            details={"datastore": name, "storage": cls.__qualname__},
        )

    @property
    @abstractmethod
    def root(self) -> str:
        """URI that paths continue; percent-encoded, ends in a slash."""

    @property
    @abstractmethod
    def mark(self) -> RootMark:
        """What bears the mark that says whose the root is.

        Raises
        ------
        NotSupportedError
            If there is no root that could be marked: then nothing is written.
        """

    @property
    def supports_links(self) -> bool:
        """Whether `link` works."""
        return False

    def holds(self, folder: Path) -> bool:
        """Whether names in a local folder are names inside the root."""
        return False

    def warnings(self) -> Iterator[str]:
        """Say in a sentence each why what is stored may not be safe from others."""
        return iter(())

    @abstractmethod
    def create(self, path: str) -> AbstractContextManager[Path]:
        """Write a new file.

        The context is a local path, where no file is yet, to write to. When
        it ends, the file is at ``path``, whole and durable; if it ends by an
        exception, nothing is.

        Raises
        ------
        DatasetExistsError
            If the path is taken, also if that happens meanwhile.
        """

    @abstractmethod
    def local(self, path: str) -> AbstractContextManager[Path]:
        """A local file with the bytes of ``path``, only to read, while the context lasts.

        Raises
        ------
        ArtifactMissingError
            If nothing is there.
        """

    @abstractmethod
    def exists(self, path: str) -> bool:
        """Whether a file is at the path."""

    @abstractmethod
    def delete(self, path: str) -> None:
        """Remove a file; one that is gone already is no error."""

    @abstractmethod
    def paths(self) -> Iterator[str]:
        """Every path inside the root, in no order, with temporary files."""

    @abstractmethod
    def is_temporary(self, path: str) -> bool:
        """Whether `create` uses a path like this while it writes."""

    @abstractmethod
    def modified(self, path: str) -> datetime:
        """When the file came to be under this name, with these bytes, UTC.

        Raises
        ------
        ArtifactMissingError
            If nothing is there.
        """

    @abstractmethod
    def sweep(self, paths: Iterable[str]) -> None:
        """Remove temporary files that an interrupted `create` of one of these paths left."""

    def link(self, file: Path, path: str, *, symbolic: bool) -> None:
        """Make ``path`` a hard or symbolic link to a local file.

        Raises
        ------
        NotSupportedError
            If this storage has no links, or can't link to this file.
        DatasetExistsError
            If the path is taken.
        """
        raise NotSupportedError(
            f"{self.root} has no links, so {str(file)!r} can't be linked into it",
            hint="Ingest with mode 'copy' or 'in-place'.",
        )

    def seal(self, path: str) -> None:
        """Protect a file that was linked in and has lost its other name; by default only check the path."""
        decode_path(path)


def decode_path(path: str) -> bytes:
    """Undo a path's percent-encoding.

    Raises
    ------
    InvalidNameError
        If it isn't a plain relative path.
    """
    name = unquote_to_bytes(path)
    if b"\0" in name or any(part in {b"", b".", b".."} for part in name.split(b"/")):
        raise path_escapes(path)
    return name


def path_escapes(path: str) -> InvalidNameError:
    """Error for a path that leads out of the root."""
    return InvalidNameError(
        f"{path!r} isn't a path inside the datastore",
        hint="Artifacts are named by relative paths that no link leads outside.",
        details={"path": path},
    )


def path_taken(path: str) -> DatasetExistsError:
    """Error for a path that exists already."""
    return DatasetExistsError(
        f"{path!r} exists already",
        hint="An artifact is never overwritten: write a new dataset, or remove this one.",
        details={"path": path},
    )

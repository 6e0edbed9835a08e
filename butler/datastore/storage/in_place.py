"""Files that stay where they are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from pathlib import Path

from butler.datastore.marks import RootMark
from butler.datastore.paths import is_file_uri, local_file
from butler.datastore.special_files import refuse_special
from butler.datastore.storage.base import Storage
from butler.datastore.storage.posix import last_changed
from butler.datastore.system_errors import typed
from butler.errors import ArtifactMissingError, InvalidNameError, NotSupportedError

__all__ = ["InPlaceStorage"]


class InPlaceStorage(Storage):
    """Files of others, which are read and never touched.

    A path is a whole ``file:///…`` URI, and may lead anywhere. Deleting is
    no error, so that a dataset whose file was ingested in place is removed
    like any other; the file stays.
    """

    @property
    def root(self) -> str:
        """Nothing: a path is whole without it."""
        return ""

    @property
    def mark(self) -> RootMark:
        """Refuse.

        Raises
        ------
        NotSupportedError
        """
        raise NotSupportedError("files in place have no root to be marked", hint="Mark that of a datastore.")

    def create(self, path: str) -> AbstractContextManager[Path]:
        """Refuse.

        Raises
        ------
        NotSupportedError
        """
        raise NotSupportedError(
            f"{path!r} can't be written: files in place are only read",
            hint="Put it into a datastore of files.",
            details={"path": path},
        )

    @contextmanager
    def local(self, path: str) -> Iterator[Path]:
        """The file itself."""
        file = _file(path)
        with typed(path):
            try:
                found = file.stat()
            except (FileNotFoundError, NotADirectoryError, ValueError):  # or a name that no file can have
                raise ArtifactMissingError(
                    f"there is no file at {path!r}",
                    hint="It was ingested in place and has been moved or deleted since.",
                    details={"path": path},
                ) from None
        refuse_special(
            path, found, hint="Put back the file that was ingested in place, or remove the dataset."
        )
        yield file

    def exists(self, path: str) -> bool:
        """Whether it is there; a dangling link isn't."""
        with typed(path):
            return _file(path).is_file()

    def delete(self, path: str) -> None:
        """Do nothing."""

    def paths(self) -> Iterator[str]:
        """None: what lies where others keep it isn't all a datastore's."""
        return iter(())

    def is_temporary(self, path: str) -> bool:
        """Never."""
        return False

    def modified(self, path: str) -> datetime:
        """When its name or its bytes last changed."""
        with self.local(path) as file, typed(path):
            return last_changed(file)

    def sweep(self, paths: Iterable[str]) -> None:
        """Do nothing: no writer has left anything."""

    def seal(self, path: str) -> None:
        """Do nothing: its permissions are its owner's."""


def _file(path: str) -> Path:
    if not is_file_uri(path):
        raise InvalidNameError(
            f"{path!r} isn't the URI of a file in place",
            hint="Give its whole URI, file:///….",
            details={"path": path},
        )
    return local_file(path)

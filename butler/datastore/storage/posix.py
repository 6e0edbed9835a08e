"""Files in a folder of a POSIX file system."""

from __future__ import annotations

import errno
import os
import re
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO, ClassVar, Self
from urllib.parse import quote

from butler.datastore.paths import file_uri
from butler.datastore.storage.base import Storage, decode_path, path_escapes, path_taken
from butler.datastore.system_errors import typed
from butler.errors import (
    ArtifactMissingError,
    ConfigError,
    InvalidNameError,
    NotSupportedError,
)

__all__ = ["PosixStorage"]

_TEMPORARY = re.compile(r"\.[0-9a-f]{16}-[0-9a-f]{8}\.partial")
_READ_BACK = os.O_RDONLY | os.O_CLOEXEC


class PosixStorage(Storage):
    """Files under a folder.

    A file appears under its name by a hard link, which never replaces
    another, after its bytes and before its folder have been flushed to disk.
    A symbolic link inside the root may name a file outside, since that is
    how a file is ingested by ``symlink``; a folder that leads outside is
    refused.

    Parameters
    ----------
    folder : `~pathlib.Path`
        The root; made at the first write.
    """

    options: ClassVar[frozenset[str]] = frozenset({"root"})

    def __init__(self, folder: Path) -> None:
        self._folder = Path(os.path.abspath(folder))

    @classmethod
    def from_config(cls, name: str, options: Mapping[str, Any], repo: Path) -> Self:
        """Use the folder ``root``, relative to the repository."""
        root = options.get("root", "data")
        if not isinstance(root, str) or not root or "\0" in root:
            raise ConfigError(
                f"datastore.root: {root!r} is not a folder", hint="Give a path, such as 'data'."
            )
        return cls(repo / root)

    @property
    def root(self) -> str:
        """``file:///…/``."""
        return f"{file_uri(self._folder).rstrip('/')}/"

    @property
    def supports_links(self) -> bool:
        """Always."""
        return True

    def holds(self, file: Path) -> bool:
        """By the file's folder: the name itself may be a link."""
        return file.absolute().parent.resolve().is_relative_to(self._folder.resolve())

    @contextmanager
    def create(self, path: str) -> Iterator[Path]:
        """Write beside the final name, then link."""
        final = self._inside(path)
        if os.path.lexists(final):
            raise path_taken(path)
        draft = final.with_name(f"{_temporary_prefix(final.name)}{secrets.token_hex(4)}.partial")
        with _typed(path):
            _make_folders(final.parent)
            try:
                yield draft
                _flush(draft)
                os.link(draft, final, follow_symlinks=False)
            except BaseException:
                draft.unlink(missing_ok=True)
                raise
            with _taken_back_on_error(final):
                draft.unlink()
                _flush(final.parent)

    @contextmanager
    def local(self, path: str) -> Iterator[Path]:
        """The file itself."""
        file = self._inside(path)
        with _typed(path):
            if not file.is_file():
                raise _missing(path, file)
        yield file

    def open(self, path: str) -> BinaryIO:
        """Open the file itself."""
        with _typed(path):
            return self._inside(path).open("rb")

    def size(self, path: str) -> int:
        """Size of the file, or of what a link names."""
        with _typed(path):
            return self._inside(path).stat().st_size

    def exists(self, path: str) -> bool:
        """Whether it is there; a dangling link isn't."""
        with _typed(path):
            return self._inside(path).is_file()

    def delete(self, path: str) -> None:
        """Unlink the name; its folders stay, for other writers may be about to use them."""
        file = self._inside(path)
        with _typed(path):
            try:
                file.unlink()
            except (FileNotFoundError, NotADirectoryError):
                return
            _flush(file.parent)

    def paths(self) -> Iterator[str]:
        """Walk the folder; links to folders aren't followed."""
        with typed(self._folder):
            for folder, _, names in os.walk(self._folder, onerror=_not_listed):
                for name in names:
                    relative = os.path.relpath(os.path.join(folder, name), self._folder)
                    yield quote(os.fsencode(relative), safe="/+,=@")

    def is_temporary(self, path: str) -> bool:
        """Whether the last part is a name that `create` makes up."""
        return _TEMPORARY.fullmatch(path.rpartition("/")[2]) is not None

    def sweep(self, path: str) -> None:
        """Remove temporary files beside the path, made for it."""
        final = self._inside(path)
        prefix = _temporary_prefix(final.name)
        with _typed(path):
            for draft in final.parent.glob(f"{prefix}*.partial"):
                draft.unlink(missing_ok=True)

    def link(self, file: Path, path: str, *, symbolic: bool) -> None:
        """Link, never replacing another name."""
        final = self._inside(path)
        target = file.resolve()
        with _typed(path):
            _make_folders(final.parent)
            try:
                if symbolic:
                    final.symlink_to(target)
                else:
                    _flush(target)
                    final.hardlink_to(target)
            except OSError as error:
                if error.errno not in {errno.EXDEV, errno.EPERM, errno.EMLINK, errno.EOPNOTSUPP}:
                    raise
                raise NotSupportedError(
                    f"{str(file)!r} can't be linked into {self.root}: {error.strerror}",
                    hint="Ingest with mode 'copy' or 'symlink'.",
                ) from error
            with _taken_back_on_error(final):
                _flush(final.parent)

    def _inside(self, path: str) -> Path:
        file = self._folder / os.fsdecode(decode_path(path))
        if not file.parent.resolve().is_relative_to(self._folder.resolve()):
            raise path_escapes(path)
        return file


def _not_listed(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):
        raise error  # a folder left out would look like one without files


def _temporary_prefix(name: str) -> str:
    # Not the name itself: that may already be as long as a file name can be.
    return f".{sha256(os.fsencode(name)).hexdigest()[:16]}-"


def _make_folders(folder: Path) -> None:
    missing = []
    while not folder.is_dir():
        missing.append(folder)
        folder = folder.parent
    for each in reversed(missing):
        try:
            each.mkdir(exist_ok=True)
        except FileExistsError as error:
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(each)) from error
        _flush(each.parent)


def _flush(file: Path) -> None:
    descriptor = os.open(file, _READ_BACK)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _taken_back_on_error(file: Path) -> Iterator[None]:
    """Remove a name that isn't known to be durable."""
    try:
        yield
    except OSError:
        file.unlink(missing_ok=True)
        raise


@contextmanager
def _typed(path: str) -> Iterator[None]:
    """Raise Butler's errors, in the terms of an artifact's path."""
    with typed(path):
        try:
            yield
        except FileExistsError as error:
            raise path_taken(path) from error
        except FileNotFoundError as error:
            raise _missing(path, error.filename) from error
        except NotADirectoryError as error:
            raise InvalidNameError(
                f"{path!r} can't be a file: a part of it is one already",
                hint="Change the file-name template.",
                details={"path": path},
            ) from error
        except OSError as error:
            if error.errno != errno.ENAMETOOLONG:
                raise
            raise InvalidNameError(
                f"{path!r} is longer than the file system allows",
                hint="Shorten the file-name template.",
                details={"path": path},
            ) from error


def _missing(path: str, file: object) -> ArtifactMissingError:
    return ArtifactMissingError(
        f"There is no file for {path!r}",
        hint="Run 'butler verify' to list what is gone.",
        details={"path": path, "file": str(file)},
    )

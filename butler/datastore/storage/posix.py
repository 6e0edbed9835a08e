"""Files in a folder of a POSIX file system."""

from __future__ import annotations

import errno
import os
import re
import secrets
import stat
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from copy import copy
from datetime import UTC, datetime
from hashlib import sha256
from itertools import accumulate, islice
from pathlib import Path
from typing import Annotated, Self
from urllib.parse import quote

from msgspec import Meta, Struct

from butler.datastore.lots import Lot
from butler.datastore.marks import RootMark
from butler.datastore.paths import file_uri
from butler.datastore.special_files import refuse_special
from butler.datastore.storage.base import Storage, decode_path, path_escapes, path_taken
from butler.datastore.storage.documents import WritesDocuments
from butler.datastore.storage.lots import WritesLots
from butler.datastore.storage.names import KeptAtOnce, KeptTogether, NewNames, flush, taken_back_on_error
from butler.datastore.storage.permissions import Mode, Permissions, refuse_open_to_all, warnings_about
from butler.datastore.storage.root_mark import MARK_NAME, FolderMark, files_below
from butler.datastore.system_errors import typed
from butler.errors import (
    ArtifactMissingError,
    ConfigError,
    InvalidNameError,
    NotSupportedError,
)
from butler.strict import After

__all__ = ["PosixOptions", "PosixStorage", "last_changed"]

_NAMELESS = getattr(os, "O_TMPFILE", 0) | os.O_WRONLY | os.O_CLOEXEC
_NO_NAMELESS = {errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL}
"""What a system says that has no files without a name, or has none on this disk."""

_TEMPORARY = re.compile(r"(\.[0-9a-f]{16}-)[0-9a-f]{8}\.partial")


def _check_folder(name: str, _where: str) -> str:
    if "\0" in name or name.startswith("file:") or "://" in name:
        raise ConfigError(f"{name!r} is not a folder", hint="Give a path, such as 'data'.")
    return name


GroupNumber = Annotated[int, Meta(ge=0, le=2**32 - 2)]


class PosixOptions(Struct, frozen=True):
    """A datastore of files in a folder.

    Parameters
    ----------
    root : `str`
        The folder, relative to the repository.
    group : `str` or `int`, optional
        Name or number of the group that files and folders get; by default the kernel's choice.
    mode : `str`, optional
        Who may read and write files, in octal digits, such as ``"0640"``; by default the umask's choice.
    """

    root: Annotated[str, Meta(min_length=1), After(_check_folder)] = "data"
    group: Annotated[str, Meta(min_length=1, pattern="^[^\\x00]*$")] | GroupNumber | None = None
    mode: Mode | None = None


class PosixStorage(Storage, WritesDocuments, WritesLots):
    """Files under a folder.

    A file appears under its name by a hard link, which never replaces
    another, when it is whole; then it and its folder are flushed to disk.
    Those of a lot are flushed once each, at its end.
    A symbolic link inside the root may name a file outside, since that is
    how a file is ingested by ``symlink``; a folder that leads outside is
    refused. What the storage has written nobody writes to again: the file is
    read-only from when it has its name. A file that has another name outside
    keeps the permissions that it has there.

    Parameters
    ----------
    folder : `~pathlib.Path`
        The root; made when it is marked, or at the first write.
    permissions : `~butler.datastore.storage.permissions.Permissions`, optional
        Group and mode of files and folders; by default what kernel and umask
        give.
    """

    options = PosixOptions

    def __init__(self, folder: Path, permissions: Permissions | None = None) -> None:
        self._folder = Path(os.path.abspath(folder))
        self._permissions = permissions or Permissions()
        self._mark = FolderMark(self._folder, self.root, self._make_folders)
        self._new_names: NewNames = KeptAtOnce()

    @classmethod
    def from_config(cls, name: str, options: PosixOptions, repo: Path) -> Self:
        """Use the folder ``root``, relative to the repository, with ``group`` and ``mode``."""
        return cls(repo / options.root, Permissions(options.group, options.mode))

    @property
    def root(self) -> str:
        """``file:///…/``."""
        return f"{file_uri(self._folder).rstrip('/')}/"

    @property
    def mark(self) -> RootMark:
        """The file ``.butler-datastore.json`` in the folder."""
        return self._mark

    @property
    def supports_links(self) -> bool:
        """Always."""
        return True

    def holds(self, folder: Path) -> bool:
        """By where the folder is: its name may lead through links."""
        return folder.resolve().is_relative_to(self._folder.resolve())

    def warnings(self) -> Iterator[str]:
        """Whether others could change what is in the root."""
        return warnings_about(self._folder, self._permissions)

    def lot(self) -> Lot[Storage]:
        """Flush each folder once, instead of once a file."""
        writer, together = copy(self), KeptTogether()
        writer._new_names = together
        return Lot(writer, together.flush)

    @contextmanager
    def create(self, path: str) -> Iterator[Path]:
        """Write beside the final name, then link."""
        final = self._inside(path)
        if os.path.lexists(final):
            raise path_taken(path)
        draft = final.with_name(f"{_temporary_prefix(final.name)}{secrets.token_hex(4)}.partial")
        with _typed(path):
            self._make_folders(final.parent)
            try:
                yield draft
                self._permissions.finish_file(draft)
                os.link(draft, final, follow_symlinks=False)
            except BaseException:
                draft.unlink(missing_ok=True)
                raise
            with taken_back_on_error(final):
                draft.unlink()
                self._new_names.keep(path, final)

    def write(self, path: str, content: bytes) -> None:
        """Write a file that has no name, then link; as `create` does where the system has no such files."""
        # A subclass that changes how a file is made must not be passed over.
        if type(self).create is not PosixStorage.create or not self._write_nameless(path, content):
            with self.create(path) as draft:
                draft.write_bytes(content)

    def _write_nameless(self, path: str, content: bytes) -> bool:
        """Write a file that has no name until it is whole, if the system can; whoever dies leaves nothing."""
        final = self._inside(path)
        folder = final.parent
        with _typed(path):
            self._make_folders(folder)
            try:
                draft = os.open(folder, _NAMELESS, 0o666)
            except OSError as error:
                if error.errno in _NO_NAMELESS:
                    return False
                raise
            try:
                left = memoryview(content)
                while left:
                    left = left[os.write(draft, left) :]
                self._permissions.finish_file(draft)
                try:
                    # Given a folder, though it needs none, this follows the link that leads to the file.
                    os.link(f"/proc/self/fd/{draft}", final, src_dir_fd=draft, follow_symlinks=True)
                except FileNotFoundError:
                    if os.path.exists(f"/proc/self/fd/{draft}"):
                        raise
                    return False
            finally:
                os.close(draft)
            with taken_back_on_error(final):
                self._new_names.keep(path, final)
        return True

    @contextmanager
    def local(self, path: str) -> Iterator[Path]:
        """The file itself."""
        file = self._inside(path)
        with _typed(path):
            try:
                found = file.stat()
            except NotADirectoryError as error:
                raise _missing(path, file) from error
        refuse_special(
            path, found, hint="Restore the file: what is there in its place, or behind its link, is none."
        )
        yield file

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
            except OSError as error:
                # A disk that is mounted read-only refuses before it looks whether anything is there.
                if error.errno != errno.EROFS or os.path.lexists(file):
                    raise
                return
            flush(file.parent)

    def paths(self) -> Iterator[str]:
        """Walk the folder; links to folders aren't followed, and a folder of another's is refused."""
        with typed(self._folder):
            for folder, names in files_below(self._folder):
                for name in names:
                    relative = os.path.relpath(os.path.join(folder, name), self._folder)
                    yield quote(os.fsencode(relative), safe="/+,=@")

    def is_temporary(self, path: str) -> bool:
        """Whether the last part is a name that `create` makes up."""
        return _TEMPORARY.fullmatch(path.rpartition("/")[2]) is not None

    def modified(self, path: str) -> datetime:
        """When its name or its bytes last changed; of a link its own, not its target's."""
        with _typed(path):
            return last_changed(self._inside(path))

    def sweep(self, paths: Iterable[str]) -> None:
        """Remove temporary files beside the paths, made for them; each folder is listed once."""
        prefixes: dict[Path, set[str]] = defaultdict(set)
        for path in paths:
            final = self._inside(path)
            prefixes[final.parent].add(_temporary_prefix(final.name))
        for folder, made_for in prefixes.items():
            with typed(folder):
                for name in _names(folder):
                    if (draft := _TEMPORARY.fullmatch(name)) and draft[1] in made_for:
                        (folder / name).unlink(missing_ok=True)

    def link(self, file: Path, path: str, *, symbolic: bool) -> None:
        """Link, never replacing another name."""
        final = self._inside(path)
        target = file.resolve()
        with _typed(path):
            self._make_folders(final.parent)
            try:
                if symbolic:
                    final.symlink_to(target)
                else:
                    final.hardlink_to(target)
            except OSError as error:
                if error.errno not in {errno.EXDEV, errno.EPERM, errno.EMLINK, errno.EOPNOTSUPP}:
                    raise
                raise NotSupportedError(
                    f"{str(file)!r} can't be linked into {self.root}: {error.strerror}",
                    hint="Ingest with mode 'copy' or 'symlink'.",
                ) from error
            with taken_back_on_error(final):
                self._new_names.keep(path, final)

    def seal(self, path: str) -> None:
        """Make a file read-only that has no name but this one."""
        file = self._inside(path)
        with _typed(path):
            found = file.lstat()
            if stat.S_ISREG(found.st_mode) and found.st_nlink == 1:
                self._permissions.finish_file(file)

    def _make_folders(self, folder: Path) -> None:
        refuse_open_to_all(self._folder)
        missing = []
        while not folder.is_dir():
            missing.append(folder)
            folder = folder.parent
        for each in reversed(missing):
            try:
                each.mkdir()
            except FileExistsError as error:
                if each.is_dir():  # another writer has just made it
                    continue
                raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(each)) from error
            if each.is_relative_to(self._folder):
                self._permissions.finish_folder(each)
            flush(each.parent)

    def _inside(self, path: str) -> Path:
        name = os.fsdecode(decode_path(path))
        if name == MARK_NAME:
            raise path_escapes(path)
        file = self._folder / name
        # What holds no part '..' can be led outside by a link only.
        folders = accumulate(name.split("/")[:-1], os.path.join, initial=str(self._folder))
        if any(map(os.path.islink, islice(folders, 1, None))) and not self.holds(file.parent):
            raise path_escapes(path)
        return file


def last_changed(file: Path) -> datetime:
    """When a file's name or bytes last changed, UTC; of a link its own, not its target's."""
    found = file.lstat()
    return datetime.fromtimestamp(max(found.st_mtime, found.st_ctime), UTC)


def _names(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return []


def _temporary_prefix(name: str) -> str:
    # Not the name itself: that may already be as long as a file name can be.
    return f".{sha256(os.fsencode(name)).hexdigest()[:16]}-"


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
        f"there is no file for {path!r}",
        hint="Run 'butler verify' to list what is gone.",
        details={"path": path, "file": str(file)},
    )

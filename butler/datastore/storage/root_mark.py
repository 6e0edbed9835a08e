"""The mark of a root that is a folder: a small file in it, which is none of its files."""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

from butler.datastore.marks import LONGEST_MARK, RootMark, RootState
from butler.datastore.storage.permissions import refuse_open_to_all
from butler.datastore.system_errors import refusal, typed
from butler.errors import DatastoreRootError

__all__ = ["MARK_NAME", "FolderMark", "files_below", "refuse_inside_root"]

MARK_NAME = ".butler-datastore.json"
"""No template makes it: each file's name ends in a dataset's id and what comes after."""

_CLUSTER = "PG_VERSION"
_REPOSITORY = "butler.yaml"
_OTHERS = {
    _CLUSTER: "a PostgreSQL server's",
    _REPOSITORY: "a repository's",
    MARK_NAME: "another datastore's root",
}
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
# Whatever has the name, nothing waits for it, and no link leads away.
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class FolderMark(RootMark):
    """The mark of a folder.

    Parameters
    ----------
    folder : `~pathlib.Path`
        The root.
    root : `str`
        Its URI.
    make_folders : callable
        Makes a folder and those above it, as the datastore's are to be.
    """

    def __init__(self, folder: Path, root: str, make_folders: Callable[[Path], None]) -> None:
        self._folder = folder
        self._name = str(folder)
        self._root = root
        self._make_folders = make_folders

    @property
    def root(self) -> str:
        """Of the folder."""
        return self._root

    def read(self) -> bytes | RootState:
        """Read it in the folder that was opened, whatever has its name afterwards."""
        try:  # not by a context manager: this is done before each put
            root = os.open(self._name, _FOLDER)
        except (FileNotFoundError, NotADirectoryError):
            return RootState.ABSENT
        except OSError as error:
            raise refusal(error, self._name) from error
        try:
            for name in (_CLUSTER, _REPOSITORY):
                if os.access(name, os.F_OK, dir_fd=root):
                    raise _shared(self._name, self._name, name)
            return _read_in(root)
        except OSError as error:
            raise refusal(error, self._name) from error
        finally:
            os.close(root)

    def write(self, content: bytes, *, instead_of: bytes | None) -> None:
        """Write a file beside it, flush it, and give it the name; never that of one that wasn't read."""
        refuse_inside_root(self._folder.parent)
        draft = f".{sha256(MARK_NAME.encode()).hexdigest()[:16]}-{secrets.token_hex(4)}.partial"
        with typed(self._name):
            self._make_folders(self._folder)
            root = os.open(self._name, _FOLDER)
            try:
                _write_in(root, draft, content)
                try:
                    self._give_name(root, draft, instead_of)
                except BaseException:
                    os.unlink(draft, dir_fd=root)
                    raise
                os.fsync(root)
            finally:
                os.close(root)

    def _give_name(self, root: int, draft: str, instead_of: bytes | None) -> None:
        found = _read_in(root)
        if isinstance(found, RootState) if instead_of is not None else not isinstance(found, RootState):
            raise self._meanwhile()
        if instead_of is not None:
            if found != instead_of:
                raise self._meanwhile()
            os.rename(draft, MARK_NAME, src_dir_fd=root, dst_dir_fd=root)
            return
        try:
            os.link(draft, MARK_NAME, src_dir_fd=root, dst_dir_fd=root, follow_symlinks=False)
        except FileExistsError:
            raise self._meanwhile() from None
        os.unlink(draft, dir_fd=root)

    def _meanwhile(self) -> DatastoreRootError:
        return DatastoreRootError(
            f"{self._name!r} bears another mark by now, which stays",
            hint="Look whose it is: 'butler datastore mark --dry-run'.",
            details={"root": self._name},
        )

    def refuse_shared(self) -> None:
        """By the names of the files in it, and in the folders around it."""
        refuse_open_to_all(self._folder)
        top = Path(os.path.realpath(self._name))
        with typed(self._name):
            for above in top.parents:
                for name in (_CLUSTER, MARK_NAME):
                    if os.path.lexists(above / name):
                        raise _shared(self._name, str(above), name)
            for _ in files_below(top):
                pass


def _read_in(root: int) -> bytes | RootState:
    try:
        file = os.open(MARK_NAME, _FILE, dir_fd=root)
    except FileNotFoundError:
        return RootState.UNMARKED if os.listdir(root) else RootState.EMPTY
    except OSError as error:
        if error.errno not in {errno.ELOOP, errno.ENXIO}:  # a link; a socket
            raise
        return RootState.OBSTRUCTED
    try:
        return os.read(file, LONGEST_MARK + 1)
    except IsADirectoryError:
        return RootState.OBSTRUCTED
    finally:
        os.close(file)


def _write_in(root: int, name: str, content: bytes) -> None:
    file = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600, dir_fd=root)
    try:
        with open(file, "wb") as written:
            written.write(content)
            written.flush()
            # It is no secret: whoever may enter the folder is to see whose it is.
            os.fchmod(file, 0o444)
            os.fsync(file)
    except BaseException:
        os.unlink(name, dir_fd=root)
        raise


def refuse_inside_root(folder: Path) -> None:
    """Refuse a folder that lies in a datastore's root, for what is to be none of its files.

    Raises
    ------
    DatastoreRootError
    """
    real = Path(os.path.realpath(folder))
    for above in (real, *real.parents):
        if os.path.lexists(above / MARK_NAME):
            raise DatastoreRootError(
                f"{str(folder)!r} is in the root of a datastore, {str(above)!r}",
                hint="Choose another folder: whoever looks after that datastore would take it for its files.",
                details={"folder": str(folder), "root": str(above)},
            )


def files_below(folder: str | Path) -> Iterator[tuple[str, list[str]]]:
    """Give each folder of a root, with the names of its files; links to folders aren't followed.

    Raises
    ------
    DatastoreRootError
        If one isn't the datastore's own.
    """
    top = os.fspath(folder)
    for within, _, names in os.walk(top, onerror=_not_listed):
        if not _OTHERS.keys().isdisjoint(names):
            for name in _OTHERS.keys() & set(names):
                if within != top or name != MARK_NAME:
                    raise _shared(top, within, name)
            names.remove(MARK_NAME)  # it is none of the datastore's files
        yield within, names


def _not_listed(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):
        raise error  # a folder left out would look like one without files


def _shared(root: str | Path, where: str, name: str) -> DatastoreRootError:
    return DatastoreRootError(
        f"{str(root)!r} can't be a datastore's root: {where!r} is {_OTHERS[name]}, which has {name!r} in it",
        hint="Give the datastore a folder of its own, such as 'data', outside of any other's: what is in it"
        " is taken for its files, and those that no dataset has may be deleted.",
        details={"root": str(root), "folder": where, "name": name},
    )

"""The mark of a root that is a folder: a small file in it, which is none of its files."""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from butler.datastore.marks import LONGEST_MARK, RootState
from butler.datastore.system_errors import typed
from butler.errors import DatastoreRootError

__all__ = ["MARK_NAME", "files_below", "read", "refuse_inside_root", "refuse_shared", "write"]

MARK_NAME = ".butler-datastore.json"
"""No template makes it: each file's name ends in a dataset's id and what comes after."""

_CLUSTER = "PG_VERSION"
_OTHERS = {
    _CLUSTER: "a PostgreSQL server's files",
    "butler.yaml": "a repository",
    MARK_NAME: "another datastore's root",
}
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
# Whatever has the name, nothing waits for it, and no link leads away.
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def read(folder: str) -> bytes | RootState:
    """Read a folder's mark; see `butler.datastore.marks.MarkedRoot.read_mark`."""
    with typed(folder):
        try:
            root = os.open(folder, _FOLDER)
        except (FileNotFoundError, NotADirectoryError):
            return RootState.ABSENT
        try:
            for name in (_CLUSTER, "butler.yaml"):
                if os.access(name, os.F_OK, dir_fd=root):
                    raise _shared(folder, folder, name)
            return _read_in(root)
        finally:
            os.close(root)


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


def write(folder: Path, content: bytes, draft: str, *, instead_of: bytes | None) -> None:
    """Set the mark of a folder that is there; see `butler.datastore.marks.MarkedRoot.write_mark`.

    Parameters
    ----------
    folder : `~pathlib.Path`
        The root.
    content : `bytes`
        What the mark is to say.
    draft : `str`
        What the name of its temporary file begins with.
    instead_of : `bytes` or `None`
        What it says now.
    """
    name = f"{draft}{secrets.token_hex(4)}.partial"
    with typed(folder):
        root = os.open(folder, _FOLDER)
        try:
            file = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600, dir_fd=root)
            try:
                with open(file, "wb") as written:
                    written.write(content)
                    written.flush()
                    # It is no secret: whoever may enter the folder is to see whose it is.
                    os.fchmod(file, 0o444)
                    os.fsync(file)
                _give_name(root, name, folder, instead_of)
            except BaseException:
                _unlink(root, name)
                raise
            os.fsync(root)
        finally:
            os.close(root)


def _give_name(root: int, name: str, folder: Path, instead_of: bytes | None) -> None:
    found = _read_in(root)
    if found != instead_of if instead_of is not None else not isinstance(found, RootState):
        raise _meanwhile(folder)
    if instead_of is not None:
        os.rename(name, MARK_NAME, src_dir_fd=root, dst_dir_fd=root)
        return
    try:
        os.link(name, MARK_NAME, src_dir_fd=root, dst_dir_fd=root, follow_symlinks=False)
    except FileExistsError:
        raise _meanwhile(folder) from None
    os.unlink(name, dir_fd=root)


def _unlink(root: int, name: str) -> None:
    with suppress(FileNotFoundError):
        os.unlink(name, dir_fd=root)


def _meanwhile(folder: Path) -> DatastoreRootError:
    return DatastoreRootError(
        f"{str(folder)!r} bears another mark by now, which stays",
        hint="Look whose it is: 'butler datastore mark --dry-run'.",
        details={"root": str(folder)},
    )


def refuse_shared(folder: Path) -> None:
    """Refuse a root with what isn't its own; see `butler.datastore.marks.MarkedRoot.refuse_shared`."""
    real = os.path.realpath(folder)
    with typed(folder):
        for above in (real, *map(str, Path(real).parents)):
            for name in _OTHERS:
                inside = name != "butler.yaml" if above != real else name != MARK_NAME
                if inside and os.path.lexists(os.path.join(above, name)):
                    raise _shared(folder, above, name)
        for _ in files_below(real):
            pass


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
            names.remove(MARK_NAME)
        yield within, names


def _not_listed(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):
        raise error  # a folder left out would look like one without files


def _shared(root: str | Path, where: str, name: str) -> DatastoreRootError:
    return DatastoreRootError(
        f"{str(root)!r} can't be a datastore's root: {where!r} is {_OTHERS[name]}",
        hint="Give the datastore a folder of its own, such as 'data', outside of any other's: what is in it"
        " is taken for its files, and those that no dataset has may be deleted.",
        details={"root": str(root), "folder": where, "name": name},
    )

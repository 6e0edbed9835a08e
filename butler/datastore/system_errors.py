"""What the operating system says no with, and the exception that it becomes."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike, fspath

from butler.errors import ArtifactMissingError, ButlerError, PermissionDeniedError, StorageError

__all__ = ["refusal", "typed"]

_HINTS = {
    errno.ENOSPC: "Free space there, then do the same again.",
    errno.EDQUOT: "Free space there, or ask for a larger quota, then do the same again.",
    errno.EFBIG: "Raise the limit ('ulimit -f'), or take a file system for larger files.",
    errno.EMFILE: "Close files, or raise the limit ('ulimit -n').",
    errno.ENFILE: "Other programs have too many files open: the limit is the computer's.",
    errno.EIO: "The disk or its connection fails: the system's log says more.",
    errno.EAGAIN: "It makes its readers wait, as no file on a disk does: see what it is.",
    errno.ESTALE: "The file server has forgotten it: mount it anew.",
}
_FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}


@contextmanager
def typed(what: str | PathLike[str]) -> Iterator[None]:
    """Raise the system's errors about a file as Butler's.

    Parameters
    ----------
    what : `str` or `~os.PathLike`
        The file, or an artifact's path.
    """
    try:
        yield
    except OSError as error:
        if isinstance(error, ButlerError):
            raise
        raise refusal(error, what) from error


def refusal(error: OSError, what: str | PathLike[str]) -> ButlerError:
    """Give the exception for one error of the system about a file."""
    name = fspath(what)
    details = {"path": name, "file": str(error.filename or name), "errno": error.errno}
    if isinstance(error, (FileNotFoundError, NotADirectoryError)):
        return ArtifactMissingError(f"there is no file {name!r}", hint="Check the path.", details=details)
    if error.errno in _FORBIDDEN:
        return PermissionDeniedError(
            f"{name!r} can't be used: {error.strerror}",
            hint="Check the owner and mode of the file and its folder, and how its disk is mounted.",
            details=details,
        )
    return StorageError(
        f"{name!r} can't be read or written: {error.strerror or error}",
        hint=_HINTS.get(error.errno or 0, "Correct what the system names, then do the same again."),
        details=details,
    )

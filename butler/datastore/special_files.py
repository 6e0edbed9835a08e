"""What has a file's name and is none: pipes, devices, and what the kernel makes up while it is read.

Whoever opens one of these may wait for ever, or read without an end.
"""

from __future__ import annotations

import os
import stat
from os import PathLike, fspath

from butler.errors import FormatError

__all__ = ["refuse_special"]

_MADE_UP = frozenset(
    {
        *("proc", "sysfs", "cgroup", "cgroup2", "debugfs", "tracefs", "securityfs", "configfs", "devpts"),
        *("mqueue", "bpf", "pstore", "efivarfs", "fusectl", "binfmt_misc", "nsfs", "selinuxfs", "rpc_pipefs"),
    }
)
"""File systems without bytes. Their files are regular ones by their mode, mostly of size 0."""

_MOUNTS = "/proc/self/mountinfo"

_ordinary: set[int] = set()
"""Devices that were found to be none of these. Not the others: the kernel gives a number again."""


def refuse_special(file: str | PathLike[str], found: os.stat_result, *, hint: str) -> None:
    """Refuse to read what isn't a regular file of an ordinary file system.

    Parameters
    ----------
    file : `str` or `~os.PathLike`
        The file, or an artifact's path, for the message.
    found : `os.stat_result`
        What the system says of it.
    hint : `str`
        What to do about it.

    Raises
    ------
    FormatError
        If it is a folder, a pipe, a device, or of a file system that makes
        up its files.
    """
    regular = stat.S_ISREG(found.st_mode)
    if regular and found.st_dev in _ordinary:  # of nearly all files, several times a file
        return
    name = fspath(file)
    details = {"file": name}
    if not regular:
        raise FormatError(f"{name!r} isn't a regular file", hint=hint, details=details)
    kind = _file_system(found.st_dev)
    if kind in _MADE_UP:
        raise FormatError(
            f"{name!r} isn't a file that is stored: it is of {kind}, which makes it up while it is read",
            hint=hint,
            details={**details, "file_system": kind},
        )
    _ordinary.add(found.st_dev)


def _file_system(device: int) -> str:
    """Name of the file system that has a device's number; nothing if the system doesn't tell."""
    wanted = f"{os.major(device)}:{os.minor(device)}"
    try:
        with open(_MOUNTS, encoding="utf-8", errors="surrogateescape") as mounts:
            for line in mounts:
                where, _, what = line.partition(" - ")
                if where.split(maxsplit=3)[2] == wanted:
                    return what.split(maxsplit=1)[0]
    except (OSError, IndexError):
        pass  # another system than Linux, or one that is shut in
    return ""

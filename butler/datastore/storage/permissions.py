"""Whose the files of a folder are, and who may write among them."""

from __future__ import annotations

import grp
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from msgspec import Meta

from butler.errors import ConfigError, PermissionDeniedError
from butler.strict import Before

__all__ = ["Mode", "Permissions", "refuse_open_to_all", "warnings_about"]

_MODE = re.compile(r"0?[0-7]{3}")
_WRITE = 0o222
_EXECUTE = 0o111
_WRITE_BY_ANYBODY = 0o002


def _mode_of(digits: object) -> int:
    if not isinstance(digits, str) or not _MODE.fullmatch(digits):
        raise ConfigError(
            f"{digits!r} is not a mode", hint="Give it as a text in octal digits, such as '0640'."
        )
    mode = int(digits, 8)
    if mode & (_EXECUTE | _WRITE_BY_ANYBODY) or not mode & 0o400:
        raise ConfigError(
            f"{digits!r} is not a mode for artifacts",
            hint="The owner reads, nobody executes, not everybody writes: '0640', '0644', '0660', '0664'.",
        )
    return mode


Mode = Annotated[
    int,
    Before(_mode_of),
    Meta(extra_json_schema={"written": {"type": "string", "pattern": "^0?[46][0246][04]$"}}),
]
"""In a type to be read: a file's mode, written in octal digits."""


@dataclass(frozen=True)
class Permissions:
    """The group and the mode of what a storage makes.

    Parameters
    ----------
    group : `str`, `int` or `None`
        Name or number; `None` for what the kernel gives.
    mode : `int` or `None`
        Of a file while it is written; `None` for what the umask leaves. A
        folder may also be entered by whoever may read it; a finished file is
        written to by nobody.
    """

    group: str | int | None = None
    mode: int | None = None

    @property
    def gid(self) -> int:
        """Number of the group; -1, which changes nothing, if none is configured.

        Looked up at a write: who only reads may be on a computer that doesn't
        know the group.

        Raises
        ------
        ConfigError
            If this computer doesn't know it.
        """
        if self.group is None:
            return -1
        if isinstance(self.group, int):
            return self.group
        try:
            return grp.getgrnam(self.group).gr_gid
        except KeyError as error:
            raise ConfigError(
                f"there is no group {self.group!r} on this computer",
                hint="Make it, or give its number as the datastore's 'group'.",
                details={"key": "group", "value": self.group},
            ) from error

    def finish_file(self, file: Path | int) -> None:
        """Give a file, or one that is open, its group, and let nobody write to it any more."""
        self._give(file)
        mode = stat.S_IMODE(os.stat(file).st_mode) if self.mode is None else self.mode
        os.chmod(file, mode & ~_WRITE)

    def finish_folder(self, folder: Path) -> None:
        """Give a new folder its group, which what is made in it inherits, and its mode."""
        if self.group is None and self.mode is None:
            return
        self._give(folder)
        mode = stat.S_IMODE(folder.stat().st_mode)
        if self.mode is not None:
            # Who may read what is in it must be able to enter it.
            mode = self.mode | (self.mode >> 2 & _EXECUTE) | (mode & stat.S_ISGID)
        folder.chmod(mode if self.group is None else mode | stat.S_ISGID)

    def _give(self, path: Path | int) -> None:
        gid = self.gid
        if gid == -1 or os.stat(path).st_gid == gid:
            return
        try:
            os.chown(path, -1, gid)
        except PermissionError as error:
            raise PermissionDeniedError(
                f"files can't be given to group {self.group!r} by an OS user who isn't in it",
                hint="Let an administrator add the user to the group, and log in again.",
                details={"group": self.group},
            ) from error


def warnings_about(folder: Path, permissions: Permissions) -> Iterator[str]:
    """Say why others than a storage's users could change what is in its folder.

    Parameters
    ----------
    folder : `~pathlib.Path`
        The root; nothing is said of one that isn't there yet.
    permissions : `Permissions`
        What the storage is configured to.
    """
    try:
        found = folder.stat()
    except OSError:
        return
    if found.st_mode & _WRITE_BY_ANYBODY:
        yield (
            f"anybody may write to the datastore's root {str(folder)!r},"
            f" mode {stat.S_IMODE(found.st_mode):04o}: chmod o-w"
        )
    try:
        shared = found.st_gid == permissions.gid
    except ConfigError as error:
        yield error.message
        return
    if found.st_uid not in {0, os.geteuid()} and not shared:
        yield (
            f"the datastore's root {str(folder)!r} belongs to another OS user, of id {found.st_uid},"
            " who may replace what is in it: chown it, or configure the group that both are in"
        )


def refuse_open_to_all(folder: Path) -> None:
    """Refuse to write where anybody may put another file in the place of an artifact.

    Raises
    ------
    PermissionDeniedError
        If the folder is writable by everybody, and not sticky.
    """
    try:
        mode = folder.stat().st_mode
    except OSError:
        return
    if mode & _WRITE_BY_ANYBODY and not mode & stat.S_ISVTX:
        raise PermissionDeniedError(
            f"{str(folder)!r} is open to all, mode {stat.S_IMODE(mode):04o}:"
            " anybody could replace what is stored there",
            hint=f"Close it: chmod o-w {folder}.",
            details={"folder": str(folder), "mode": f"{stat.S_IMODE(mode):04o}"},
        )

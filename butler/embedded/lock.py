"""The locks of a server: one that lives as long as it does and says where it runs, one of who manages it.

The server inherits an open, locked file from the process that starts it, so
that the kernel drops the lock when its last process has ended, however it
ended. Processes in another container on the same computer see the lock too,
where a process id would tell them nothing.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from butler.embedded.host import Host

__all__ = ["ServerLock", "claim", "exclusively"]


@dataclass(frozen=True, slots=True)
class ServerLock:
    """Where the server runs, or ran when it last ended without a stop.

    Parameters
    ----------
    host : `~butler.embedded.host.Host`
        Where it was started.
    ready : `bool`
        Whether it has come up.
    """

    host: Host
    ready: bool

    @classmethod
    def read(cls, path: Path) -> ServerLock | None:
        """Read it; `None` where no server runs, or one has only just begun to start."""
        try:
            fields = json.loads(path.read_bytes())
            return cls(Host(**fields["host"]), fields["ready"])
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def write(self, path: Path) -> None:
        """Write it in place: the file must stay the one that is locked."""
        text = json.dumps(asdict(self)).encode()
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            os.fchmod(fd, 0o644)
            os.ftruncate(fd, 0)
            os.pwrite(fd, text, 0)
            os.fsync(fd)
        finally:
            os.close(fd)


@contextmanager
def claim(path: Path, *, wait: bool = False, create: bool = True) -> Iterator[int | None]:
    """Take the server's lock.

    Parameters
    ----------
    path : `~pathlib.Path`
        The file that is locked.
    wait : `bool`
        Whether to wait for the end of a server that has it.
    create : `bool`
        Whether to make the file.

    Yields
    ------
    descriptor : `int` or `None`
        For the server to inherit; `None` if a server has it.

    Raises
    ------
    OSError
        If the file is a link, or isn't there and isn't to be made.
    """
    made = os.O_CREAT if create else 0
    fd = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW | made, 0o644)
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            yield None
        else:
            yield fd
    finally:
        os.close(fd)


@contextmanager
def exclusively(path: Path) -> Iterator[None]:
    """Let one process at a time start or stop the server; the others wait."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        yield
    finally:
        os.close(fd)

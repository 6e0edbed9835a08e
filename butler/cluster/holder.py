"""Who holds a cluster: a lock that lives as long as its server, and where that server runs.

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

from butler.cluster.host import Host

__all__ = ["Holder", "claim", "exclusively"]


@dataclass(frozen=True, slots=True)
class Holder:
    """Where the server runs, or ran when it last ended without a stop.

    Parameters
    ----------
    host : `~butler.cluster.host.Host`
        Where it was started.
    ready : `bool`
        Whether it has come up.
    """

    host: Host
    ready: bool

    @classmethod
    def read(cls, path: Path) -> Holder | None:
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
def claim(path: Path) -> Iterator[int | None]:
    """Take the server's lock.

    Yields
    ------
    descriptor : `int` or `None`
        For the server to inherit; `None` if a server has it.
    """
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
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

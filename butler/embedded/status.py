"""How a server does, as `EmbeddedServer.status` tells it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

__all__ = ["ServerStatus"]


@dataclass(frozen=True, slots=True)
class ServerStatus:
    """How a server does.

    Parameters
    ----------
    running : `bool`
        Whether its server answers.
    data_dir, log_dir, socket_dir : `~pathlib.Path`
        Where they are.
    port : `int`
        In the socket's name, and of TCP if the server listens.
    listen : `str` or `None`
        The address that it listens on.
    share : `bool`
        Whether any OS user may read.
    durable : `bool`
        Whether data survive a crash of the computer.
    user : `str`
        The OS user as whom the server runs.
    version : `int` or `None`
        Major version of PostgreSQL; `None` if the caller may not look.
    pid : `int` or `None`
        Of the server; `None` if it doesn't run, or the caller may not look.
    size : `int` or `None`
        Of the data, bytes; `None` if the caller may not look.
    """

    running: bool
    data_dir: Path
    log_dir: Path
    socket_dir: Path
    port: int
    listen: str | None
    share: bool
    durable: bool
    user: str
    version: int | None
    pid: int | None
    size: int | None

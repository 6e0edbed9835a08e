"""Whoever listens at the other end of a socket."""

from __future__ import annotations

import os
import socket
import struct
from pathlib import Path

__all__ = ["listener_lives"]


def listener_lives(client: socket.socket) -> bool:
    """Tell whether the process that began to listen hasn't ended.

    Parameters
    ----------
    client : `socket.socket`
        Connected to a Unix socket. A process that the listener was just
        making may hold that open for a while after the listener was killed.

    Returns
    -------
    lives : `bool`
        `True` also of one out of sight, such as in another container.
    """
    pid: int = struct.unpack("3i", client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0]
    try:
        if pid:
            os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # it is another user's
        pass
    try:
        # One that only waits for its parent to hear of its end has ended.
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "XZ"
    except OSError:
        return True

"""A relay between clients and a PostgreSQL server: real sockets, and the real bytes of both sides."""

from __future__ import annotations

import socket
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

__all__ = ["Carrier", "Relay"]

_CHUNK = 1 << 18

Carrier = Callable[[], None]
"""Passes on what one side says until either is gone, and raises `OSError` then or before."""


class Relay:
    """A socket that leads to a server's, maybe by a long way. Use it as a context manager.

    A subclass may look at what goes through: see `carriers`.

    Parameters
    ----------
    server : `~pathlib.Path` or `str`
        Folder of the server's socket.
    round_trip : `float`
        What a question and its answer take more, seconds.
    port : `int`
        In the socket's name.
    """

    def __init__(self, server: Path | str, *, round_trip: float = 0.0, port: int = 5432) -> None:
        self._server = str(server)
        self._one_way = round_trip / 2
        self._socket = f".s.PGSQL.{port}"

    def __enter__(self) -> Self:
        self._folder = tempfile.TemporaryDirectory(prefix="butler-relay-", dir="/tmp")
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(f"{self.host}/{self._socket}")
        self._listener.listen(128)
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, error_type: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._folder.cleanup()

    @property
    def host(self) -> str:
        """Folder of the socket to connect to instead."""
        return self._folder.name

    def through(self, dsn: str) -> str:
        """Give a DSN of the server as one that leads through here."""
        return dsn.replace(f"host={self._server}", f"host={self.host}")

    def admits(self) -> bool:
        """Tell whether the next client gets through."""
        return True

    def carriers(self, client: socket.socket, server: socket.socket) -> tuple[Carrier, Carrier]:
        """Give what passes on a client's calls, and what passes on the server's answers.

        Each runs in a thread of its own. Whoever ends hangs up on both.
        """
        return lambda: self._pass_on(client, server), lambda: self._pass_on(server, client)

    def _accept(self) -> None:
        with suppress(OSError):  # the listener is closed in the end
            while True:
                client, _ = self._listener.accept()
                server = socket.socket(socket.AF_UNIX)
                try:
                    if not self.admits():
                        raise ConnectionRefusedError
                    server.connect(f"{self._server}/{self._socket}")
                except OSError:  # it is down: whoever calls is to hear the same as from its own socket
                    client.close()
                    server.close()
                    continue
                for carry in self.carriers(client, server):
                    threading.Thread(target=_carry, args=(carry, client, server), daemon=True).start()

    def _pass_on(self, source: socket.socket, target: socket.socket) -> None:
        while chunk := source.recv(_CHUNK):
            time.sleep(self._one_way)
            target.sendall(chunk)


def _carry(carry: Carrier, client: socket.socket, server: socket.socket) -> None:
    with suppress(OSError):  # either end may go at any time
        carry()
    for end in (client, server):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()

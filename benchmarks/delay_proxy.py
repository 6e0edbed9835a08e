"""A network between client and server: real sockets that pass everything on a while later."""

from __future__ import annotations

import socket
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType

_SOCKET = ".s.PGSQL.5432"
_CHUNK = 1 << 18


class DelayProxy:
    """Stands before a PostgreSQL server and makes each round trip longer.

    Use it as a context manager.

    Parameters
    ----------
    server : `str`
        Folder of the server's socket.
    round_trip : `float`
        What a question and its answer take more, seconds.
    """

    def __init__(self, server: str, round_trip: float) -> None:
        self._server = server
        self._one_way = round_trip / 2
        self._listener = socket.socket(socket.AF_UNIX)
        self._folder = tempfile.TemporaryDirectory(prefix="butler-delay-")

    @property
    def host(self) -> str:
        """Folder of the socket to connect to instead."""
        return self._folder.name

    def __enter__(self) -> DelayProxy:
        self._listener.bind(str(Path(self.host, _SOCKET)))
        self._listener.listen()
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.close()
        self._folder.cleanup()

    def _accept(self) -> None:
        with suppress(OSError):  # the listener is closed in the end
            while True:
                client, _ = self._listener.accept()
                server = socket.socket(socket.AF_UNIX)
                server.connect(str(Path(self._server, _SOCKET)))
                for source, target in ((client, server), (server, client)):
                    threading.Thread(target=self._pass_on, args=(source, target), daemon=True).start()

    def _pass_on(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):  # either end may go at any time
            while chunk := source.recv(_CHUNK):
                time.sleep(self._one_way)
                target.sendall(chunk)
        for each in (source, target):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

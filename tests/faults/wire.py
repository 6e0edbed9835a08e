"""A relay between libpq and a server's socket, which can be cut, or kill the client, at the n-th call.

It knows where a message begins and ends, and nothing else: what goes through are the real bytes of both sides.
"""

from __future__ import annotations

import os
import signal
import socket
import struct
import tempfile
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Literal

__all__ = ["BEGIN", "Wire", "WireFault"]

BEGIN = b"the operation begins"
"""Calls are counted from the statement on that holds this."""

_CALLS = (b"Q", b"c")
"""A statement, and the end of a COPY: what the server answers when it has carried it out."""

_ANSWERED = (b"Z", b"G")
"""Ready for the next call, and ready for the rows of a COPY."""


@dataclass
class WireFault:
    """What happens at one call of a client.

    Parameters
    ----------
    number : `int`
        At which call after `BEGIN`, from 1.
    when : `str`
        ``before`` the server has heard of it, or ``after`` the server has carried it out, of which the
        client never hears.
    act : `str`
        ``cut`` the connection, ``kill`` the client, or ``wait`` for the test to say what happens.
    lasting : `bool`
        Whether nobody gets through from then on.
    """

    number: int
    when: Literal["before", "after"]
    act: Literal["cut", "kill", "wait"] = "cut"
    lasting: bool = False
    reached: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)


class Wire:
    """A socket that leads to the server's.

    Parameters
    ----------
    server : `~pathlib.Path`
        The server's socket.
    """

    def __init__(self, server: Path) -> None:
        self._server = str(server)
        self._name = server.name
        self._lock = threading.Lock()
        self._fault: WireFault | None = None
        self._calls = 0

    def __enter__(self) -> Wire:
        self._folder = tempfile.TemporaryDirectory(prefix="butler-wire-", dir="/tmp")
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(f"{self._folder.name}/{self._name}")
        self._listener.listen(128)
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._folder.cleanup()

    def through(self, dsn: str, host: str) -> str:
        """Give a DSN of the server as one that leads through here."""
        return dsn.replace(f"host={host}", f"host={self._folder.name}")

    def set(self, fault: WireFault) -> None:
        """Let this happen, once."""
        with self._lock:
            self._fault = fault
            self._calls = 0

    def heal(self) -> None:
        """Let everybody through."""
        with self._lock:
            self._fault = None

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                fault = self._fault
            if fault and fault.lasting and fault.reached.is_set():
                client.close()
                continue
            server = socket.socket(socket.AF_UNIX)
            try:
                server.connect(self._server)
            except OSError:  # it is down: whoever calls is to hear the same as from its own socket
                client.close()
                server.close()
                continue
            line = _Line(client, server, self._met)
            threading.Thread(target=line.carry_calls, daemon=True).start()
            threading.Thread(target=line.carry_answers, daemon=True).start()

    def _met(self, kind: bytes, body: bytes) -> WireFault | None:
        """Count a message, and give the fault that it meets."""
        with self._lock:
            fault = self._fault
            if fault is None:
                return None
            if fault.reached.is_set():
                return fault if fault.lasting and kind in _CALLS else None
            if kind == b"Q" and BEGIN in body:
                self._calls = 1
            elif kind in _CALLS and self._calls:
                if self._calls == fault.number:
                    return fault
                self._calls += 1
            return None


class _Line:
    """One connection."""

    def __init__(
        self, client: socket.socket, server: socket.socket, met: Callable[[bytes, bytes], WireFault | None]
    ) -> None:
        self._client, self._server, self._met = client, server, met
        self._unanswered: WireFault | None = None
        self._waiting: WireFault | None = None

    def carry_calls(self) -> None:
        """From client to server."""
        try:
            self._server.sendall(_startup(self._client))
            while True:
                kind, message = _message(self._client)
                fault = self._met(kind, message[5:])
                if fault and (fault.when == "before" or fault.reached.is_set()):
                    self._strike(fault)
                elif fault:
                    self._unanswered = fault
                self._server.sendall(message)
        except OSError:
            self._close()

    def carry_answers(self) -> None:
        """From server to client."""
        try:
            while True:
                kind, message = _message(self._server)
                if self._unanswered is None:
                    self._client.sendall(message)
                elif kind in _ANSWERED:
                    fault, self._unanswered = self._unanswered, None
                    self._strike(fault)
        except OSError:
            if self._waiting:  # the client hears of the server's end when the test says so
                self._waiting.released.wait(60)
            self._close()

    def _strike(self, fault: WireFault) -> None:
        if fault.act == "wait":
            self._waiting = fault
            fault.reached.set()
            fault.released.wait(60)
            if fault.when == "before":
                return
        fault.reached.set()
        if fault.act == "kill":
            peer = self._client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
            os.kill(struct.unpack("3i", peer)[0], signal.SIGKILL)
        raise ConnectionResetError

    def _close(self) -> None:
        for end in (self._client, self._server):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


def _startup(client: socket.socket) -> bytes:
    length = _exactly(client, 4)
    return length + _exactly(client, struct.unpack("!I", length)[0] - 4)


def _message(end: socket.socket) -> tuple[bytes, bytes]:
    head = _exactly(end, 5)
    return head[:1], head + _exactly(end, struct.unpack("!I", head[1:])[0] - 4)


def _exactly(end: socket.socket, size: int) -> bytes:
    parts = bytearray()
    while len(parts) < size:
        part = end.recv(size - len(parts))
        if not part:
            raise ConnectionResetError
        parts += part
    return bytes(parts)

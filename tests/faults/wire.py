"""A relay that can be cut, or kill the client, at the n-th call.

It knows where a message begins and ends, and nothing else.
"""

from __future__ import annotations

import os
import signal
import socket
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from butler.testing.relay import Carrier, Relay

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


class Wire(Relay):
    """A relay at which a fault can be laid."""

    def __init__(self, server: str) -> None:
        super().__init__(server)
        self._lock = threading.Lock()
        self._fault: WireFault | None = None
        self._calls = 0

    def set(self, fault: WireFault) -> None:
        """Let this happen, once."""
        with self._lock:
            self._fault = fault
            self._calls = 0

    def heal(self) -> None:
        """Let everybody through."""
        with self._lock:
            self._fault = None

    def admits(self) -> bool:
        with self._lock:
            fault = self._fault
        return not (fault and fault.lasting and fault.reached.is_set())

    def carriers(self, client: socket.socket, server: socket.socket) -> tuple[Carrier, Carrier]:
        line = _Line(client, server, self._met)
        return line.carry_calls, line.carry_answers

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
        self._server.sendall(_startup(self._client))
        while True:
            kind, message = _message(self._client)
            fault = self._met(kind, message[5:])
            if fault and (fault.when == "before" or fault.reached.is_set()):
                self._strike(fault)
            elif fault:
                self._unanswered = fault
            self._server.sendall(message)

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
        finally:
            if self._waiting:  # the client hears of the server's end when the test says so
                self._waiting.released.wait()

    def _strike(self, fault: WireFault) -> None:
        if fault.act == "wait":
            self._waiting = fault
            fault.reached.set()
            fault.released.wait()
            if fault.when == "before":
                return
        fault.reached.set()
        if fault.act == "kill":
            peer = self._client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
            os.kill(struct.unpack("3i", peer)[0], signal.SIGKILL)
        raise ConnectionResetError


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

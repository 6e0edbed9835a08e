"""Files that are compared once, however many datasets have parts of them."""

from __future__ import annotations

import time
from collections import OrderedDict
from concurrent.futures import Future
from math import inf
from threading import Lock
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from butler.datastore.interfaces import Datastore
    from butler.values import Artifact, ArtifactFault

__all__ = ["FileChecks"]

_Key: TypeAlias = tuple[str, str, int, bytes, bool]

_REMEMBERED = 10_000
"""Files: the datasets of one are registered together, so that their ids lie next to each other."""


class FileChecks:
    """Compares artifacts with their files, and remembers what became of those that hold parts.

    Safe in threads: who asks for a file that another thread is reading waits for that. What can't be
    read isn't remembered: it may be, the next time.

    Parameters
    ----------
    seconds : `float`
        For how long.
    """

    def __init__(self, seconds: float = inf) -> None:
        self._seconds = seconds
        self._lock = Lock()
        self._checks: OrderedDict[_Key, tuple[float, Future[ArtifactFault | None]]] = OrderedDict()

    def check(self, datastore: Datastore, artifact: Artifact, *, checksum: bool) -> ArtifactFault | None:
        """As `butler.datastore.interfaces.Datastore.check`, once a file."""
        if not artifact.part:
            return datastore.check(artifact, checksum=checksum)
        key = (datastore.name, artifact.file, artifact.size, artifact.sha256, checksum)
        reading: Future[ArtifactFault | None] = Future()
        with self._lock:
            since, known = self._checks.get(key, (-inf, None))
            if known is None or time.monotonic() - since > self._seconds:
                known = None
                self._checks[key] = time.monotonic(), reading
                if len(self._checks) > _REMEMBERED:
                    self._checks.popitem(last=False)
        if known is not None:
            return known.result()
        try:
            reading.set_result(datastore.check(artifact, checksum=checksum))
        except BaseException as error:
            reading.set_exception(error)
            with self._lock:
                self._checks.pop(key, None)
        return reading.result()

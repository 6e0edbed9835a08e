"""Time one statement many times."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

__all__ = ["timed"]

_WARM_UP = 20


def timed(cursor: Any, statement: str, parameters: Callable[[], tuple[Any, ...]], times: int) -> str:
    """Give the median and the 95th percentile, in milliseconds as a client sees them.

    Raises
    ------
    LookupError
        If the statement never finds anything: then nothing was measured.
    """
    took, found = [], 0
    for number in range(-_WARM_UP, times):
        values = parameters()
        begun = time.perf_counter()
        cursor.execute(statement, values)
        found += bool(cursor.fetchone()[0])
        if number >= 0:
            took.append((time.perf_counter() - begun) * 1e3)
    if not found:
        raise LookupError(f"{statement} found nothing at all, the last time for {values}")
    took.sort()
    return f"{took[times // 2]:.3f} / {took[times * 95 // 100]:.3f}"

"""How old a file has to be before it may go."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from butler.registry import Registry

__all__ = ["so_long_ago"]


def so_long_ago(registry: Registry, age: timedelta) -> datetime:
    """Give the time that lies so far back by the clock that is behind, the registry's or this computer's.

    What is older is older by both: one clock that is days ahead has nobody's
    file deleted while it is written.
    """
    try:
        return min(registry.puts.now(), datetime.now(UTC)) - age
    except OverflowError:  # nothing is so old
        return datetime.min.replace(tzinfo=UTC)

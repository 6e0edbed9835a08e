"""The ids of datasets, which say when they were made."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime, timedelta
from uuid import UUID

__all__ = ["made_at", "new_dataset_id", "new_dataset_ids"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FREE_BITS = (1 << 128) - 1 & ~(0xF000 << 64 | 0xC000 << 48)
_VERSION_7 = 0x7000 << 64 | 0x8000 << 48


def new_dataset_ids(count: int) -> list[UUID]:
    """Make ids of datasets: UUIDs of version 7, the time in milliseconds and then random bits.

    They ascend, so that the keys of datasets put together fill one page of the index after the other.
    """
    now, chance = time.time_ns() // 1_000_000 << 80, os.urandom(10 * count)
    made = sorted(
        (now | int.from_bytes(chance[at : at + 10])) & _FREE_BITS | _VERSION_7
        for at in range(0, len(chance), 10)
    )
    return [UUID(int=number) for number in made]


def new_dataset_id() -> UUID:
    """Make one; see `new_dataset_ids`."""
    return new_dataset_ids(1)[0]


def made_at(dataset_id: UUID) -> datetime | None:
    """Give when an id was made, UTC, as `new_dataset_ids` made it; `None` for one of another version."""
    if dataset_id.version != 7:
        return None
    return _EPOCH + timedelta(milliseconds=dataset_id.int >> 80)

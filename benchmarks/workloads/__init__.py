"""The workloads, a module each; every one has our side, the peer's and the limit's.

What a side imports, it imports when it is made: each lives in an environment of its own.
"""

from __future__ import annotations

from benchmarks.work import Work
from benchmarks.workloads import (
    associating,
    delayed,
    getting,
    ingesting,
    listing,
    opening,
    putting,
    removing,
    space,
)

__all__ = ["WORKLOADS", "named"]

WORKLOADS: tuple[Work, ...] = (
    *opening.WORKS,
    *putting.WORKS,
    *getting.WORKS,
    *delayed.WORKS,
    *ingesting.WORKS,
    *listing.WORKS,
    *associating.WORKS,
    *removing.WORKS,
    *space.WORKS,
)


def named(name: str) -> Work:
    """Give a workload by its name.

    Raises
    ------
    LookupError
        If there is none.
    """
    for work in WORKLOADS:
        if work.name == name:
            return work
    raise LookupError(f"no workload {name!r}; there are {', '.join(work.name for work in WORKLOADS)}")

"""Put and get over a network: each round trip takes 5 ms more."""

from __future__ import annotations

from benchmarks.work import Work
from benchmarks.workloads import getting, putting

_DELAY = 0.005

WORKS = (
    Work(
        name="put_delayed",
        title="put, 5 ms a round trip",
        unit="datasets/s",
        size=100,
        sides={"ours": putting.Ours, "peer": putting.Peer, "limit": putting.Limit},
        aim=11,
        delay=_DELAY,
        settled=True,
    ),
    Work(
        name="get_delayed",
        title="get, 5 ms a round trip",
        unit="datasets/s",
        size=100,
        sides={"ours": getting.Ours, "peer": getting.Peer, "limit": getting.Limit},
        aim=10,
        delay=_DELAY,
    ),
)

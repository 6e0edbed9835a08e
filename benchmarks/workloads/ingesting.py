"""Files that lie somewhere already, ingested where they are."""

from __future__ import annotations

from collections.abc import Callable

from benchmarks import survey
from benchmarks.place import Place
from benchmarks.timing import at_once, timed
from benchmarks.work import Work

PARTS = 10


def _begin_ours(place: Place, run: str, first: int, count: int) -> Callable[[], None]:
    from benchmarks.sides import ours

    butler = ours.open_butler(place, run)
    butler.collections.register(run, "run")
    files = survey.raw_files(place.raws, count, first)
    data_ids = list(map(ours.data_id, survey.observed(count, first)))

    def work() -> None:
        butler.ingest(zip(files, data_ids, strict=True), "raw", mode="in-place")

    return work


def _begin_peer(place: Place, run: str, first: int, count: int) -> Callable[[], None]:
    from benchmarks.sides import peer

    butler = peer.open_butler(place, run)
    butler.collections.register(run)
    files = survey.raw_files(place.raws, count, first)
    datasets = peer.to_ingest(butler, files, survey.observed(count, first), run)

    def work() -> None:
        butler.ingest(*datasets, transfer="direct")

    return work


def _begin_limit(place: Place, run: str, first: int, count: int) -> Callable[[], None]:
    from benchmarks.sides import limit

    cursor = limit.connect(place).cursor()
    rows = limit.staged(place, count, hash(run) % 2**31, first)
    return lambda: limit.copy(cursor, rows)


class _InOne:
    begin: Callable[..., Callable[[], None]]

    def __init__(self, place: Place, size: int) -> None:
        self._place = place
        self._size = size

    def measure(self, repetition: int) -> float:
        work = type(self).begin(self._place, f"ingest/{repetition}", 0, self._size)
        with timed() as watch:
            work()
        return self._size / watch.seconds


class _InTwo(_InOne):
    def measure(self, repetition: int) -> float:
        half = self._size // 2
        survey.raw_files(self._place.raws, self._size)
        run = f"ingest/{repetition}"
        seconds = at_once(type(self).begin, [(self._place, run, first, half) for first in (0, half)])
        return 2 * half / seconds


class _Million(_InOne):
    """Ten times as many, a run after the other: the rate of all."""

    def measure(self, repetition: int) -> float:
        part, seconds = self._size // PARTS, 0.0
        for number in range(PARTS):
            work = type(self).begin(self._place, f"million/{repetition}/{number}", 0, part)
            with timed() as watch:
                work()
            seconds += watch.seconds
        return PARTS * part / seconds


class Ours(_InOne):
    begin = staticmethod(_begin_ours)


class Peer(_InOne):
    begin = staticmethod(_begin_peer)


class Limit(_InOne):
    begin = staticmethod(_begin_limit)


class OursInTwo(_InTwo):
    begin = staticmethod(_begin_ours)


class PeerInTwo(_InTwo):
    begin = staticmethod(_begin_peer)


class LimitInTwo(_InTwo):
    begin = staticmethod(_begin_limit)


class OursMillion(_Million):
    begin = staticmethod(_begin_ours)


class LimitMillion(_Million):
    begin = staticmethod(_begin_limit)


WORKS = (
    Work(
        name="ingest",
        title="ingest 100 000 in place",
        unit="datasets/s",
        size=100_000,
        sides={"ours": Ours, "peer": Peer, "limit": Limit},
        aim=5,
        fresh=True,
    ),
    Work(
        name="ingest_two",
        title="the same by two processes",
        unit="datasets/s",
        size=100_000,
        sides={"ours": OursInTwo, "peer": PeerInTwo, "limit": LimitInTwo},
        aim=6,
        stretch=8,
        fresh=True,
    ),
    Work(
        name="ingest_million",
        title="a million in ten runs",
        unit="datasets/s",
        size=1_000_000,
        sides={"ours": OursMillion, "limit": LimitMillion},
        fresh=True,
        repetitions=1,
    ),
)

"""Refs of a whole run as an Arrow table, and how memory grows with the list where it is streamed."""

from __future__ import annotations

import io
import resource
from abc import ABC, abstractmethod
from collections.abc import Callable

from benchmarks.place import Place
from benchmarks.timing import timed
from benchmarks.work import Work

_COLUMNS = "SELECT dataset_id, camera, visit, sensor, run FROM dataset WHERE run = 1"


class Ours:
    def __init__(self, place: Place, size: int) -> None:
        from benchmarks.sides import ours

        self._butler = ours.open_butler(place, collections=[ours.FILLED])

    def measure(self, repetition: int) -> float:
        with timed() as watch:
            table = self._butler.query.datasets("raw").to_arrow()
        return table.num_rows / watch.seconds


class Peer:
    def __init__(self, place: Place, size: int) -> None:
        from benchmarks.sides import peer

        self._butler = peer.open_butler(place, collections=[peer.FILLED])

    def measure(self, repetition: int) -> float:
        with timed() as watch:
            refs = self._butler.query_datasets("raw", limit=None)
        return len(refs) / watch.seconds


class Limit:
    def __init__(self, place: Place, size: int) -> None:
        from benchmarks.sides import limit

        self._cursor = limit.connect(place).cursor()

    def measure(self, repetition: int) -> float:
        import pyarrow.csv

        with timed() as watch:
            copied = io.BytesIO()
            self._cursor.copy_expert(f"COPY ({_COLUMNS}) TO STDOUT WITH (FORMAT csv, HEADER)", copied)
            copied.seek(0)
            table = pyarrow.csv.read_csv(copied)
        return table.num_rows / watch.seconds


class _Growth(ABC):
    """Goes through a tenth of the list, then through all of it, and gives by how much the peak grew."""

    def __init__(self, place: Place, size: int) -> None:
        self._place = place
        self._size = size

    def measure(self, repetition: int) -> float:
        go_through = self._reader()
        go_through(self._size // 10)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        go_through(self._size)
        return (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024

    @abstractmethod
    def _reader(self) -> Callable[[int], None]:
        """Give what goes through so much of the list."""


class OurGrowth(_Growth):
    def _reader(self) -> Callable[[int], None]:
        from benchmarks.sides import ours

        butler = ours.open_butler(self._place, collections=[ours.FILLED])

        def go_through(count: int) -> None:
            for batch in butler.query.datasets("raw").to_batches():
                count -= batch.num_rows
                if count <= 0:
                    break

        return go_through


class PeersGrowth(_Growth):
    def _reader(self) -> Callable[[int], None]:
        from benchmarks.sides import peer

        butler = peer.open_butler(self._place, collections=[peer.FILLED])

        def go_through(count: int) -> None:
            butler.query_datasets("raw", limit=count)

        return go_through


class LimitsGrowth(_Growth):
    def _reader(self) -> Callable[[int], None]:
        from benchmarks.sides import limit

        cursor = limit.connect(self._place).cursor()

        def go_through(count: int) -> None:
            with open("/dev/null", "wb") as nowhere:
                cursor.copy_expert(f"COPY ({_COLUMNS} LIMIT {count}) TO STDOUT WITH (FORMAT csv)", nowhere)

        return go_through


WORKS = (
    Work(
        name="list",
        title="list 100 000 refs to Arrow",
        unit="datasets/s",
        size=100_000,
        sides={"ours": Ours, "peer": Peer, "limit": Limit},
        aim=6,
        stretch=8,
        filled=True,
        repetitions=5,
    ),
    Work(
        name="stream",
        title="memory that grows from 10 000 refs to 100 000",
        unit="MB",
        size=100_000,
        sides={"ours": OurGrowth, "peer": PeersGrowth, "limit": LimitsGrowth},
        at_most=10,
        cost=True,
        filled=True,
        fresh=True,
    ),
)

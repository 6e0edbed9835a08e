"""Refs of a whole run as an Arrow table, and the memory that it takes to stream them."""

from __future__ import annotations

import io

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
)

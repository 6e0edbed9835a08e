"""A whole run removed, with its datasets."""

from __future__ import annotations

from benchmarks.place import Place
from benchmarks.timing import timed
from benchmarks.work import Work


class Ours:
    def __init__(self, place: Place, size: int) -> None:
        from benchmarks.sides import ours

        self._run = ours.FILLED
        self._butler = ours.open_butler(place)
        self._count = len(self._butler.query.datasets("raw", collections=self._run))

    def measure(self, repetition: int) -> float:
        with timed() as watch:
            self._butler.removal.remove_collection(self._run, datasets=True, reason="measured")
        return self._count / watch.seconds


class Peer:
    def __init__(self, place: Place, size: int) -> None:
        from benchmarks.sides import peer

        self._run = peer.FILLED
        self._butler = peer.open_butler(place)
        self._count = len(self._butler.query_datasets("raw", self._run, limit=None))

    def measure(self, repetition: int) -> float:
        with timed() as watch:
            self._butler.removeRuns([self._run])
        return self._count / watch.seconds


class Limit:
    def __init__(self, place: Place, size: int) -> None:
        from benchmarks.sides import limit

        self._cursor = limit.connect(place).cursor()
        self._run = limit.FILLED

    def measure(self, repetition: int) -> float:
        with timed() as watch:
            self._cursor.execute(
                "WITH gone AS (DELETE FROM dataset WHERE run = %s RETURNING dataset_id)"
                " DELETE FROM artifact AS a USING gone AS g WHERE a.dataset_id = g.dataset_id",
                (self._run,),
            )
        return self._cursor.rowcount / watch.seconds


WORKS = (
    Work(
        name="remove",
        title="remove a run of 100 000",
        unit="datasets/s",
        size=100_000,
        sides={"ours": Ours, "peer": Peer, "limit": Limit},
        aim=4,
        stretch=7,
        filled=True,
        fresh=True,
    ),
)

"""A whole run put into a tagged collection."""

from __future__ import annotations

from benchmarks.place import Place
from benchmarks.timing import timed
from benchmarks.work import Work


class Ours:
    def __init__(self, place: Place, size: int) -> None:
        from benchmarks.sides import ours

        self._butler = ours.open_butler(place)
        self._refs = list(self._butler.query.datasets("raw", collections=ours.FILLED))

    def measure(self, repetition: int) -> float:
        tag = f"tag/{repetition}"
        self._butler.collections.register(tag, "tagged")
        with timed() as watch:
            self._butler.associate(tag, self._refs)
        return len(self._refs) / watch.seconds


class Peer:
    def __init__(self, place: Place, size: int) -> None:
        from benchmarks.sides import peer

        self._butler = peer.open_butler(place)
        self._refs = self._butler.query_datasets("raw", peer.FILLED, limit=None)

    def measure(self, repetition: int) -> float:
        from lsst.daf.butler import CollectionType

        tag = f"tag/{repetition}"
        self._butler.collections.register(tag, CollectionType.TAGGED)
        with timed() as watch:
            self._butler.registry.associate(tag, self._refs)
        return len(self._refs) / watch.seconds


class Limit:
    def __init__(self, place: Place, size: int) -> None:
        from benchmarks.sides import limit

        self._cursor = limit.connect(place).cursor()
        self._run = limit.FILLED

    def measure(self, repetition: int) -> float:
        with timed() as watch:
            self._cursor.execute(
                "INSERT INTO tag SELECT %s, dataset_id FROM dataset WHERE run = %s", (repetition, self._run)
            )
        return self._cursor.rowcount / watch.seconds


WORKS = (
    Work(
        name="associate",
        title="associate 100 000",
        unit="datasets/s",
        size=100_000,
        sides={"ours": Ours, "peer": Peer, "limit": Limit},
        aim=3,
        stretch=5,
        filled=True,
    ),
)

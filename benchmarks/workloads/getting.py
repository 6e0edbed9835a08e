"""Small dicts got one by one, by their labels."""

from __future__ import annotations

import json

from benchmarks import survey
from benchmarks.place import Place
from benchmarks.timing import timed
from benchmarks.work import Work

RUN = "get"


class Ours:
    def __init__(self, place: Place, size: int) -> None:
        from benchmarks.sides import ours

        self._labels = [ours.data_id(label) for label in survey.labels(size)]
        with ours.open_butler(place, RUN) as butler:
            butler.put_many(
                [(survey.small_dict(number), label) for number, label in enumerate(self._labels)], "metric"
            )
        self._butler = ours.open_butler(place, collections=[RUN])
        self._butler.get("metric", self._labels[0])

    def measure(self, repetition: int) -> float:
        with timed() as watch:
            for label in self._labels:
                self._butler.get("metric", label)
        return len(self._labels) / watch.seconds


class Peer:
    def __init__(self, place: Place, size: int) -> None:
        from benchmarks.sides import peer

        self._labels = [peer.metric_id(label) for label in survey.labels(size)]
        butler = peer.open_butler(place, RUN)
        with butler.transaction():
            for number, label in enumerate(self._labels):
                butler.put(survey.small_dict(number), "metric", label)
        self._butler = peer.open_butler(place, collections=[RUN])
        self._butler.get("metric", self._labels[0])

    def measure(self, repetition: int) -> float:
        with timed() as watch:
            for label in self._labels:
                self._butler.get("metric", label)
        return len(self._labels) / watch.seconds


class Limit:
    def __init__(self, place: Place, size: int) -> None:
        from benchmarks.sides import limit

        self._limit = limit
        self._cursor = limit.connect(place).cursor()
        self._labels = list(survey.labels(size))
        for number, label in enumerate(self._labels):
            limit.put(self._cursor, place.folder, 1, label, json.dumps(survey.small_dict(number)).encode())

    def measure(self, repetition: int) -> float:
        with timed() as watch:
            for label in self._labels:
                json.loads(self._limit.get(self._cursor, 1, label))
        return len(self._labels) / watch.seconds


WORKS = (
    Work(
        name="get",
        title="get by data ID",
        unit="datasets/s",
        size=1000,
        sides={"ours": Ours, "peer": Peer, "limit": Limit},
        aim=10,
        stretch=15,
    ),
)

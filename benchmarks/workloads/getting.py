"""Small dicts got one by one, by their data IDs."""

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

        self._data_ids = list(map(ours.data_id, survey.observed(size)))
        with ours.open_butler(place, RUN) as butler:
            butler.put_many(
                [(survey.small_dict(number), data_id) for number, data_id in enumerate(self._data_ids)],
                "metric",
            )
        self._butler = ours.open_butler(place, collections=[RUN])
        self._butler.get("metric", self._data_ids[0])

    def measure(self, repetition: int) -> float:
        with timed() as watch:
            for data_id in self._data_ids:
                self._butler.get("metric", data_id)
        return len(self._data_ids) / watch.seconds


class Peer:
    def __init__(self, place: Place, size: int) -> None:
        from benchmarks.sides import peer

        self._data_ids = list(map(peer.metric_id, survey.observed(size)))
        butler = peer.open_butler(place, RUN)
        with butler.transaction():
            for number, data_id in enumerate(self._data_ids):
                butler.put(survey.small_dict(number), "metric", data_id)
        self._butler = peer.open_butler(place, collections=[RUN])
        self._butler.get("metric", self._data_ids[0])

    def measure(self, repetition: int) -> float:
        with timed() as watch:
            for data_id in self._data_ids:
                self._butler.get("metric", data_id)
        return len(self._data_ids) / watch.seconds


class Limit:
    def __init__(self, place: Place, size: int) -> None:
        from benchmarks.sides import limit

        self._limit = limit
        self._cursor = limit.connect(place).cursor()
        self._data_ids = list(survey.observed(size))
        for number, data_id in enumerate(self._data_ids):
            limit.put(self._cursor, place.folder, 1, data_id, json.dumps(survey.small_dict(number)).encode())

    def measure(self, repetition: int) -> float:
        with timed() as watch:
            for data_id in self._data_ids:
                json.loads(self._limit.get(self._cursor, 1, data_id))
        return len(self._data_ids) / watch.seconds


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

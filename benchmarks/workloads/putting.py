"""Small dicts put one by one, as the outputs of quanta, and by eight processes into one run."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import survey
from benchmarks.place import Place
from benchmarks.timing import at_once, timed
from benchmarks.work import Work

if TYPE_CHECKING:  # the peer's environment hasn't ours
    from butler import Butler

PROCESSES = 8
OUTPUTS = 20
"""Of a quantum."""


class Ours:
    def __init__(self, place: Place, size: int) -> None:
        from benchmarks.sides import ours

        self._place = place
        self._butler = ours.open_butler(place)
        self._data_ids = list(map(ours.data_id, survey.observed(size)))
        self._warm = ours.data_id(next(survey.observed(1)))

    def measure(self, repetition: int) -> float:
        run = f"put/{repetition}"
        self._butler.put(survey.small_dict(0), "metric", self._warm, run=f"{run}/warm")
        self._butler.collections.register(run, "run")
        with timed() as watch:
            for number, data_id in enumerate(self._data_ids):
                self._butler.put(survey.small_dict(number), "metric", data_id, run=run)
        return len(self._data_ids) / watch.seconds


class OursOfQuanta(Ours):
    """The same, registered with the end of the quantum that has made them.

    The peer has no such thing in its butler, and puts them one by one.
    """

    def measure(self, repetition: int) -> float:
        from benchmarks.sides import ours

        run = f"quantum/{repetition}"
        with ours.open_butler(self._place, run) as butler:
            with butler.quantum("warm", self._warm) as quantum:
                quantum.put(survey.small_dict(0), "raw", self._warm)
            return self._measure(butler)

    def _measure(self, butler: Butler) -> float:
        with timed() as watch:
            for first in range(0, len(self._data_ids), OUTPUTS):
                outputs = self._data_ids[first : first + OUTPUTS]
                with butler.quantum("measure", outputs[0]) as quantum:
                    for number, data_id in enumerate(outputs, first):
                        quantum.put(survey.small_dict(number), "metric", data_id)
        return len(self._data_ids) / watch.seconds


class Peer:
    def __init__(self, place: Place, size: int) -> None:
        from benchmarks.sides import peer

        self._butler = peer.open_butler(place)
        self._data_ids = list(map(peer.metric_id, survey.observed(size)))
        self._warm = self._data_ids[0]

    def measure(self, repetition: int) -> float:
        run = f"put/{repetition}"
        self._butler.collections.register(f"{run}/warm")
        self._butler.put(survey.small_dict(0), "metric", self._warm, run=f"{run}/warm")
        self._butler.collections.register(run)
        with timed() as watch:
            for number, data_id in enumerate(self._data_ids):
                self._butler.put(survey.small_dict(number), "metric", data_id, run=run)
        return len(self._data_ids) / watch.seconds


class Limit:
    def __init__(self, place: Place, size: int) -> None:
        from benchmarks.sides import limit

        self._limit = limit
        self._cursor = limit.connect(place).cursor()
        self._folder = place.folder
        self._data_ids = list(survey.observed(size))

    def measure(self, repetition: int) -> float:
        with timed() as watch:
            for number, data_id in enumerate(self._data_ids):
                content = json.dumps(survey.small_dict(number)).encode()
                self._limit.put(self._cursor, self._folder, repetition, data_id, content)
        return len(self._data_ids) / watch.seconds


class _AtOnce:
    """The same work shared between processes."""

    begin: Callable[..., Callable[[], None]]

    def __init__(self, place: Place, size: int) -> None:
        self._place = place
        self._each = max(1, size // PROCESSES)

    def measure(self, repetition: int) -> float:
        begin = type(self).begin
        shares = [
            (self._place, f"at-once/{repetition}", n * self._each, self._each) for n in range(PROCESSES)
        ]
        return PROCESSES * self._each / at_once(begin, shares)


def _begin_ours(place: Place, run: str, first: int, count: int) -> Callable[[], None]:
    from benchmarks.sides import ours

    butler = ours.open_butler(place, run)
    data_ids = list(map(ours.data_id, survey.observed(count, first)))
    butler.put(survey.small_dict(0), "metric", data_ids[0], run=f"{run}/warm/{first}")

    def work() -> None:
        for number, data_id in enumerate(data_ids):
            butler.put(survey.small_dict(number), "metric", data_id)

    return work


def _begin_peer(place: Place, run: str, first: int, count: int) -> Callable[[], None]:
    from benchmarks.sides import peer

    butler = peer.open_butler(place, run)
    data_ids = list(map(peer.metric_id, survey.observed(count, first)))
    butler.collections.register(f"{run}/warm/{first}")
    butler.put(survey.small_dict(0), "metric", data_ids[0], run=f"{run}/warm/{first}")

    def work() -> None:
        for number, data_id in enumerate(data_ids):
            butler.put(survey.small_dict(number), "metric", data_id)

    return work


def _begin_limit(place: Place, run: str, first: int, count: int) -> Callable[[], None]:
    from benchmarks.sides import limit

    cursor = limit.connect(place).cursor()
    folder = Path(place.folder, run)
    folder.mkdir(parents=True, exist_ok=True)
    number = int(run.rpartition("/")[2])

    def work() -> None:
        for place_of_it, data_id in enumerate(survey.observed(count, first)):
            content = json.dumps(survey.small_dict(place_of_it)).encode()
            limit.put(cursor, folder, number, data_id, content)

    return work


class OursAtOnce(_AtOnce):
    begin = staticmethod(_begin_ours)


class PeerAtOnce(_AtOnce):
    begin = staticmethod(_begin_peer)


class LimitAtOnce(_AtOnce):
    begin = staticmethod(_begin_limit)


WORKS = (
    Work(
        name="put",
        title="put of a small dict",
        unit="datasets/s",
        size=1000,
        sides={"ours": Ours, "peer": Peer, "limit": Limit},
        aim=3.5,
        stretch=5,
        settled=True,
    ),
    Work(
        name="quantum",
        title=f"a dataset of a quantum of {OUTPUTS} outputs",
        unit="datasets/s",
        size=1000,
        sides={"ours": OursOfQuanta, "peer": Peer, "limit": Limit},
        aim=6,
        stretch=10,
        settled=True,
    ),
    Work(
        name="put_at_once",
        title=f"{PROCESSES} processes putting into one run",
        unit="datasets/s",
        size=PROCESSES * 150,
        sides={"ours": OursAtOnce, "peer": PeerAtOnce, "limit": LimitAtOnce},
        aim=5,
        stretch=8,
        settled=True,
    ),
)

"""A made-up survey: plain rows that know no butler's interface, so that the same drive all sides.

One camera of a hundred sensors in a square, and visits that look at random places near the equator.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

CAMERA = "Bench"
FILTERS = {f"{band}_bench": band for band in "grizy"}
SENSORS = 100
EXPOSURE_SECONDS = 30.0
VISITS_A_NIGHT = 100

_SIDE = math.isqrt(SENSORS)
_PITCH, _SIZE = 0.21, 0.20
_FIRST_NIGHT = date(2026, 1, 1)

Corners = list[tuple[float, float]]
"""Vertices (ra, dec), ICRS, degrees, counter-clockwise."""


class Observed(NamedTuple):
    """What a dataset of one sensor in one visit goes by."""

    visit: int
    sensor: int


@dataclass(frozen=True)
class Visit:
    """One pointing of the telescope; times are TAI."""

    visit: int
    ra: float
    dec: float
    physical_filter: str
    night: date
    seq_num: int

    @property
    def begin(self) -> datetime:
        """When the shutter opened."""
        midnight = datetime(self.night.year, self.night.month, self.night.day)
        return midnight + timedelta(seconds=60.0 * self.seq_num)

    @property
    def end(self) -> datetime:
        """When it closed."""
        return self.begin + timedelta(seconds=EXPOSURE_SECONDS)

    @property
    def region(self) -> Corners:
        """What the whole camera saw."""
        half = _SIDE * _PITCH / 2
        return self._square(0.0, 0.0, half)

    def sensor_regions(self) -> Iterator[tuple[int, Corners]]:
        """What each sensor saw."""
        for sensor in range(SENSORS):
            x = (sensor % _SIDE - (_SIDE - 1) / 2) * _PITCH
            y = (sensor // _SIDE - (_SIDE - 1) / 2) * _PITCH
            yield sensor, self._square(x, y, _SIZE / 2)

    def _square(self, x: float, y: float, half: float) -> Corners:
        stretch = math.cos(math.radians(self.dec))
        return [
            (self.ra + (x + a * half) / stretch, self.dec + y + b * half)
            for a, b in ((-1, -1), (1, -1), (1, 1), (-1, 1))
        ]


def visits(count: int) -> Iterator[Visit]:
    """Give the first visits of the survey, the same at every call."""
    chance = random.Random(1)
    names = list(FILTERS)
    for place in range(count):
        yield Visit(
            place + 1,
            chance.uniform(32.0, 60.0),
            chance.uniform(-6.0, 6.0),
            names[place % len(names)],
            _FIRST_NIGHT + timedelta(days=place // VISITS_A_NIGHT),
            place % VISITS_A_NIGHT,
        )


def visits_needed(datasets: int) -> int:
    """Give how many visits it takes for this many datasets of one sensor in one visit."""
    return -(-datasets // SENSORS)


def observed(count: int, first: int = 0) -> Iterator[Observed]:
    """Give what datasets are of, visit by visit."""
    return (Observed(place // SENSORS + 1, place % SENSORS) for place in range(first, first + count))


def small_dict(number: int) -> dict[str, Any]:
    """Give what a task might leave as its metrics."""
    return {f"k{key}": number + key * 0.5 for key in range(10)}


def raw_files(folder: Path, count: int, first: int = 0) -> list[Path]:
    """Give files to ingest, a thousand a folder, written where they aren't there yet."""
    files = []
    for number in range(first, first + count):
        file = folder / f"{number // 1000:04d}" / f"{number}.yaml"
        if number % 1000 == 0:
            file.parent.mkdir(parents=True, exist_ok=True)
        if not file.exists():
            file.write_text(f"{{k: {number}}}\n")
        files.append(file)
    return files

"""Real-shaped footprints: the pointings of a survey's plan and the corners of its camera's sensors."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from butler.demo.tangent_plane import to_sky

__all__ = ["CAMERA", "Plan"]

CAMERA = "DELVE"

_FIRST = datetime(2019, 8, 10)
_PACE = timedelta(minutes=2)


@dataclass(frozen=True)
class Plan:
    """The pointings that a survey plans, and the sensors that it will read at each.

    Parameters
    ----------
    pointings : sequence of `~collections.abc.Mapping`
        Columns ``HEX, RA, DEC, FILTER, EXPTIME, TILING, PROGRAM`` as text.
    corners : `~collections.abc.Mapping`
        Sensor to its corners, east and north of the pointing, degrees.
    """

    pointings: Sequence[Mapping[str, str]]
    corners: Mapping[int, Sequence[Sequence[float]]]

    @classmethod
    def read(cls, folder: Path) -> Plan:
        """Read the first g-band pass of the plan in a folder of real data."""
        import csv
        import gzip

        with gzip.open(folder / "delve-target-fields-v10.csv.gz", "rt", encoding="utf-8") as file:
            rows = csv.DictReader(line for line in file if not line.startswith("#"))
            pointings = [row for row in rows if row["FILTER"] == "g" and row["TILING"] == "1"]
        corners = ast.literal_eval((folder / "ccd_corners_xy_fill.dat").read_text(encoding="utf-8"))
        return cls(pointings, corners)

    def camera(self) -> dict[str, Any]:
        """Give the definition of a camera that has these sensors."""
        return {
            "camera": CAMERA,
            "doc": "Made up: the Dark Energy Camera as a survey plans to use it",
            "sensors": [{"sensor": sensor} for sensor in self.corners],
            "filters": [{"physical_filter": "g", "abstract_filter": "g"}],
            "headers": {
                "match": {"INSTRUME": CAMERA},
                "fields": {
                    "visit": {"keyword": "EXPNUM"},
                    "obs_begin": {"keyword": "DATE-OBS"},
                    "exposure_time": {"keyword": "EXPTIME"},
                },
            },
        }

    def visits(self) -> list[dict[str, Any]]:
        """Give one row a pointing, one every two minutes."""
        return [
            {
                "camera": CAMERA,
                "visit": visit,
                "visit_name": f"{pointing['PROGRAM']} {pointing['HEX']}",
                "physical_filter": "g",
                "obs_begin_tai": begin.isoformat(),
                "obs_end_tai": (begin + timedelta(seconds=float(pointing["EXPTIME"]))).isoformat(),
                "exposure_time": float(pointing["EXPTIME"]),
                "science_program": pointing["PROGRAM"],
                "tracking_ra": float(pointing["RA"]),
                "tracking_dec": float(pointing["DEC"]),
            }
            for visit, pointing in enumerate(self.pointings)
            for begin in [_FIRST + visit * _PACE]
        ]

    def observed_sensors(self, batch: int = 50) -> Iterator[list[dict[str, Any]]]:
        """Give one row a sensor and pointing, so many pointings at a time."""
        import numpy as np

        offsets = np.array(list(self.corners.values()))
        for first in range(0, len(self.pointings), batch):
            yield [
                {"camera": CAMERA, "visit": visit, "sensor": sensor, "region": outline}
                for visit, pointing in enumerate(self.pointings[first : first + batch], first)
                for sensor, outline in zip(
                    self.corners,
                    to_sky(offsets, float(pointing["RA"]), float(pointing["DEC"])).tolist(),
                    strict=True,
                )
            ]

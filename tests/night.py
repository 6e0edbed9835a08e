"""Nights of a small camera: files that take a moment to write and to read."""

from __future__ import annotations

import os
import time
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from astropy.io import fits

CAMERA: dict[str, Any] = {
    "camera": "Nightcam",
    "sensors": [{"sensor": n, "sensor_name": f"S{n}"} for n in range(4)],
    "filters": [],
    "headers": {
        "match": {"INSTRUME": ["Nightcam"]},
        "fields": {
            "visit": {"keyword": "SHOT"},
            "sensor": {"keyword": "CCD"},
            "obs_begin": {"keyword": "BEGIN"},
            "exposure_time": {"keyword": "LASTED"},
        },
    },
}


@cache
def _template() -> bytes:
    header = fits.Header(
        [("INSTRUME", "Nightcam"), ("SHOT", 111111), ("CCD", 3), ("BEGIN", "2026-01-01T23:00:00")]
    )
    header["LASTED"] = 30.0
    text: str = fits.PrimaryHDU(np.zeros((36, 40), np.int16), header).header.tostring()
    return text.encode() + bytes(2880)


def shot(visit: int, sensor: int) -> bytes:
    """Give the bytes of one file, whose pixels end where it ends; no two are the same."""
    return (
        _template()
        .replace(b"SHOT    =               111111", b"SHOT    = %20d" % visit)
        .replace(b"CCD     =                    3", b"CCD     = %20d" % sensor)
    )


def write_night(folder: Path, count: int, *, age: float = 3600.0) -> list[Path]:
    """Write the files of a night, four a visit, last written to some seconds ago."""
    folder.mkdir(parents=True, exist_ok=True)
    files = [folder / f"shot{n // 4:04}-{n % 4}.fits" for n in range(count)]
    for n, file in enumerate(files):
        write_file(file, shot(n // 4 + 1, n % 4), age=age)
    return files


def write_file(file: Path, content: bytes, *, age: float = 3600.0) -> None:
    """Write a file that was last written to some seconds ago."""
    file.write_bytes(content)
    then = time.time() - age
    os.utime(file, (then, then))

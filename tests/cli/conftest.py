"""The command in process, and repositories with something in them."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from astropy.io import fits
from astropy.nddata import CCDData
from typer.testing import CliRunner

from butler import Butler, DatasetType
from butler.cli.application import application

CAMERA: dict[str, Any] = {
    "camera": "Peepshow",
    "doc": "Two eyes",
    "sensors": [{"sensor": 7, "sensor_name": "left"}, {"sensor": 8, "sensor_name": "right"}],
    "filters": [{"physical_filter": "pink-1", "abstract_filter": "pink", "aliases": ["P"]}],
    "headers": {
        "match": {"INSTRUME": ["Peepshow"]},
        "fields": {
            "visit": {"keyword": "SHOT"},
            "sensor": {"keyword": "EYE"},
            "physical_filter": {"keyword": "GLASS"},
            "obs_begin": {"keyword": "BEGIN"},
            "exposure_time": {"keyword": "LASTED"},
        },
        "dataset_types": [{"dataset_type": "raw"}],
    },
}
SKYMAP: dict[str, Any] = {
    "skymap": "rings",
    "doc": "One tile",
    "tracts": [
        {
            "tract": 0,
            "region": [[10, 0], [12, 0], [12, 2], [10, 2]],
            "patches": [
                {"patch": 0, "cell_x": 0, "cell_y": 0, "region": [[10, 0], [11, 0], [11, 1], [10, 1]]}
            ],
        }
    ],
}


class Command:
    """Runs ``butler …`` in this process, in one repository."""

    def __init__(self, repo: Path | None) -> None:
        self.environment = {"BUTLER_REPO": str(repo) if repo else None}

    def __call__(self, *words: str | Path, input: str | None = None) -> Any:
        return CliRunner().invoke(
            application, [str(word) for word in words], input=input, env=self.environment
        )

    def out(self, *words: str | Path) -> str:
        """Give the output of a command that ends well."""
        result = self(*words)
        assert result.exit_code == 0, result.output
        return str(result.stdout)

    def json(self, *words: str | Path) -> Any:
        """Give what a command that ends well writes as JSON."""
        return json.loads(self.out(*words, "--format", "json"))


@pytest.fixture
def command(repo: Path) -> Command:
    return Command(repo)


@pytest.fixture
def filled(repo: Path) -> Iterator[Butler]:
    """The repository with a camera, two visits, and three datasets in run ``u/me/first``."""
    with Butler(repo, run="u/me/first") as butler:
        registry = butler.registry
        registry.definitions.register_camera(CAMERA)
        for visit in (12, 13):
            registry.definitions.register_units(
                "visit", [{"camera": "Peepshow", "visit": visit, "visit_name": f"v{visit}"}]
            )
            registry.definitions.register_units(
                "observed_sensor", [{"camera": "Peepshow", "visit": visit, "sensor": 7}]
            )
        registry.definitions.register_dataset_type(DatasetType("stats", "Dict", ("visit",)))
        registry.definitions.register_dataset_type(
            DatasetType("calexp", "Exposure", ("visit", "sensor"), "Calibrated.")
        )
        for visit in (12, 13):
            butler.put({"mean": visit / 4}, "stats", camera="Peepshow", visit=visit)
        image = CCDData(np.arange(12.0).reshape(3, 4), unit="adu", meta={"OBJECT": "M31"})
        butler.put(image, "calexp", camera="Peepshow", visit=12, sensor=7)
        yield butler


def write_inputs(folder: Path) -> None:
    """Write the files that the examples speak of."""
    (folder / "peepshow.yaml").write_text(yaml.safe_dump(CAMERA))
    (folder / "rings.yaml").write_text(yaml.safe_dump(SKYMAP))
    (folder / "rings.json").write_text(json.dumps(SKYMAP))
    (folder / "stats.json").write_text('{"mean": 1.5}')
    (folder / "night1").mkdir()
    for number, (visit, eye) in enumerate([(12, "left"), (13, "right")], 1):
        hdu = fits.PrimaryHDU(np.full((4, 5), visit, np.int16))
        hdu.header.update(
            {
                "INSTRUME": "Peepshow",
                "SHOT": visit,
                "EYE": eye,
                "GLASS": "P",
                "BEGIN": f"2020-01-01T23:0{number}:00",
                "LASTED": 30.0,
            }
        )
        file = folder / "night1" / f"shot{number}.fits"
        hdu.writeto(file)
        os.utime(file, (1577920000 + number, 1577920000 + number))  # its writer has finished


@pytest.fixture
def inputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with the files that the examples speak of."""
    write_inputs(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def on_a_terminal(*words: str | Path, columns: int = 80, **environment: str) -> tuple[int, str]:
    """Run the command on a terminal of its own; give its status and what was shown."""
    ours, its = pty.openpty()
    running = subprocess.Popen(
        [sys.executable, "-m", "butler", *map(str, words)],
        stdin=its,
        stdout=its,
        stderr=its,
        env={**os.environ, "COLUMNS": str(columns), **environment},
    )
    os.close(its)
    shown = b""
    while True:
        try:
            chunk = os.read(ours, 4096)
        except OSError:  # the other end is closed
            break
        if not chunk:
            break
        shown += chunk
    os.close(ours)
    return running.wait(), shown.decode().replace("\r\n", "\n")

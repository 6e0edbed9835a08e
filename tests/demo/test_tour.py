"""The tour as a newcomer takes it: a command, its output, what it leaves in its folder."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from butler import Butler
from butler.demo.__main__ import main
from butler.demo.place import stop_server
from butler.embedded import EmbeddedServer

COMMAND = [sys.executable, "-m", "butler.demo", "--out", "demo"]


@dataclass
class Tour:
    repo: Path
    output: str
    cpu_seconds: float
    """Of this computer's processors, but for the server's: it runs by itself."""


def go(folder: Path, *more: str) -> Tour:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([*COMMAND, *more], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = (after.ru_utime - before.ru_utime) + (after.ru_stime - before.ru_stime)
    return Tour(folder / "demo", done.stdout, spent)


def remove(repo: Path) -> None:
    assert main(["--out", str(repo), "--remove"]) == 0


@pytest.fixture(scope="module")
def interrupted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a tour that was interrupted in its middle; somebody has left a note there."""
    folder = tmp_path_factory.mktemp("newcomer")
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(COMMAND, cwd=folder, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("4. "):
                process.send_signal(signal.SIGINT)
                break
        process.stdout.read()
    assert process.returncode == 130
    assert not EmbeddedServer(folder / "demo").running
    (folder / "demo" / "notes.txt").write_text("from the first tour")
    return folder


@pytest.fixture(scope="module")
def tour(interrupted: Path) -> Iterator[Tour]:
    tour = go(interrupted)
    yield tour
    remove(tour.repo)
    assert not tour.repo.exists()


def colours(picture: Path) -> int:
    from matplotlib.image import imread

    pixels = imread(picture)
    assert min(pixels.shape[:2]) > 500, f"{picture} is small"
    packed = (pixels[..., :3] * 255).astype(int) @ (1 << 16, 1 << 8, 1)
    return len(np.unique(packed))


def test_the_tour_takes_less_than_a_minute_of_a_processor(tour: Tour) -> None:
    assert tour.cpu_seconds < 60


def test_one_that_is_interrupted_stops_its_server_and_the_next_in_its_folder_begins_anew(tour: Tour) -> None:
    assert not (tour.repo / "notes.txt").exists()
    assert (tour.repo / "butler.yaml").exists()


def test_it_leaves_a_map_of_footprints_and_an_image(tour: Tour) -> None:
    assert colours(tour.repo / "footprints.png") > 100
    assert colours(tour.repo / "image.png") > 200


def test_no_server_is_left_running(tour: Tour) -> None:
    assert not EmbeddedServer(tour.repo).running


@pytest.mark.parametrize(
    "shown",
    [
        "$ butler create demo",
        "butler.raws.ingest(files)",
        'butler.get("flt.wcs", camera="ACS", visit="j8bt06nyq", sensor="HRC")',
        "with butler.quantum(",
        "$ butler -r demo layer drop mydb_me --yes",
        "WHERE sky_within(",
        "$ butler -r demo verify",
        "sha256: file:///",
        "registry and datastore agree",
    ],
)
def test_it_shows_what_it_runs_and_what_that_says(tour: Tour, shown: str) -> None:
    assert shown in tour.output


def test_what_it_shows_fits_a_terminal_but_for_paths_and_commands(tour: Tour) -> None:
    long = [line for line in tour.output.splitlines() if len(line) > 110]
    assert all("/" in line for line in long)


def test_the_repository_that_it_leaves_is_sound_and_knows_where_its_image_came_from(tour: Tour) -> None:
    try:
        with Butler(tour.repo, collections="u/me/first") as butler:
            assert list(butler.verify()) == []
            assert butler.get("calexp", camera="ACS", visit="j8bt06nyq", sensor="HRC").shape == (1024, 1024)
            read = butler.registry.query(
                "SELECT i.dataset_type FROM dataset AS o JOIN dataset_consumer AS c USING (quantum_id)"
                " JOIN dataset AS i ON i.dataset_id = c.dataset_id WHERE o.dataset_type = 'calexp' AND c.actual"
            )
            assert read.scalar() == "flt"
            assert butler.registry.query("SELECT registry FROM registry").scalar() == "butler"
    finally:
        stop_server(tour.repo)


@pytest.mark.parametrize("more", [[], ["--remove"]])
def test_a_folder_that_no_tour_made_is_refused_and_left_alone(
    tmp_path: Path, more: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "butler.yaml").write_text("datastores: {main: {}}\n")
    assert main(["--out", str(tmp_path), *more]) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["butler.yaml"]
    said = capsys.readouterr()
    assert str(tmp_path) in said.err
    assert said.out == ""


def test_a_link_to_a_tour_is_refused(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "MADE-BY-BUTLER-DEMO").write_text("")
    (tmp_path / "link").symlink_to("real")
    assert main(["--out", str(tmp_path / "link"), "--remove"]) == 1
    assert (tmp_path / "real" / "MADE-BY-BUTLER-DEMO").exists()


def test_the_longer_tour_without_its_data_says_so_and_makes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BUTLER_TEST_DATA", str(tmp_path / "nowhere"))
    assert main(["--out", str(tmp_path / "demo"), "--full"]) == 1
    assert str(tmp_path / "nowhere") in capsys.readouterr().err
    assert not (tmp_path / "demo").exists()


@pytest.mark.slow
@pytest.mark.data
def test_the_longer_tour_ingests_ten_visits_of_a_mosaic_camera_and_a_surveys_footprints(
    tmp_path: Path, data_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BUTLER_TEST_DATA", str(data_folder))
    tour = go(tmp_path, "--full")
    try:
        assert "Index Scan using ix_observed_sensor_region" in tour.output
        assert colours(tour.repo / "survey.png") > 100
        with Butler(tour.repo) as butler:
            (counted,) = butler.registry.query(
                "SELECT count(*) FILTER (WHERE camera = 'DECam') AS decam,"
                " count(*) FILTER (WHERE camera = 'DELVE') AS planned FROM observed_sensor"
            )
            assert counted.decam == 10
            assert counted.planned == 4607 * 60
            processed = butler.registry.query(
                "SELECT count(*) FROM dataset WHERE run = 'u/me/decam' AND visit > 0"
            )
            assert processed.scalar() == 10
    finally:
        remove(tour.repo)

"""Cron runs that overlap, and runs that are killed: each file is ingested once, and none is lost."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from astropy.table import Table
from night import CAMERA, shot, write_file, write_night

from butler import Butler
from butler.datastore.paths import local_file

MODES = ["copy", "move", "hardlink", "symlink", "in-place"]


@pytest.fixture
def repo(repo: Path) -> Path:
    with Butler(repo) as butler:
        butler.registry.definitions.register_camera(CAMERA)
    return repo


def command(repo: Path, folder: Path, mode: str, report: Path) -> list[str]:
    return [
        *(sys.executable, "-m", "butler", "-r", str(repo), "ingest", str(folder), "--mode", mode),
        *("--skip-existing", "--on-error", "continue", "--settle", "0", "--report", str(report)),
    ]


def start(repo: Path, folder: Path, mode: str, report: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command(repo, folder, mode, report), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def outcomes(report: Path) -> list[dict[str, Any]]:
    return list(json.loads(report.read_text()))


def assert_each_file_is_ingested_once(butler: Butler, files: int) -> None:
    rows = butler.registry.query(
        "SELECT visit, sensor, path FROM dataset JOIN artifact USING (dataset_id)"
        " WHERE dataset_type = 'raw' ORDER BY visit, sensor"
    )
    assert [(row.visit, row.sensor) for row in rows] == [(n // 4 + 1, n % 4) for n in range(files)]
    root = local_file(butler.datastore.root)
    for row in rows:
        stored = local_file(row.path) if row.path.startswith("file:") else root / row.path
        assert stored.read_bytes() == shot(row.visit, row.sensor)


def slow(*values: str) -> Any:
    """What is written in the same way as one of the others."""
    return pytest.param(*values, marks=pytest.mark.slow)


@pytest.mark.parametrize("mode", ["copy", "move", slow("hardlink"), slow("symlink"), "in-place"])
def test_two_runs_over_one_folder_at_once_file_each_file_once(repo: Path, tmp_path: Path, mode: str) -> None:
    files = write_night(tmp_path / "night", 60)
    reports = [tmp_path / f"{n}.json" for n in range(2)]
    running = [start(repo, tmp_path / "night", mode, report) for report in reports]
    for one in running:
        out, err = one.communicate()
        assert (one.returncode, out) == (0, ""), err
        assert "error" not in err
    told = [row for report in reports for row in outcomes(report)]
    assert Counter(row["outcome"] for row in told)["ingested"] == len(files)
    assert {row["outcome"] for row in told} <= {"ingested", "skipped"}
    with Butler(repo) as butler:
        assert_each_file_is_ingested_once(butler, len(files))
        assert list(butler.verify()) == []
    assert any(file.exists() for file in files) == (mode != "move")


@pytest.mark.parametrize(
    ("mode", "while_it"),
    [
        ("copy", "writes"),
        slow("move", "writes"),
        ("move", "unlinks"),
        slow("hardlink", "writes"),
        slow("symlink", "writes"),
        ("in-place", "registers"),
    ],
)
def test_a_run_that_is_killed_loses_no_file_and_the_next_one_finishes(
    repo: Path, tmp_path: Path, mode: str, while_it: str
) -> None:
    files = write_night(tmp_path / "night", 160)
    report = tmp_path / "report.json"
    with Butler(repo) as butler:
        data = local_file(butler.datastore.root)
        running = start(repo, tmp_path / "night", mode, report)
        while running.poll() is None and not _is_under_way(butler, data, while_it):
            time.sleep(0.002)
        running.send_signal(signal.SIGKILL)
        running.communicate()
        contents = {file.read_bytes() for file in _all_files(tmp_path / "night", data)}
        assert {shot(n // 4 + 1, n % 4) for n in range(len(files))} <= contents, "no bytes are lost"
        after = subprocess.run(
            command(repo, tmp_path / "night", mode, report), capture_output=True, text=True, check=False
        )
        assert after.returncode == 0, after.stderr
        assert_each_file_is_ingested_once(butler, len(files))
        assert any(file.exists() for file in files) == (mode != "move")
        assert {fault.fault for fault in butler.verify()} <= {"in flight"}


IN_SMALL_LOTS = (
    "from butler.ingest.raws import night; from butler.cli import ingest, main;"
    "night._TOGETHER = 8; ingest._Report._SHARE = 0; main()"
)


@pytest.mark.parametrize("suffix", [".ecsv", slow(".csv"), slow(".json")])
def test_a_run_that_is_killed_leaves_a_report_of_what_it_has_ingested(
    repo: Path, tmp_path: Path, suffix: str
) -> None:
    files = write_night(tmp_path / "night", 80)
    report = tmp_path / f"night{suffix}"
    report.write_text("of the night before")
    whole = command(repo, tmp_path / "night", "copy", report)
    running = subprocess.Popen([whole[0], "-c", IN_SMALL_LOTS, *whole[3:]], stderr=subprocess.PIPE)
    while report.read_bytes().count(b"ingested") < 20 and running.poll() is None:
        time.sleep(0.002)
    running.send_signal(signal.SIGKILL)
    running.communicate()
    told = rows_of(report)
    assert 20 <= len(told) < len(files)
    assert [row["path"] for row in told] == [str(file) for file in files[: len(told)]]
    assert {row["outcome"] for row in told} == {"ingested"}
    with Butler(repo) as butler:
        registered = {
            str(id)
            for (id,) in butler.registry.query("SELECT dataset_id FROM dataset WHERE dataset_type = 'raw'")
        }
    assert {row["dataset_id"] for row in told} <= registered
    assert len(registered) - len(told) <= 8, "of the lot that was at work"
    subprocess.run(whole, check=True, capture_output=True)
    after = rows_of(report)
    assert [row["path"] for row in after] == [str(file) for file in files]
    assert Counter(row["outcome"] for row in after)["skipped"] == len(registered)


def rows_of(report: Path) -> list[dict[str, Any]]:
    if report.suffix == ".json":
        return outcomes(report)
    if report.suffix == ".csv":
        with report.open(newline="") as file:
            return list(csv.DictReader(file))
    table = Table.read(report)
    return [dict(zip(table.colnames, row, strict=True)) for row in table.filled("")]


def _is_under_way(butler: Butler, data: Path, what: str) -> bool:
    if what == "writes":
        return any(data.rglob("*.fits"))
    if what == "registers":
        return len(butler.registry.query("SELECT FROM visit")) > 0
    return len(butler.registry.query("SELECT FROM dataset")) > 0


def _all_files(*folders: Path) -> list[Path]:
    return [Path(place, name) for folder in folders for place, _, names in os.walk(folder) for name in names]


class Vanishing:
    """A file that another process takes away just before the n-th time that it is opened here."""

    def __init__(self) -> None:
        self.left = 0
        self.file = Path()
        sys.addaudithook(self._ask)  # there is no way to end it

    def before(self, number: int, file: Path) -> None:
        self.left, self.file = number, file

    def _ask(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self.left and event == "open" and str(arguments[0]) == str(self.file):
            self.left -= 1
            if not self.left:
                self.file.unlink()


@pytest.fixture(scope="session")
def vanishing() -> Vanishing:
    return Vanishing()


@pytest.mark.parametrize("mode", MODES)
def test_whenever_another_process_takes_a_file_away_it_is_skipped_or_ingested_whole(
    repo: Path, tmp_path: Path, mode: str, vanishing: Vanishing
) -> None:
    with Butler(repo) as butler:
        for number in count(1):
            file = tmp_path / f"{number}" / "shot.fits"
            file.parent.mkdir()
            write_file(file, shot(number, 0))
            vanishing.before(number, file)
            (outcome,) = butler.raws.ingest_each(
                [file.parent], mode=mode, strict=False, skip_existing=True, settle=0
            )
            if vanishing.left:
                break
            assert outcome.outcome in ("ingested", "skipped"), outcome
            if outcome.ref and mode not in ("symlink", "in-place"):
                assert outcome.ref.artifacts
                assert butler.datastore.check(outcome.ref.artifacts[0]) is None
        vanishing.before(0, file)
        assert number > 3


RAWS = "SELECT count(*) FROM dataset WHERE dataset_type = 'raw'"


def test_whenever_another_run_finishes_the_move_of_a_file_who_has_registered_it_says_so(
    repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left, file = 0, Path()

    def vanishing_before(look: Callable[..., os.stat_result]) -> Callable[..., os.stat_result]:
        def look_at(path: Any, **options: Any) -> os.stat_result:
            nonlocal left
            if left and str(path) == str(file):
                left -= 1
                if not left:
                    file.unlink()
            return look(path, **options)

        return look_at

    monkeypatch.setattr(os, "stat", vanishing_before(os.stat))
    monkeypatch.setattr(os, "lstat", vanishing_before(os.lstat))
    registered = 0
    with Butler(repo) as butler:
        for number in count(1):
            file = tmp_path / f"{number}" / "shot.fits"
            file.parent.mkdir()
            write_file(file, shot(number, 0))
            left = number
            (outcome,) = butler.raws.ingest_each(
                [file.parent], mode="move", strict=False, skip_existing=True, settle=0
            )
            if left:
                break
            before, registered = registered, butler.registry.query(RAWS).scalar()
            assert outcome.outcome == ("ingested" if registered > before else "skipped"), number
        assert number > 3
        assert registered > 0

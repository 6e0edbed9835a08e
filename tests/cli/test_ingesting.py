"""What ``butler ingest`` says of a night: lines, reports, and exit statuses."""

from __future__ import annotations

import csv
import json
import os
import time
from pathlib import Path
from typing import Any

import pytest
from astropy.table import Table

from butler import Butler

from .conftest import CAMERA, Command, on_a_terminal

NIGHT = ("night1", "--skip-existing", "--on-error", "continue")


@pytest.fixture
def night(command: Command, inputs: Path, repo: Path) -> Path:
    with Butler(repo) as butler:
        butler.registry.definitions.register_camera(CAMERA)
    return inputs / "night1"


def spoil(night: Path, *, age: float = 3600.0) -> Path:
    """Add a file that is cut short."""
    file = night / "shot3.fits"
    file.write_bytes((night / "shot1.fits").read_bytes()[:100])
    os.utime(file, (time.time() - age, time.time() - age))
    return file


def test_a_folder_is_listed_and_counted(command: Command, night: Path) -> None:
    result = command("ingest", "night1")
    assert result.exit_code == 0
    assert [line.split(" [")[0] for line in result.stdout.splitlines()] == [
        "raw@{camera=Peepshow, sensor=7, visit=12}",
        "raw@{camera=Peepshow, sensor=8, visit=13}",
    ]
    assert result.stderr == "2 ingested\n"
    assert command("ingest", *NIGHT).stderr == "2 skipped\n"


def test_the_status_says_all_some_or_none(command: Command, night: Path) -> None:
    bad = spoil(night)
    none = command("ingest", str(bad), "--on-error", "continue")
    assert none.exit_code == 1
    assert none.stderr.startswith(f"error: {Path('night1')}") or str(bad) in none.stderr
    some = command("ingest", *NIGHT)
    assert some.exit_code == 3
    assert some.stderr.endswith("2 ingested, 1 failed\n")
    bad.unlink()
    assert command("ingest", *NIGHT).exit_code == 0


def test_one_bad_file_keeps_the_others_out_unless_told_otherwise(command: Command, night: Path) -> None:
    spoil(night)
    result = command("ingest", "night1")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "shot3.fits" in result.stderr
    assert command.json("status")["datasets"] == 0


def test_a_file_that_is_being_written_is_no_failure(command: Command, night: Path) -> None:
    spoil(night, age=60.0)
    result = command("ingest", *NIGHT)
    assert result.exit_code == 0
    assert "shot3.fits is left for the next time" in result.stderr
    assert result.stderr.endswith("2 ingested, 1 deferred\n")


@pytest.mark.parametrize("suffix", [".ecsv", ".csv", ".json"])
def test_a_report_has_a_row_a_file(command: Command, night: Path, suffix: str) -> None:
    spoil(night)
    report = Path(f"report{suffix}")
    result = command("ingest", *NIGHT, "--report", report)
    assert (result.exit_code, result.stdout) == (3, "")
    rows: list[dict[str, Any]]
    if suffix == ".json":
        rows = json.loads(report.read_text())
    elif suffix == ".csv":
        with report.open(newline="") as file:
            rows = [{key: value or None for key, value in row.items()} for row in csv.DictReader(file)]
    else:
        table = Table.read(report)
        rows = [{key: row[key] or None for key in table.colnames} for row in table.filled("")]
    assert [(row["path"], row["outcome"], row["error"]) for row in rows] == [
        ("night1/shot1.fits", "ingested", None),
        ("night1/shot2.fits", "ingested", None),
        ("night1/shot3.fits", "failed", "FormatError"),
    ]
    first, _, last = rows
    data_id = first["data_id"]
    assert (data_id if suffix == ".json" else json.loads(data_id)) == {
        "camera": "Peepshow",
        "visit": 12,
        "sensor": 7,
    }
    assert (first["dataset_type"], first["run"]) == ("raw", "Peepshow/raw")
    assert first["dataset_id"]
    assert "shot3.fits" in last["message"]


def test_a_report_whose_name_says_no_format_is_refused_before_anything_is_done(
    command: Command, night: Path
) -> None:
    result = command("ingest", *NIGHT, "--report", "report.txt")
    assert result.exit_code == 2
    assert ".ecsv" in result.stderr
    assert command.json("status")["datasets"] == 0


def test_a_dry_run_ingests_nothing(command: Command, night: Path) -> None:
    out = command.out("ingest", "night1", "--dry-run")
    assert out.splitlines()[0] == (
        "night1/shot1.fits: raw@{camera=Peepshow, visit=12, sensor=7} [Peepshow/raw]"
    )
    assert command.json("status")["datasets"] == 0


def test_the_type_is_the_first_word_or_an_option(command: Command, night: Path) -> None:
    assert command.out("ingest", "bias", "night1", "--run", "a").startswith("bias@")
    assert command.out("ingest", "--type", "dark", "night1", "--run", "b").startswith("dark@")
    Path("flat").mkdir()
    assert command("ingest", "flat", "night1", "--run", "c").stdout.startswith("raw@")


def test_a_terminal_shows_progress_with_a_rate(night: Path, repo: Path) -> None:
    status, shown = on_a_terminal("-r", repo, "ingest", *NIGHT, TERM="xterm")
    assert status == 0
    assert "ingest" in shown
    assert "2 ingested" in shown

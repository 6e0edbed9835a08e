"""The outcome as a table for people, and as lines for programs."""

from __future__ import annotations

import json
import os
import platform
import re
import subprocess
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from benchmarks.comparison import Outcome
from benchmarks.workloads import named

_HEAD = ("work", "ours", "peer", "limit", "ours / peer", "ours / limit", "aim", "met")
_GENERATED = re.compile(r"(?<=<!-- measured -->\n).*(?=<!-- /measured -->)", re.DOTALL)


def table(outcomes: Iterable[Outcome]) -> str:
    """Give a table in Markdown."""
    rows = [_HEAD, ("---",) * len(_HEAD), *map(_row, outcomes)]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _row(outcome: Outcome) -> Sequence[str]:
    work = named(outcome.name)
    return (
        work.title,
        *(_figure(value, outcome.unit) for value in (outcome.ours, outcome.peer, outcome.limit)),
        *(_times(value) for value in (outcome.ours_per_peer, outcome.ours_per_limit)),
        outcome.aim,
        {True: "yes", False: "no", None: ""}[outcome.met],
    )


def _figure(value: float | None, unit: str) -> str:
    if value is None:
        return ""
    short = {"datasets/s": "/s"}.get(unit, f" {unit}")
    return (f"{value:,.0f}".replace(",", " ") if value >= 100 else f"{value:.3g}") + short


def _times(value: float | None) -> str:
    return "" if value is None else f"{value:.2g}" if value < 10 else f"{value:.0f}"


def circumstances(server_version: str, peer_python: str, scale: float) -> str:
    """Say on what it was measured."""
    asked = "from importlib.metadata import version; print(version('lsst-daf-butler'))"
    peer = subprocess.run([peer_python, "-c", asked], capture_output=True, text=True, check=True)
    said = [
        f"{datetime.now(UTC):%Y-%m-%d}",
        f"{os.cpu_count()} cores ({platform.machine()})",
        f"PostgreSQL {server_version}",
        f"Python {platform.python_version()}",
        f"Butler {version('butler')}",
        f"daf_butler {peer.stdout.strip()}",
    ]
    if scale != 1:
        said.append(f"at {scale:g} of full size")
    return ", ".join(said) + "."


def write_lines(file: Path, outcomes: Iterable[Outcome]) -> None:
    """Write one line of JSON a workload; those of workloads that weren't run stay."""
    kept = {}
    if file.exists():
        kept = {json.loads(line)["name"]: line for line in file.read_text().splitlines()}
    kept |= {each.name: json.dumps(each.to_plain(), ensure_ascii=False) for each in outcomes}
    file.parent.mkdir(exist_ok=True)
    file.write_text("".join(line + "\n" for line in kept.values()))


def write_page(page: Path, measured: str) -> None:
    """Put what was measured into its place in a page."""
    page.write_text(_GENERATED.sub(lambda _: measured, page.read_text()))

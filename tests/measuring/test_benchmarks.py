"""The benchmark runs; what it measures is another matter."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.arena import Arena, WorkerFailed, arena
from benchmarks.comparison import compare, outcome
from benchmarks.report import table, write_lines, write_page
from benchmarks.work import Work
from benchmarks.workloads import WORKLOADS, named

SMALLEST = 1e-4


@pytest.fixture(scope="module")
def place() -> Iterator[Arena]:
    with arena(None, 1000) as made:
        yield made


IN_SHORT = {"put", "ingest_two", "list"}
"""One of each way to run a workload, but for those that take long: the others differ in what they call."""


@pytest.mark.parametrize(
    "work",
    [
        pytest.param(work, id=work.name, marks=[] if work.name in IN_SHORT else [pytest.mark.slow])
        for work in WORKLOADS
    ],
)
def test_our_side_and_the_limit_do_every_workload(place: Arena, work: Work) -> None:
    result = compare(place, replace(work, repetitions=1, settled=False), ("ours", "limit"), SMALLEST)
    # Memory may well not grow at all.
    assert result.ours >= 0
    assert result.limit is not None
    assert result.limit >= 0


def test_a_side_that_fails_ends_the_run_with_its_error(place: Arena) -> None:
    with (
        pytest.raises(WorkerFailed, match="no workload 'NoSuchWork'"),
        place.side("ours", Work("NoSuchWork", "", "s", 1, {}), 1),
    ):
        pass


def test_more_is_better_for_rates_and_less_for_costs() -> None:
    rate = outcome(named("put"), {"ours": 600.0, "peer": 100.0, "limit": 1200.0}, 1)
    assert (rate.ours_per_peer, rate.ours_per_limit, rate.met) == (6.0, 0.5, True)
    cost = outcome(named("open"), {"ours": 0.5, "peer": 2.0, "limit": 0.1}, 1)
    assert (cost.ours_per_peer, cost.ours_per_limit, cost.met) == (4.0, 0.2, False)


def test_without_the_peer_no_aim_is_met_or_missed() -> None:
    assert outcome(named("put"), {"ours": 600.0, "limit": 1200.0}, 1).met is None


def test_lines_of_workloads_that_were_not_run_stay(tmp_path: Path) -> None:
    file = tmp_path / "results" / "latest.jsonl"
    write_lines(file, [outcome(named(name), {"ours": 1.0}, 1) for name in ("put", "get")])
    write_lines(file, [outcome(named("get"), {"ours": 2.0}, 1)])
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert [(line["name"], line["ours"]) for line in lines] == [("put", 1.0), ("get", 2.0)]


def test_the_page_gets_the_newest_table_in_place_of_the_last(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- measured -->\nold\n<!-- /measured -->\nafter\n")
    measured = table([outcome(named("put"), {"ours": 600.0, "peer": 100.0}, 1)])
    write_page(page, measured)
    assert page.read_text() == f"before\n<!-- measured -->\n{measured}<!-- /measured -->\nafter\n"
    assert "| 600/s | 100/s |  | 6 |" in measured

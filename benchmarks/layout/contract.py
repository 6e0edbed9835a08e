"""The registry's own functions and views, as users call them, on what a trial has filed."""

from __future__ import annotations

import json
from functools import partial
from random import Random
from typing import Any

from benchmarks.layout.timing import timed

__all__ = ["contract_figures"]

_RUNS = [f"bench/{n}" for n in range(2, 52)]

_SELECTS = {
    "visit_tract_join by visit": (
        "SELECT count(*) FROM butler.visit_tract_join WHERE camera = 'BenchCam' AND visit = %s",
        "visit",
    ),
    "visit_tract_join by tract": (
        "SELECT count(*) FROM butler.visit_tract_join WHERE skymap = 'bench_sky' AND tract = %s",
        "tract",
    ),
    "visit_patch_join by visit": (
        "SELECT count(*) FROM butler.visit_patch_join WHERE camera = 'BenchCam' AND visit = %s",
        "visit",
    ),
    "visit_patch_join by patch": (
        "SELECT count(*) FROM butler.visit_patch_join"
        " WHERE skymap = 'bench_sky' AND tract = %s AND patch = 50",
        "tract",
    ),
    "visit_tract_join by tract, with the datasets of a type": (
        "SELECT count(*) FROM butler.visit_tract_join AS j JOIN butler.dataset AS d USING (camera, visit)"
        " WHERE j.skymap = 'bench_sky' AND j.tract = %s AND d.dataset_type = 'type_5'",
        "tract",
    ),
    "visit_patch_join by patch, with the datasets of a type": (
        "SELECT count(*) FROM butler.visit_patch_join AS j JOIN butler.dataset AS d USING (camera, visit)"
        " WHERE j.skymap = 'bench_sky' AND j.tract = %s AND j.patch = 50 AND d.dataset_type = 'type_5'",
        "tract",
    ),
    "dataset view, 10 visits of a type": (
        "SELECT count(a.uri) FROM butler.dataset AS d JOIN butler.artifact AS a USING (dataset_id)"
        " WHERE d.dataset_type = 'type_5' AND d.camera = 'BenchCam' AND d.visit BETWEEN %s AND %s",
        "visits",
    ),
    "dataset view, 2 tracts of a type": (
        "SELECT count(a.uri) FROM butler.dataset AS d JOIN butler.artifact AS a USING (dataset_id)"
        " WHERE d.dataset_type = 'type_17' AND d.skymap = 'bench_sky' AND d.tract BETWEEN %s AND %s",
        "tracts",
    ),
}


def contract_figures(cursor: Any, visits: int, tracts: int, random: Random) -> dict[str, str]:
    """Time calls of the contract.

    Parameters
    ----------
    cursor : `psycopg2.extensions.cursor`
        In the trial's database.
    visits, tracts : `int`
        How many have datasets.
    random : `random.Random`
        Chooses the labels.

    Returns
    -------
    figures : `dict` [`str`, `str`]
        Milliseconds, the median and the 95th percentile.
    """

    def sensor(collections: list[str] | None) -> tuple[Any, ...]:
        visit = random.randint(1, visits)
        data_id = {"camera": "BenchCam", "visit": visit, "sensor": random.randint(0, 99)}
        return json.dumps(data_id), collections or [f"bench/{visit % 50 + 2}"]

    def labels(kind: str) -> tuple[int, ...]:
        if kind == "visit":
            return (random.randint(1, visits),)
        if kind == "tract":
            return (random.randint(0, max(tracts - 1, 0)),)
        most, width = (visits, 10) if kind == "visits" else (tracts, 2)
        first = random.randint(1 if kind == "visits" else 0, max(most - width, 0))
        return first, first + width - 1

    find = "SELECT count(*) FROM butler.find_dataset('type_5', %s, %s)"
    query = "SELECT count(*) FROM butler.query_datasets('type_5', %s, %s)"
    figures = {
        "find_dataset": timed(cursor, find, lambda: sensor(None), 500),
        "find_dataset in 50 runs": timed(cursor, find, lambda: sensor(_RUNS), 500),
        "query_datasets, a visit in 50 runs": timed(
            cursor,
            query,
            lambda: (_RUNS, json.dumps({"camera": "BenchCam", "visit": random.randint(1, visits)})),
            100,
        ),
    }
    for name, (statement, kind) in _SELECTS.items():
        figures[name] = timed(cursor, statement, partial(labels, kind), 50)
    return {f"{name}, ms": figure for name, figure in figures.items()}

"""One side of one workload, in a process and a Python environment of its own.

Started by the runner, which sends one command a line and waits for one line of answer. Whatever
a library prints goes to the standard error, so that the answers are nothing but answers.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks.place import Place
from benchmarks.work import Side


class _Worker:
    """Makes the side, then measures it as often as it is asked."""

    def __init__(self, side: str, place: Place) -> None:
        self._name = side
        self._place = place
        self._side: Side | None = None

    def make(self) -> None:
        import_module(f"benchmarks.sides.{self._name}").make(self._place)

    def fill(self) -> None:
        import_module(f"benchmarks.sides.{self._name}").fill(self._place)

    def prepare(self, work: str, size: int) -> None:
        workloads = import_module("benchmarks.workloads")
        self._side = workloads.named(work).sides[self._name](self._place, size)

    def measure(self, repetition: int) -> float:
        assert self._side is not None  # prepared before
        return self._side.measure(repetition)


def main() -> None:
    side, place = sys.argv[1], json.loads(sys.argv[2])
    paths = {name: Path(place[name]) for name in ("folder", "data", "raws")}
    worker = _Worker(side, Place(**{**place, **paths}))
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        command: dict[str, Any] = json.loads(line)
        try:
            answer = {"result": getattr(worker, command.pop("do"))(**command)}
        except Exception:
            answer = {"failure": traceback.format_exc()}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()

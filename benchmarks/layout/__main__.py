"""Load millions of datasets through the registry's tables and through rival layouts, and time both.

``python -m benchmarks.layout --help`` says how.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.layout.survey import PER_VISIT, make_survey
from benchmarks.layout.trial import LAYOUTS, Trial
from butler.testing.postgres import TemporaryServer


def main() -> None:
    arguments = _parser().parse_args()
    steps = sorted({max(1, round(n / PER_VISIT)) for n in arguments.datasets})
    with _server(arguments.server) as server, arguments.out.open("a", encoding="utf-8") as out:
        make_survey(server, steps[-1])
        for layout in arguments.layouts:
            for figures in Trial(server, layout).run(steps):
                print(json.dumps(figures), file=out, flush=True)
                _show(figures)


@contextmanager
def _server(dsn: str | None) -> Iterator[str]:
    if dsn is not None:
        yield dsn
        return
    with TemporaryServer() as cluster:
        yield cluster.dsn("postgres")


def _show(figures: dict[str, Any]) -> None:
    print(f"\n{figures['layout']} at {figures['datasets']:,} datasets")
    for name, value in figures.items():
        if name not in ("layout", "datasets"):
            print(f"  {name:28} {value}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.layout",
        description=__doc__,
        epilog="Example: python -m benchmarks.layout --datasets 100000 1000000 --layouts registry previous",
    )
    parser.add_argument(
        "--datasets",
        type=int,
        nargs="+",
        default=[100_000],
        metavar="N",
        help="about how many to hold when the figures are taken; several: on the way (default 100000)",
    )
    parser.add_argument("--layouts", nargs="+", default=list(LAYOUTS), choices=LAYOUTS, help="default: all")
    parser.add_argument(
        "--server",
        metavar="DSN",
        help="superuser's database on a server to use up; without it one is made in memory, for small sizes",
    )
    parser.add_argument(
        "--out", type=Path, default=Path("/dev/stdout"), help="where a line of JSON a size goes"
    )
    return parser


if __name__ == "__main__":
    main()

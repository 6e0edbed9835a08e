"""``python -m benchmarks``: measure, and say whether the aims are met."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from benchmarks.arena import PROJECT, arena
from benchmarks.comparison import compare
from benchmarks.report import circumstances, table, write_lines, write_page
from benchmarks.work import SIDES
from benchmarks.workloads import WORKLOADS, named

_FULL_SURVEY = 100_000
_LINES = PROJECT / "benchmarks" / "results" / "latest.jsonl"
_PAGE = PROJECT / "docs" / "benchmarks.md"


def main() -> None:
    arguments = _arguments()
    works = [named(name) for name in arguments.only] or WORKLOADS
    peer = str(arguments.peer_python) if arguments.peer_python else None
    sides = [side for side in SIDES if side != "peer" or peer]
    outcomes = []
    with arena(peer, max(1000, round(_FULL_SURVEY * arguments.scale))) as place:
        for work in works:
            print(f"{work.name}: {work.title}", file=sys.stderr)
            outcomes.append(compare(place, work, sides, arguments.scale, _say))
            if peer:  # at once: a run that is interrupted has measured what it has measured
                write_lines(_LINES, outcomes)
        version = place.server_version()
    print(table(outcomes), end="")
    if peer and not arguments.only:
        write_page(_PAGE, f"{circumstances(version, peer, arguments.scale)}\n\n{table(outcomes)}")


def _say(side: str, figure: float) -> None:
    print(f"    {side:6}{figure:12.4g}", file=sys.stderr, flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="make bench",
        description="Measure ours beside the peer and beside the bare limit, on a PostgreSQL of its own."
        " With the peer, the outcome is written to benchmarks/results/latest.jsonl and, if all workloads"
        " are run, into docs/benchmarks.md.",
    )
    parser.add_argument(
        "--only",
        nargs="*",
        default=[],
        metavar="NAME",
        choices=[work.name for work in WORKLOADS],
        help="run only these workloads; their lines alone are replaced",
    )
    parser.add_argument("--scale", type=float, default=1.0, help="of full size: 0.1 for a quick look")
    parser.add_argument("--peer-python", type=Path, help="the interpreter with the peer; without, no peer")
    return parser.parse_args()


if __name__ == "__main__":
    main()

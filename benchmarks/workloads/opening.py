"""A fresh process that opens a repository, or prints the command line's help."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

from benchmarks.place import Place
from benchmarks.timing import timed
from benchmarks.work import Work

_OURS = "from butler import Butler; Butler({folder!r})"
_PEER = "from lsst.daf.butler import Butler; Butler.from_config({folder!r})"
_LIMIT = "import psycopg2; psycopg2.connect({dsn!r}).cursor().execute('SELECT 1')"

_OUR_HELP = "from butler.cli import main; main()"
_PEERS_HELP = "from lsst.daf.butler.cli.butler import main; main()"


class _Process:
    """Runs Python from nothing to the end."""

    def __init__(self, *arguments: str) -> None:
        self._command = [sys.executable, "-c", *arguments]
        self.measure(0)  # writes bytecode, and warms the disk's cache

    def measure(self, repetition: int) -> float:
        with timed() as watch:
            subprocess.run(self._command, check=True, stdout=subprocess.DEVNULL)
        return watch.seconds


def _opening(program: str) -> Callable[[Place, int], _Process]:
    def side(place: Place, size: int) -> _Process:
        return _Process(program.format(folder=str(place.folder), dsn=place.dsn()))

    return side


def _helping(program: str, *arguments: str) -> Callable[[Place, int], _Process]:
    return lambda place, size: _Process(program, *arguments)


WORKS = (
    Work(
        name="open",
        title="open a repository, cold",
        unit="s",
        size=1,
        sides={"ours": _opening(_OURS), "peer": _opening(_PEER), "limit": _opening(_LIMIT)},
        aim=5,
        cost=True,
        repetitions=5,
    ),
    Work(
        name="help",
        title="`butler --help`",
        unit="s",
        size=1,
        sides={
            "ours": _helping(_OUR_HELP, "--help"),
            "peer": _helping(_PEERS_HELP, "--help"),
            "limit": _helping("pass"),
        },
        aim=5,
        cost=True,
        repetitions=5,
    ),
)

"""How long something takes, in one process or in several at once."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing import get_context
from typing import Any


class Stopwatch:
    """Filled in when the block ends."""

    seconds: float = 0.0


@contextmanager
def timed() -> Iterator[Stopwatch]:
    """Time a block."""
    watch = Stopwatch()
    begun = time.perf_counter()
    yield watch
    watch.seconds = time.perf_counter() - begun


def at_once(begin: Callable[..., Callable[[], None]], arguments: Sequence[tuple[Any, ...]]) -> float:
    """Run processes at once, and give the seconds from the first's start to the last's end.

    Parameters
    ----------
    begin : callable
        Called in each process; what it returns is the work that is timed.
    arguments : sequence of `tuple`
        Its arguments, one a process.

    Raises
    ------
    RuntimeError
        If one of them fails.
    """
    context = get_context("spawn")
    ready, ends = context.Barrier(len(arguments)), context.SimpleQueue()
    processes = [context.Process(target=_work, args=(begin, each, ready, ends)) for each in arguments]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    if any(process.exitcode for process in processes):
        raise RuntimeError("a process failed; its error is above")
    spans = [ends.get() for _ in processes]
    return max(end for _, end in spans) - min(start for start, _ in spans)


def _work(
    begin: Callable[..., Callable[[], None]], arguments: tuple[Any, ...], ready: Any, ends: Any
) -> None:
    try:
        work = begin(*arguments)
    except BaseException:
        ready.abort()
        raise
    ready.wait()
    start = time.perf_counter()  # one clock for all processes of a computer
    work()
    ends.put((start, time.perf_counter()))

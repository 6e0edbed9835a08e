"""Work on a stream in threads, some items ahead of whoever takes the results."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from typing import TypeVar

__all__ = ["THREADS", "looking_ahead", "unwaited"]

THREADS = min(8, 2 + (os.cpu_count() or 1))
"""Files that are read or written at a time: most of that is waiting for disks, or hashing, which
doesn't hold Python's lock."""

Item = TypeVar("Item")
Result = TypeVar("Result")


@contextmanager
def unwaited(executor: Executor) -> Iterator[Executor]:
    """Shut an executor down at the end, and wait for none of its workers.

    For generators: one that is dropped half way may be closed by the garbage
    collector, in whatever thread that runs and whatever locks it holds.
    """
    try:
        yield executor
    finally:
        executor.shutdown(wait=False, cancel_futures=True)


def looking_ahead(
    executor: Executor, work: Callable[[Item], Result], items: Iterable[Item], ahead: int
) -> Iterator[Result]:
    """Give the results of work on each item, in order, with a bounded number in flight or waiting.

    Parameters
    ----------
    executor : `concurrent.futures.Executor`
        Does the work.
    work : callable
        What to do with an item.
    items : iterable
        The items; taken as they are needed.
    ahead : `int`
        How many results may wait to be taken.

    Raises
    ------
    Exception
        What ``work`` raises; nothing more is begun then.
    """
    waiting: deque[Future[Result]] = deque()
    try:
        for item in items:
            waiting.append(executor.submit(work, item))
            if len(waiting) > ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        for future in waiting:
            future.cancel()

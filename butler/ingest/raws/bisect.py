"""Doing something with many things at once, although some of them may be wrong."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from butler.errors import (
    ButlerError,
    CollectionNotFoundError,
    ConfigError,
    DatabaseUnavailableError,
    DatasetTypeNotFoundError,
    NotSupportedError,
    PermissionDeniedError,
    SchemaVersionError,
)

__all__ = ["bisected"]

Item = TypeVar("Item")
Result = TypeVar("Result")

_OF_ALL = (
    CollectionNotFoundError,
    ConfigError,
    DatabaseUnavailableError,
    DatasetTypeNotFoundError,
    NotSupportedError,
    PermissionDeniedError,
    SchemaVersionError,
)
"""What the registry refuses whatever the things are."""


def bisected(
    do: Callable[[Sequence[Item]], Sequence[Result]], items: Sequence[Item]
) -> list[Result | ButlerError]:
    """Do something with all items that it can be done with.

    Those that an error names are left out and the rest tried again; where it
    names none, each half is tried by itself.

    Parameters
    ----------
    do : callable
        Takes items and gives a result each, or raises and has done nothing.
    items : sequence
        The items.

    Returns
    -------
    results : `list`
        What was given for each, or its error.

    Raises
    ------
    ButlerError
        If the error is of a kind that isn't one item's.
    """
    results: dict[int, Result | ButlerError] = {}
    waiting = [list(range(len(items)))] if items else []
    while waiting:
        places = waiting.pop()
        try:
            results.update(zip(places, do([items[place] for place in places]), strict=True))
        except _OF_ALL:
            raise
        except ButlerError as error:
            named = error.by_row() if len(places) > 1 else {0: error}
            results.update((places[row], reason) for row, reason in named.items())
            rest = [place for place in places if place not in results]
            half = 0 if named else len(rest) // 2
            waiting.extend(part for part in (rest[:half], rest[half:]) if part)
    return [results[place] for place in range(len(items))]

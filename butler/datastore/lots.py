"""Several files or datasets that become durable together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

__all__ = ["Lot"]

Writer = TypeVar("Writer")


def _nothing() -> None:
    """Do nothing: what was written is durable already."""


@dataclass(frozen=True, slots=True, eq=False)
class Lot(Generic[Writer]):
    """Files or datasets that are written one after the other, and durable when all were flushed.

    Whoever writes a lot tells nobody of what is in it before `flush` has
    returned. One that dies before leaves what a single write may leave that
    was broken off.

    Parameters
    ----------
    writer : `~butler.datastore.Datastore` or `~butler.datastore.storage.Storage`
        Like that which the lot is of, to write it with, in any thread. What
        it has written is whole, and can be read at once.
    flush : callable, optional
        Makes durable all that was written. It raises as a write does; then
        what isn't durable is gone, and flushing fails ever after. By default
        each is durable as soon as it is written, and nothing is left to do.
    """

    writer: Writer
    flush: Callable[[], None] = _nothing

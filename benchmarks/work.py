"""What is measured, and what counts as enough."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from benchmarks.place import Place

SIDES = ("ours", "peer", "limit")


class Side(Protocol):
    """One side of a workload, in a process of its own; what is made with it isn't timed."""

    def measure(self, repetition: int) -> float:
        """Do the work once, and give the figure in the workload's unit."""
        ...


@dataclass(frozen=True)
class Work:
    """One workload.

    Parameters
    ----------
    name : `str`
        What ``ONLY=`` calls it.
    title : `str`
        What the table calls it.
    unit : `str`
        Of the figures: a rate, or a cost.
    size : `int`
        How many of whatever it counts, at full scale.
    sides : `~collections.abc.Mapping`
        By name: makes the side at a place, for a size.
    aim : `float`, optional
        How many times better than the peer ours is to be.
    stretch : `float`, optional
        What would be better still.
    at_most : `float`, optional
        What ours may cost, where that is the aim.
    cost : `bool`
        Whether less is better.
    filled : `bool`
        Whether to begin with a run ``filled`` of the survey's raws.
    fresh : `bool`
        Whether each repetition begins with a database of its own.
    delay : `float`
        How much longer a round trip to the server takes, seconds.
    settled : `bool`
        Whether the disk is let come to rest before each repetition, as for work that makes files one by one.
    repetitions : `int`
        How often each side does it, in turn.
    """

    name: str
    title: str
    unit: str
    size: int
    sides: Mapping[str, Callable[[Place, int], Side]]
    aim: float | None = None
    stretch: float | None = None
    at_most: float | None = None
    cost: bool = False
    filled: bool = False
    fresh: bool = False
    delay: float = 0.0
    settled: bool = False
    repetitions: int = 3

    def scaled(self, scale: float) -> int:
        """Give the size at a scale: at least ten, so that there is something to measure."""
        return max(10, round(self.size * scale))

    def times_better(self, one: float, other: float) -> float | None:
        """Give how many times better one figure is than another; none where one of them is nothing."""
        if one == 0 or other == 0:
            return None
        return other / one if self.cost else one / other

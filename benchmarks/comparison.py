"""Run workloads: the sides in turn, so that what else the computer does meets all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from benchmarks.arena import Arena, Process
from benchmarks.work import Work


@dataclass(frozen=True)
class Outcome:
    """What came out: the median of each side.

    Parameters
    ----------
    name : `str`
        Of the workload.
    unit : `str`
        Of the figures.
    ours, peer, limit : `float` or `None`
        `None` for a side that hasn't done it.
    ours_per_peer, ours_per_limit : `float` or `None`
        How many times better ours is, whether more or less is better.
    aim : `str`
        In words; empty if there is none.
    met : `bool` or `None`
        `None` if there is no aim, or nothing to hold it against.
    scale : `float`
        Of full size.
    """

    name: str
    unit: str
    ours: float
    peer: float | None
    limit: float | None
    ours_per_peer: float | None
    ours_per_limit: float | None
    aim: str
    met: bool | None
    scale: float

    def to_plain(self) -> dict[str, Any]:
        """Give it as it is written to a file: four digits are more than was measured."""
        return {
            key: float(f"{value:.4g}") if isinstance(value, float) else value
            for key, value in asdict(self).items()
        }


def compare(
    arena: Arena,
    work: Work,
    sides: Iterable[str],
    scale: float,
    on_figure: Callable[[str, float], None] = lambda side, figure: None,
) -> Outcome:
    """Have the sides do a workload, in turn.

    Parameters
    ----------
    arena : `~benchmarks.arena.Arena`
        Where.
    work : `~benchmarks.work.Work`
        What.
    sides : iterable of `str`
        Who; those that the workload hasn't are left out.
    scale : `float`
        Of full size.
    on_figure : callable, optional
        Told of each side and figure as they come.
    """
    size = work.scaled(scale)
    taking_part = [side for side in sides if side in work.sides]
    figures: dict[str, list[float]] = {side: [] for side in taking_part}

    def take(side: str, process: Process, repetition: int) -> None:
        figure = float(process.do("measure", repetition=repetition))
        on_figure(side, figure)
        figures[side].append(figure)

    with ExitStack() as stack:
        kept = {}
        if not work.fresh:
            kept = {side: stack.enter_context(arena.side(side, work, size)) for side in taking_part}
        for repetition in range(1, work.repetitions + 1):
            if work.settled:
                arena.settle()
            for side in taking_part:
                if side in kept:
                    take(side, kept[side], repetition)
                else:
                    with arena.side(side, work, size) as process:
                        take(side, process, repetition)
    return outcome(work, {side: median(values) for side, values in figures.items()}, scale)


def outcome(work: Work, figures: dict[str, float], scale: float) -> Outcome:
    """Hold the figures against each other and against the aim."""
    ours, peer, limit = (figures.get(side) for side in ("ours", "peer", "limit"))
    assert ours is not None  # ours always takes part
    per_peer = work.times_better(ours, peer) if peer is not None else None
    per_limit = work.times_better(ours, limit) if limit is not None else None
    aim, met = "", None
    if work.at_most is not None:
        aim, met = f"≤ {work.at_most:g}", ours <= work.at_most
    elif work.aim is not None:
        aim = f"≥ {work.aim:g}×" + (f", better {work.stretch:g}×" if work.stretch else "")
        met = per_peer >= work.aim if per_peer is not None else None
    return Outcome(work.name, work.unit, ours, peer, limit, per_peer, per_limit, aim, met, scale)

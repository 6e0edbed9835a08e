"""What to say where nothing was found: perhaps a value was given that nothing has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from butler.errors import ButlerError, nearest
from butler.units import UNITS, Unit

if TYPE_CHECKING:
    from butler.butler import Butler

__all__ = ["nothing_found"]

_MOST_KNOWN = 200


def nothing_found(butler: Butler, given: Mapping[str, str]) -> str:
    """Say that nothing was found, and which of the values given name nothing.

    It costs some queries, so it is for where there is nothing.

    Parameters
    ----------
    butler : `~butler.Butler`
        In which it was looked for.
    given : `~collections.abc.Mapping`
        Units, by whatever word, and other columns, with the values looked for.
    """
    return "\n  ".join(["nothing is found", *_unknown(butler, given)])


def _unknown(butler: Butler, given: Mapping[str, str]) -> Iterator[str]:
    queries = butler.registry.queries
    words = {word: word for word in given if word in UNITS}
    if len(words) < len(given):
        aliases = {alias: row.unit for row in queries.units("unit", {}) for alias in row.aliases}
        words |= {aliases[word]: word for word in given if word in aliases}
    unknown: set[str] = set()
    for unit in UNITS.values():
        within = {name: given[words[name]] for name in unit.requires if name in words}
        if unit.name not in words or not unknown.isdisjoint(within):
            continue
        word = words[unit.name]
        value = given[word]
        try:
            there = len(queries.units(unit.view, {**within, unit.name: value}, limit=1)) > 0
        except ButlerError:  # it is a name, such as a sensor's: the search has found what it means
            continue
        if not there:
            unknown.add(unit.name)
            of = ", ".join(f"{name} {value}" for name, value in within.items())
            yield f"No {word} {value!r}{of and f' of {of}'}.{_near(butler, unit, within, value)}"


def _near(butler: Butler, unit: Unit, within: Mapping[str, str], value: str) -> str:
    if unit.python_type is int:
        return ""
    rows = butler.registry.queries.units(unit.view, within, limit=_MOST_KNOWN)
    return " " + nearest(value, {str(getattr(row, unit.name)) for row in rows})

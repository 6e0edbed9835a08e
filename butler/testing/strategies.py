"""Strategies of Hypothesis: data IDs that hold, and whatever else people and programs may give.

For property tests of registries, datastores and what is built on them::

    @given(data_ids(("camera", "visit", "sensor")))
    def test_what_is_put_is_found(data_id): …

Everything is plain: texts, numbers, dictionaries.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

__all__ = [
    "UNITS",
    "data_ids",
    "dates",
    "given_data_ids",
    "hostile_names",
    "hostile_numbers",
    "hostile_texts",
    "json_values",
    "times",
    "unit_values",
    "words",
]

_BIGINT = 2**63 - 1
_INTEGER = 2**31 - 1

_TEXT_UNITS = ("camera", "abstract_filter", "physical_filter", "skymap", "label")
_INTEGER_UNITS = {
    "sensor": _INTEGER,
    "visit": 10**18 - 1,
    "snap": _INTEGER,
    "tract": _INTEGER,
    "patch": _INTEGER,
    "sky_pixel": 10**18 - 1,
}
_ALIASES = {
    "camera": ("instrument",),
    "sensor": ("detector", "physical_sensor"),
    "abstract_filter": ("band",),
    "physical_filter": ("filter",),
    "visit": ("exposure",),
}

UNITS = (*_TEXT_UNITS, *_INTEGER_UNITS, "visit_range")
"""Every unit that a dataset type may have."""


def hostile_texts(*, max_size: int = 12) -> SearchStrategy[str]:
    """Give any text that UTF-8 and PostgreSQL can hold.

    Parameters
    ----------
    max_size : `int`
        Most characters.
    """
    return st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=max_size)


_NAMES = (
    *("'", '"', "%", "\\", "a\nb", "🔭", "$$", "{run}", "NULL", " a", "-x", "a:b", "a;b", "*"),
    *("a/b", "..", ".", "/", "a/../b", "a//b", "%2e%2e", "x" * 300, "é" * 150),
)


def hostile_names() -> SearchStrategy[str]:
    """Give names that quoting, paths, templates, shells or lengths may break on, and any others."""
    return hostile_texts() | st.sampled_from(_NAMES)


def hostile_numbers(*, finite: bool = True) -> SearchStrategy[int | float]:
    """Give numbers, those beyond what a column holds among them.

    Parameters
    ----------
    finite : `bool`
        Whether to leave out infinities and NaN, which JSON doesn't have.
    """
    edges = [sign * (edge + step) for edge in (_INTEGER, _BIGINT) for step in (0, 1) for sign in (1, -1)]
    return (
        st.integers(-(2**70), 2**70)
        | st.sampled_from([0, -1, *edges])
        | st.floats(allow_nan=not finite, allow_infinity=not finite)
    )


def json_values(*, finite: bool = True) -> SearchStrategy[Any]:
    """Give any value of JSON, or of YAML, a few levels deep.

    Parameters
    ----------
    finite : `bool`
        As for `hostile_numbers`.
    """
    scalars = st.none() | st.booleans() | hostile_numbers(finite=finite) | hostile_texts()
    return st.recursive(
        scalars,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(hostile_texts(), inner, max_size=3),
        max_leaves=5,
    )


def words() -> SearchStrategy[str]:
    """Give what a unit may be called in a data ID: its name, or one of today's words for it."""
    return st.sampled_from([*UNITS, *(alias for aliases in _ALIASES.values() for alias in aliases)])


def unit_values(unit: str) -> SearchStrategy[str | int]:
    """Give values that a unit may have.

    Parameters
    ----------
    unit : `str`
        Its short name, such as ``visit``.

    Raises
    ------
    ValueError
        If there is no such unit.
    """
    if unit in _TEXT_UNITS:
        return hostile_texts().filter(bool)
    if unit in _INTEGER_UNITS:
        edge = _INTEGER_UNITS[unit]
        return st.integers(0, 30) | st.integers(0, edge) | st.just(edge)
    if unit == "visit_range":
        first = st.integers(0, 10**18 - 2)
        return st.tuples(first, st.none() | st.integers(1, 60)).map(
            lambda given: f"{given[0]}..{'' if given[1] is None else min(given[0] + given[1], 10**18 - 1)}"
        )
    raise ValueError(f"there is no unit {unit!r}: there are {', '.join(UNITS)}")


def data_ids(
    units: Iterable[str],
    *,
    known: Mapping[str, Collection[str | int]] | None = None,
    spelled: bool = False,
) -> SearchStrategy[dict[str, Any]]:
    """Give data IDs of the right shape for a dataset type: each of its units, and no other.

    Parameters
    ----------
    units : iterable of `str`
        Of the dataset type, such as `butler.DatasetType.units`.
    known : `~collections.abc.Mapping`, optional
        Unit to the values to choose from, where others wouldn't be
        registered.
    spelled : `bool`
        Whether to use today's words for units now and then, and to write
        numbers as texts.
    """
    fields: dict[str, SearchStrategy[Any]] = {}
    for unit in units:
        values = st.sampled_from([*known[unit]]) if known and unit in known else unit_values(unit)
        fields[unit] = values.flatmap(_spellings) if spelled else values
    plain = st.fixed_dictionaries(fields)
    if not spelled:
        return plain
    spelling = st.fixed_dictionaries(
        {unit: st.sampled_from([unit, *_ALIASES.get(unit, ())]) for unit in fields}
    )
    return st.tuples(plain, spelling).map(
        lambda drawn: {drawn[1][unit]: value for unit, value in drawn[0].items()}
    )


def _spellings(value: str | int) -> SearchStrategy[str | int]:
    return st.sampled_from([value, str(value)]) if isinstance(value, int) else st.just(value)


def given_data_ids(*likely: Any) -> SearchStrategy[dict[str, Any]]:
    """Give whatever somebody may give as a data ID: right, nearly right, and absurd.

    Parameters
    ----------
    *likely
        Values that are registered, of any units.
    """
    values = st.sampled_from(likely) | json_values() if likely else json_values()
    return st.dictionaries(words() | hostile_texts(), values, max_size=5)


def dates() -> SearchStrategy[date]:
    """Give nights: those at which calendars and leap seconds change among them."""
    turns = [date(1972, 6, 30), date(2016, 12, 31), date(2000, 2, 29), date.min, date.max]
    return st.dates() | st.sampled_from(turns)


def times(
    first: datetime = datetime(1960, 1, 1), last: datetime = datetime(2100, 1, 1)
) -> SearchStrategy[datetime]:
    """Give times to the microsecond, without a zone: the edges of a leap second among them.

    Parameters
    ----------
    first, last : `~datetime.datetime`
        The earliest and the latest.
    """
    leap = datetime(2017, 1, 1)
    steps = (-(10**6), -1, 0, 1, 36 * 10**6, 37 * 10**6)
    edges = [moment for step in steps if first <= (moment := leap + timedelta(microseconds=step)) <= last]
    anywhere = st.datetimes(first, last)
    return anywhere | st.sampled_from(edges) if edges else anywhere

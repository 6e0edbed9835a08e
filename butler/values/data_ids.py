"""The labels of datasets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from butler.arguments import PLAIN, label, mapping, name

__all__ = ["DataId", "UnitValue", "json_ready"]

UnitValue = str | int


class DataId(Mapping[str, UnitValue]):
    """Values of the units that label one dataset, in the units' order.

    Parameters
    ----------
    values : `~collections.abc.Mapping`, optional
        Unit name to value.
    **units
        More of them.

    Examples
    --------
    >>> DataId(camera="ACS", visit=8560513, sensor=1)
    DataId(camera='ACS', visit=8560513, sensor=1)
    """

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, UnitValue] | None = None, /, **units: UnitValue) -> None:
        self._values: dict[str, UnitValue] = {**(values or {}), **units}

    def __getitem__(self, unit: str) -> UnitValue:
        return self._values[unit]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __hash__(self) -> int:
        return hash(frozenset(self._values.items()))

    def __repr__(self) -> str:
        return f"DataId({', '.join(f'{k}={v!r}' for k, v in self._values.items())})"

    def __str__(self) -> str:
        return ", ".join(f"{k}={v}" for k, v in self._values.items())


def json_ready(values: Mapping[str, Any]) -> dict[str, Any]:
    """Turn a data ID as a user typed it into what JSON can carry.

    Raises
    ------
    InvalidDataIdError
        If it is no mapping, or a value of it is an array, bytes or masked.
        Anything else that JSON can't carry is left, for `json` to refuse.
    """
    given = values if type(values) is dict else mapping(values, "data_id")
    return {
        unit if type(unit) is str else name(unit, "a unit's name"): (
            value if type(value) in PLAIN else label(value, unit)
        )
        for unit, value in given.items()
    }

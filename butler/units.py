"""The units that data IDs are made of: the one list of them in Python.

The database has it as rows of the view ``unit``, as the type ``data_id`` in ``db/types``, and
written out where that is faster. A test holds all of these equal.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Literal

__all__ = ["UNITS", "SqlType", "Unit", "ValueType"]

SqlType = Literal["text", "integer", "bigint", "int8range"]
"""What PostgreSQL keeps values of units as."""


class ValueType(StrEnum):
    """What the values of a unit are, in the words of the view ``unit``."""

    TEXT = "text"
    INTEGER = "integer"
    RANGE = "range"


_VALUE_TYPES: Mapping[SqlType, ValueType] = {
    "text": ValueType.TEXT,
    "integer": ValueType.INTEGER,
    "bigint": ValueType.INTEGER,
    "int8range": ValueType.RANGE,
}


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit of data IDs.

    Parameters
    ----------
    name : `str`
        The same in data IDs, SQL and the command line.
    sql_type : `str`
        Type of its column in the database.
    view : `str`
        The view that lists its values, with what is known of each.
    requires : `tuple` [`str`]
        The units without which its values mean nothing.
    """

    name: str
    sql_type: SqlType
    view: str
    requires: tuple[str, ...] = ()

    @property
    def value_type(self) -> ValueType:
        """What its values are: numbers, texts, or ranges of numbers."""
        return _VALUE_TYPES[self.sql_type]

    @property
    def python_type(self) -> type[int] | type[str]:
        """What Python has its values as; a range is a text such as ``100..200``."""
        return int if self.value_type is ValueType.INTEGER else str


UNITS: Mapping[str, Unit] = MappingProxyType(
    {
        unit.name: unit
        for unit in (
            Unit("camera", "text", "camera"),
            Unit("abstract_filter", "text", "abstract_filter"),
            Unit("physical_filter", "text", "physical_filter", ("camera",)),
            Unit("sensor", "integer", "physical_sensor", ("camera",)),
            Unit("visit", "bigint", "visit", ("camera",)),
            Unit("snap", "integer", "snap", ("camera", "visit")),
            Unit("visit_range", "int8range", "visit_range", ("camera",)),
            Unit("skymap", "text", "skymap"),
            Unit("tract", "integer", "tract", ("skymap",)),
            Unit("patch", "integer", "patch", ("skymap", "tract")),
            Unit("sky_pixel", "bigint", "sky_pixel"),
            Unit("label", "text", "label"),
        )
    }
)
"""Units by name, in the order in which they are written, which is also that of the bits of a unit mask."""

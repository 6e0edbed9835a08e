"""The views that relate units to units, as tables that relationships go through."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Column, Integer, Table, Text
from sqlalchemy.dialects.postgresql import INT8RANGE

from butler.registry.models.base import Base

__all__ = [
    "sensor_patch_join",
    "sensor_tract_join",
    "visit_patch_join",
    "visit_range_join",
    "visit_self_join",
    "visit_tract_join",
]


def _join(name: str, *columns: tuple[str, Any]) -> Table:
    return Table(
        name, Base.metadata, *(Column(column, sql_type, primary_key=True) for column, sql_type in columns)
    )


visit_patch_join = _join(
    "visit_patch_join",
    ("camera", Text), ("visit", BigInteger), ("skymap", Text), ("tract", Integer), ("patch", Integer),
)  # fmt: skip
visit_tract_join = _join(
    "visit_tract_join", ("camera", Text), ("visit", BigInteger), ("skymap", Text), ("tract", Integer)
)
sensor_patch_join = _join(
    "sensor_patch_join",
    ("camera", Text), ("visit", BigInteger), ("sensor", Integer),
    ("skymap", Text), ("tract", Integer), ("patch", Integer),
)  # fmt: skip
sensor_tract_join = _join(
    "sensor_tract_join",
    ("camera", Text), ("visit", BigInteger), ("sensor", Integer), ("skymap", Text), ("tract", Integer),
)  # fmt: skip
visit_range_join = _join(
    "visit_range_join", ("camera", Text), ("visit_range", INT8RANGE), ("visit", BigInteger)
)
visit_self_join = _join(
    "visit_self_join",
    ("camera_1", Text), ("visit_1", BigInteger), ("camera_2", Text), ("visit_2", BigInteger),
)  # fmt: skip

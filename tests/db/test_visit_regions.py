"""The region of a visit follows its sensors, unless somebody gave it."""

from __future__ import annotations

import json
from typing import Any

import pytest


@pytest.fixture
def cursor(writer: Any) -> Any:
    cursor = writer.cursor()
    cursor.execute(
        "SELECT butler.register_camera(%s)",
        (json.dumps({"camera": "C", "sensors": [{"sensor": n} for n in range(4)], "filters": []}),),
    )
    cursor.execute(
        "SELECT butler.register_units('visit', %s)",
        (json.dumps([{"camera": "C", "visit": 1, "visit_name": "1"}]),),
    )
    return cursor


def see(cursor: Any, *sensors: tuple[int, float, float]) -> None:
    """Register sensors of a degree square at these centres."""
    rows = [
        {
            "camera": "C",
            "visit": 1,
            "sensor": sensor,
            "region": [
                [(ra + east) % 360, dec + north]
                for east, north in [(-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)]
            ],
        }
        for sensor, ra, dec in sensors
    ]
    cursor.execute("SELECT butler.register_units('observed_sensor', %s)", (json.dumps(rows),))


def inside(cursor: Any, ra: float, dec: float) -> bool:
    cursor.execute(
        "SELECT public.st_intersects(v.region, butler.sky_point(%s, %s)) FROM butler.visit AS v WHERE v.camera = 'C'",
        (ra, dec),
    )
    return bool(cursor.fetchone()[0])


@pytest.mark.parametrize(("ra", "dec"), [(10.0, 0.0), (0.0, 0.0), (180.0, 60.0), (359.9, -45.0)])
def test_it_is_the_hull_of_the_sensors(cursor: Any, ra: float, dec: float) -> None:
    see(cursor, (0, ra, dec))
    assert inside(cursor, ra, dec)
    assert not inside(cursor, (ra + 3) % 360, dec)
    see(cursor, (1, (ra + 4) % 360, dec), (2, ra, dec + 2))
    assert inside(cursor, (ra + 2) % 360, dec)  # in the gap between two sensors
    assert not inside(cursor, ra, dec + 4)


def test_around_a_pole_too(cursor: Any) -> None:
    see(cursor, (0, 0.0, 89.0), (1, 120.0, 89.0), (2, 240.0, 89.0))
    assert inside(cursor, 0, 90)
    assert not inside(cursor, 0, 80)


def test_a_region_that_was_given_stays(cursor: Any) -> None:
    given = [[100, 10], [101, 10], [101, 11]]
    cursor.execute(
        "SELECT butler.register_units('visit', %s)",
        (json.dumps([{"camera": "C", "visit": 1, "region": given, "visit_name": "1"}]),),
    )
    see(cursor, (0, 10, 0))
    assert inside(cursor, 100.8, 10.2)
    assert not inside(cursor, 10, 0)


def test_a_region_given_later_takes_the_place_of_the_hull(cursor: Any) -> None:
    see(cursor, (0, 10, 0))
    given = [[100, 10], [101, 10], [101, 11]]
    row = [{"camera": "C", "visit": 1, "region": given, "visit_name": "1"}]
    cursor.execute("SELECT butler.register_units('visit', %s)", (json.dumps(row),))
    assert inside(cursor, 100.8, 10.2)
    see(cursor, (1, 12, 0))
    assert inside(cursor, 100.8, 10.2)
    assert not inside(cursor, 12, 0)

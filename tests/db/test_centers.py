"""Right ascension and declination of units are stored, and follow what they come from."""

from __future__ import annotations

import json
from typing import Any

import pytest

from db.session import Session
from db.world import square

UNITS = ("visit", "observed_sensor", "tract", "patch", "sky_pixel")


@pytest.mark.parametrize("unit", UNITS)
def test_reading_where_a_unit_is_computes_nothing(still: dict[str, Session], unit: str) -> None:
    plan = still["reader"].explain(f"(VERBOSE) SELECT ra, dec FROM butler.{unit}")
    assert ".ra" in plan
    assert "st_" not in plan
    assert "center" not in plan


@pytest.mark.parametrize("unit", UNITS)
def test_a_unit_is_where_the_centre_of_its_region_is(still: dict[str, Session], unit: str) -> None:
    rows = still["reader"].rows(
        "SELECT ra, dec, st_x(c), st_y(c) FROM (SELECT ra, dec, butler.sky_center(region) AS c"
        f" FROM butler.{unit} WHERE region IS NOT NULL) AS u"
    )
    assert rows
    for ra, dec, x, y in rows:
        assert (ra, dec) == pytest.approx((x % 360, y), abs=1e-12)


def place(session: Session, sky_pixel: int) -> tuple[float, float]:
    ((ra, dec),) = session.rows("SELECT ra, dec FROM butler.sky_pixel WHERE sky_pixel = %s", sky_pixel)
    return ra, dec


def test_right_ascension_is_never_360(own: Session) -> None:
    own.rows(
        "INSERT INTO butler_internal.sky_pixel (sky_pixel, region)"
        " SELECT 100 + row_number() OVER (), butler.sky_circle(0, dec, radius)"
        " FROM unnest(ARRAY[-60, 0, 0.5, 30, 89]) AS dec, unnest(ARRAY[0.01, 0.5, 2, 10, 30]) AS radius"
    )
    centers = own.rows(
        "SELECT ra, st_x(butler.sky_center(region)) FROM butler.sky_pixel WHERE sky_pixel > 100"
    )
    assert any(x < 0 and x + 360 == 360 for _, x in centers)
    assert all(0 <= ra < 360 for ra, _ in centers)


def test_a_unit_goes_where_its_region_goes(write: Session) -> None:
    for ra in (40, 359.9):
        row = {"sky_pixel": 18, "region": square(ra, 10, 0.05)}
        write.rows("SELECT butler.register_units('sky_pixel', %s, true)", json.dumps([row]))
        assert place(write, 18) == pytest.approx((ra + 0.025, 10.025), abs=1e-4)


def test_a_visit_is_at_its_boresight_else_at_the_centre_of_its_region_else_nowhere(write: Session) -> None:
    def where() -> Any:
        return write.rows("SELECT ra, dec FROM butler.visit WHERE camera = 'Cam' AND visit = 90")[0]

    visit = {"camera": "Cam", "visit": 90, "visit_name": "n90"}
    write.call("register_units", "visit", [visit])
    assert where() == (None, None)
    write.call(
        "register_units",
        "observed_sensor",
        [{"camera": "Cam", "visit": 90, "sensor": 1, "region": square(40, 10)}],
    )
    assert where() == pytest.approx((40.05, 10.05), abs=1e-4)
    write.call(
        "register_units",
        "observed_sensor",
        [{"camera": "Cam", "visit": 90, "sensor": 2, "region": square(40.1, 10)}],
    )
    assert where() == pytest.approx((40.1, 10.05), abs=1e-4)
    write.call("register_units", "visit", [visit | {"tracking_ra": 40.2, "tracking_dec": 10.0}])
    assert where() == (40.2, 10.0)

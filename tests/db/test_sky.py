"""Points, polygons, circles and boxes on the sky, in degrees."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from db.session import Session, refused
from db.world import square

NAN, INF = math.nan, math.inf
few = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
ras = st.floats(0, 359.999).map(lambda value: round(value, 9))
decs = st.floats(-90, 90).map(lambda value: round(value, 9))


def separation(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Angle between two positions by Vincenty's formula on a sphere, degrees."""
    (ra1, dec1), (ra2, dec2) = (tuple(map(math.radians, p)) for p in (one, other))
    d = ra2 - ra1
    across = math.hypot(
        math.cos(dec2) * math.sin(d),
        math.cos(dec1) * math.sin(dec2) - math.sin(dec1) * math.cos(dec2) * math.cos(d),
    )
    return math.degrees(
        math.atan2(across, math.sin(dec1) * math.sin(dec2) + math.cos(dec1) * math.cos(dec2) * math.cos(d))
    )


def inside(session: Session, region: str, arguments: tuple[float, ...], ra: float, dec: float) -> bool:
    return bool(
        session.scalar(
            f"SELECT public.st_intersects(butler.{region}, butler.sky_point(%s, %s))", *arguments, ra, dec
        )
    )


def polygon(session: Session, *vertices: float) -> Any:
    return session.scalar("SELECT butler.sky_polygon(%s::double precision[])", list(vertices))


@few
@given(ras, decs, ras, decs)
@example(0, 90, 180, 90)
@example(0, 0, 180, 0)
@example(359.9, 10, 0.1, 10)
def test_separation_is_that_of_the_sphere(
    still: dict[str, Session], ra1: float, dec1: float, ra2: float, dec2: float
) -> None:
    found = still["reader"].scalar(
        "SELECT butler.sky_separation(butler.sky_point(%s, %s), butler.sky_point(%s, %s))",
        ra1,
        dec1,
        ra2,
        dec2,
    )
    assert found == pytest.approx(separation((ra1, dec1), (ra2, dec2)), abs=2e-8)


@few
@given(ras, decs, st.floats(0.001, 34.9), st.floats(0, 360), st.floats(0, 2))
@example(0.0, 90.0, 34.9, 77.0, 0.5)
@example(0.0, -90.0, 0.01, 0.0, 0.99)
@example(0.0, 0.0, 1.0, 90.0, 0.99)
def test_a_circle_holds_what_is_nearer_than_its_radius(
    still: dict[str, Session], ra: float, dec: float, radius: float, angle: float, fraction: float
) -> None:
    if 1 - 1e-5 < fraction < 1.002:
        return
    distance = min(radius * fraction, 89)
    d, b = math.radians(distance), math.radians(angle)
    dec2 = math.asin(
        max(
            -1,
            min(
                1,
                math.sin(math.radians(dec)) * math.cos(d)
                + math.cos(math.radians(dec)) * math.sin(d) * math.cos(b),
            ),
        )
    )
    ra2 = ra + math.degrees(
        math.atan2(
            math.sin(b) * math.sin(d) * math.cos(math.radians(dec)),
            math.cos(d) - math.sin(math.radians(dec)) * math.sin(dec2),
        )
    )
    where = (ra2 % 360, math.degrees(dec2))
    expected = separation((ra, dec), where) <= radius
    assert inside(still["reader"], "sky_circle(%s, %s, %s)", (ra, dec, radius), *where) == expected


@few
@given(
    ras,
    st.floats(0.01, 60),
    st.floats(-80, 79),
    st.floats(0.01, 20),
    st.floats(-0.5, 1.5),
    st.floats(-0.5, 1.5),
)
@example(350, 20, -5, 10, 0.75, 0.5)
@example(350, 20, -5, 10, 0.25, 0.5)
def test_a_box_holds_what_lies_between_its_sides(
    still: dict[str, Session], ra: float, width: float, dec: float, height: float, x: float, y: float
) -> None:
    height = min(height, 90 - dec - 0.01)
    point = ((ra + width * x) % 360, dec + height * y)
    if min(abs(v - edge) for v in (x, y) for edge in (0, 1)) < 0.02 or abs(point[1]) > 90:
        return
    expected = 0 < x < 1 and 0 < y < 1
    arguments = (ra, (ra + width) % 360, dec, dec + height)
    try:
        found = inside(still["reader"], "sky_box(%s, %s, %s, %s)", arguments, *point)
    except Exception as error:
        assert getattr(error, "pgcode", None) == "UB304"  # noqa: PT017 - it may be too large
        return
    assert found == expected


def test_a_box_may_reach_a_pole(still: dict[str, Session]) -> None:
    assert inside(still["reader"], "sky_box(%s, %s, %s, %s)", (10, 50, 70, 90), 30, 89.9)
    assert not inside(still["reader"], "sky_box(%s, %s, %s, %s)", (10, 50, 70, 90), 210, 89.9)
    assert inside(still["reader"], "sky_box(%s, %s, %s, %s)", (10, 50, -90, -70), 30, -89.9)


@pytest.mark.parametrize(
    ("vertices", "inner", "outer"),
    [
        ([[0, 80], [90, 80], [180, 80], [270, 80]], (33, 89), (33, 70)),
        ([[0, -80], [90, -80], [180, -80], [270, -80]], (33, -89), (33, -70)),
        ([[359, -1], [1, -1], [1, 1], [359, 1]], (0, 0), (180, 0)),
        ([[-1, -1], [1, -1], [1, 1], [-1, 1]], (359.5, 0), (2, 0)),
        ([[179, -1], [181, -1], [181, 1], [179, 1]], (180, 0), (0, 0)),
        ([[10, 0], [10, 1], [11, 1], [11, 0]], (10.5, 0.5), (12, 0.5)),
        ([[10, 0], [11, 0], [11, 1], [10, 1], [10, 0]], (10.5, 0.5), (12, 0.5)),
        ([[0, 0], [0.0001, 0], [0.0001, 0.0001]], (0.00007, 0.00003), (0.001, 0)),
    ],
    ids=[
        "north-pole",
        "south-pole",
        "ra-0",
        "negative-ra",
        "ra-180",
        "clockwise",
        "closed",
        "a-third-of-an-arcsecond",
    ],
)
def test_a_polygon_holds_its_inside_and_not_its_outside(
    still: dict[str, Session],
    vertices: list[list[float]],
    inner: tuple[float, float],
    outer: tuple[float, float],
) -> None:
    flat = [v for vertex in vertices for v in vertex]
    for where, expected in ((inner, True), (outer, False)):
        assert inside(still["reader"], "sky_polygon(%s::double precision[])", (flat,), *where) == expected  # type: ignore[arg-type]


def test_edges_are_great_circles(still: dict[str, Session]) -> None:
    """Between two points of a parallel the shorter way bulges towards the pole."""
    wide = [0, 60, 40, 60, 40, 65, 0, 65]
    assert not inside(still["reader"], "sky_polygon(%s::double precision[])", (wide,), 20, 60.5)  # type: ignore[arg-type]
    assert inside(still["reader"], "sky_polygon(%s::double precision[])", (wide,), 20, 66)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("vertices", "said"),
    [
        ([10, 0, 11, 0], "fewer than three"),
        ([], "fewer than three"),
        ([10, 0, 11, 0, 10, 0], "fewer than three"),
        ([10, 0, 11, 0, 11], "without a declination"),
        ([10, 0, 11, 0, 11, 95], "not on the sphere"),
        ([10, 0, 11, 0, 11, -90.001], "not on the sphere"),
        ([10, 0, 400, 0, 11, 1], "not on the sphere"),
        ([10, 0, -361, 0, 11, 1], "not on the sphere"),
        ([10, 0, NAN, 0, 11, 1], "not on the sphere"),
        ([10, NAN, 11, 0, 11, 1], "not on the sphere"),
        ([10, 0, INF, 0, 11, 1], "not on the sphere"),
        ([10, 0, None, 0, 11, 1], "not on the sphere"),
        ([10, 0, 11, 1, 11, 0, 10, 1], "crosses or folds"),
        ([10, 0, 11, 0, 12, 0], "crosses or folds"),
        ([10, 0, 10, 0, 10, 0, 10, 0], "crosses or folds|fewer"),
        ([0, 0, 120, 0, 240, 0], "reaches"),
        ([0, -30, 90, -30, 90, 50, 0, 50], "more than 35 degrees"),
    ],
)
def test_what_is_no_region_is_refused_by_name(
    still: dict[str, Session], vertices: list[Any], said: str
) -> None:
    with refused("UB304", said, "ICRS degrees"):
        polygon(still["reader"], *vertices)


@pytest.mark.parametrize(
    ("call", "arguments", "said"),
    [
        ("sky_point", (400.0, 0.0), "right ascension 400"),
        ("sky_point", (NAN, 0.0), "right ascension NaN"),
        ("sky_point", (0.0, 95.0), "declination 95"),
        ("sky_point", (0.0, NAN), "declination NaN"),
        ("sky_circle", (10.0, 0.0, 0.0), "radius 0"),
        ("sky_circle", (10.0, 0.0, -1.0), "radius -1"),
        ("sky_circle", (10.0, 0.0, 41.0), "radius 41"),
        ("sky_circle", (10.0, 0.0, NAN), "radius NaN"),
        ("sky_circle", (10.0, 91.0, 1.0), "declination 91"),
        ("sky_box", (10.0, 10.0, 0.0, 1.0), "no box"),
        ("sky_box", (10.0, 20.0, 1.0, 0.0), "no box"),
        ("sky_box", (10.0, 200.0, 0.0, 1.0), "no box"),
        ("sky_box", (NAN, 20.0, 0.0, 1.0), "right ascension NaN"),
        ("sky_box", (10.0, 20.0, 0.0, 91.0), "declination 91"),
    ],
)
def test_what_is_off_the_sphere_is_refused_by_value(
    still: dict[str, Session], call: str, arguments: tuple[float, ...], said: str
) -> None:
    with refused("UB304", said):
        still["reader"].call(call, *arguments)


def test_the_largest_circles_hold_their_centres_everywhere(still: dict[str, Session]) -> None:
    """PostGIS loses some from 35.3 degrees on, where the box around a circle in space is the widest."""
    lost = still["reader"].rows(
        "SELECT ra, dec FROM generate_series(0, 350, 10) AS ra, generate_series(-88, 88, 8) AS dec"
        " WHERE NOT public.st_intersects(butler.sky_circle(ra, dec, 34.9), butler.sky_point(ra, dec))"
    )
    assert lost == []


def test_vertices_and_text_come_back_as_they_were_given(still: dict[str, Session]) -> None:
    vertices = [[359.5, -1.25], [0.5, -1.25], [0.5, 1.25], [359.5, 1.25]]
    flat = [v for vertex in vertices for v in vertex]
    assert (
        still["reader"].scalar("SELECT butler.sky_vertices(butler.sky_polygon(%s::double precision[]))", flat)
        == vertices
    )
    assert still["reader"].scalar(
        "SELECT butler.sky_s_region(butler.sky_polygon(%s::double precision[]))", flat
    ) == ("POLYGON ICRS 359.5 -1.25 0.5 -1.25 0.5 1.25 359.5 1.25")


@few
@given(ras, decs.filter(lambda dec: abs(dec) < 89))
@example(0.0, 0.0)
@example(359.99, 45.0)
def test_the_centre_of_a_circle_is_its_centre(still: dict[str, Session], ra: float, dec: float) -> None:
    x, y = still["reader"].rows(
        "SELECT st_x(c), st_y(c) FROM (SELECT butler.sky_center(butler.sky_circle(%s, %s, 0.5)) AS c) AS x",
        ra,
        dec,
    )[0]
    assert separation((x % 360, y), (ra, dec)) < 1e-3


def test_a_cone_search_uses_the_index_and_finds_what_it_should(write: Session, own: Session) -> None:
    rows: list[dict[str, Any]] = [
        {
            "camera": "Cam",
            "visit": 100 + n,
            "visit_name": f"s{n}",
            "region": square(0.3 * (n % 1000), -60 + 0.5 * (n // 1000)),
        }
        for n in range(4000)
    ]
    write.call("register_units", "visit", rows)
    own.rows("ANALYZE butler_internal.visit")
    sql = "SELECT v.visit FROM butler.visit AS v WHERE butler.sky_within(v.region, %s, %s, %s)"
    assert "ix_visit_region" in write.explain(sql, 150.0, -59.0, 0.3)
    assert "ix_visit_region" in write.explain(
        "SELECT v.visit FROM butler.visit AS v WHERE public.st_intersects(v.region, butler.sky_circle(150, -59, 0.3))"
    )
    found = set(write.column(sql, 150.0, -59.0, 0.3))
    near = {
        row["visit"]
        for row in rows
        if min(separation((150.0, -59.0), (ra, dec)) for ra, dec in row["region"]) <= 0.3
    }
    assert near <= found
    assert len(found) < 20


def test_a_power_user_asks_in_degrees(still: dict[str, Session]) -> None:
    """Positions, circles, boxes and polygons against visits, sensors and patches, by the reader."""
    read = still["reader"]
    assert read.scalar("SELECT count(*) FROM visit AS v WHERE sky_within(v.region, 10.1, 0.1, 0.001)") == 6
    assert read.scalar("SELECT count(*) FROM visit AS v WHERE sky_within(v.region, 10.1, 0.3, 0.09)") == 0
    assert read.scalar("SELECT count(*) FROM visit AS v WHERE sky_within(v.region, 10.1, 0.3, 0.11)") == 6
    assert read.column(
        "SELECT p.patch FROM patch AS p WHERE st_intersects(p.region, sky_box(9.9, 10.05, 0, 1)) AND p.tract = 0"
    ) == [0]
    assert (
        read.scalar(
            "SELECT count(*) FROM observed_sensor AS s WHERE st_intersects(s.region, sky_circle(10.15, 0.05, 0.01))"
        )
        == 4
    )
    ra, dec = read.rows("SELECT ra, dec FROM tract WHERE tract = 0")[0]
    assert (ra, dec) == (pytest.approx(10.5, abs=1e-3), pytest.approx(0.5, abs=1e-3))

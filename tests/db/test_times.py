from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings

from butler.testing.strategies import times
from db.session import Session
from db.world import dataset

UTC = UTC


def tai(session: Session, utc: str) -> str:
    return str(session.scalar("SELECT butler.utc_to_tai(%s::timestamptz)::text", utc))


def utc(session: Session, tai: str) -> str:
    return str(session.scalar("SELECT butler.tai_to_utc(%s::timestamp)::text", tai))


@pytest.mark.parametrize(
    ("in_utc", "in_tai"),
    [
        ("2026-01-01 00:00:00+00", "2026-01-01 00:00:37"),
        ("2017-01-01 00:00:00+00", "2017-01-01 00:00:37"),
        ("2016-12-31 23:59:59+00", "2017-01-01 00:00:35"),
        ("2016-12-31 23:59:59.999999+00", "2017-01-01 00:00:35.999999"),
        ("2015-07-01 00:00:00+00", "2015-07-01 00:00:36"),
        ("1999-01-01 00:00:00+00", "1999-01-01 00:00:32"),
        ("1972-01-01 00:00:00+00", "1972-01-01 00:00:10"),
        ("1960-01-01 00:00:00+00", "1960-01-01 00:00:10"),
    ],
)
def test_tai_is_ahead_of_utc_by_the_leap_seconds_until_then(
    still: dict[str, Session], in_utc: str, in_tai: str
) -> None:
    assert tai(still["reader"], in_utc) == in_tai
    assert utc(still["reader"], in_tai) == in_utc


def test_the_leap_second_itself_is_the_first_of_the_next_day_as_postgresql_has_it(
    still: dict[str, Session],
) -> None:
    """A timestamptz can't hold 23:59:60: in UTC that second and the next are one; in TAI they aren't."""
    read = still["reader"]
    assert utc(read, "2017-01-01 00:00:36") == "2017-01-01 00:00:00+00"
    assert utc(read, "2017-01-01 00:00:37") == "2017-01-01 00:00:00+00"
    assert tai(read, "2016-12-31T23:59:60Z") == "2017-01-01 00:00:37"


def test_the_session_s_zone_changes_nothing(still: dict[str, Session]) -> None:
    read = still["reader"]
    read.rows("SET timezone = 'Pacific/Apia'")
    assert tai(read, "2026-01-01 00:00:00+00") == "2026-01-01 00:00:37"
    assert read.scalar(
        "SELECT butler.tai_to_utc('2026-01-01 00:00:37') = '2026-01-01T00:00:00Z'::timestamptz"
    )
    read.rows("RESET timezone")


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(times(datetime(1965, 1, 1)))
def test_there_and_back_is_the_same(still: dict[str, Session], moment: datetime) -> None:
    read = still["reader"]
    assert read.scalar(
        "SELECT butler.tai_to_utc(butler.utc_to_tai(%s))", moment.replace(tzinfo=UTC)
    ) == moment.replace(tzinfo=UTC)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(times(datetime(1972, 7, 1), datetime(2024, 1, 1)))
def test_it_agrees_with_astropy(still: dict[str, Session], moment: datetime) -> None:
    from astropy.time import Time

    expected = Time(moment, scale="utc").tai.to_datetime()
    assert abs(
        still["reader"].scalar("SELECT butler.utc_to_tai(%s)", moment.replace(tzinfo=UTC)) - expected
    ) <= timedelta(microseconds=1)


def test_a_visit_shows_tai_utc_and_mjd(write: Session) -> None:
    row = {"camera": "Cam", "visit": 9, "visit_name": "n", "obs_begin_tai": "2021-09-09T03:00:00.123456"}
    write.call("register_units", "visit", [row])
    begin, mjd = write.rows("SELECT obs_begin_utc, obs_begin_mjd_tai FROM butler.visit WHERE visit = 9")[0]
    assert begin == datetime(2021, 9, 9, 2, 59, 23, 123456, tzinfo=UTC)
    assert write.rows("SELECT obs_begin_utc FROM butler.exposure WHERE visit = 9") == [(begin,)]
    write.call("put", "r/one", [dataset("visit_summary", {"camera": "Cam", "visit": 9})])
    assert write.rows("SELECT obs_begin_utc FROM butler.dataset_wide WHERE visit = 9") == [(begin,)]
    days = 59466 + (3 * 3600 + 0.123456) / 86400
    assert abs(mjd - days) * 86400 < 2e-6, "not true to the microsecond"

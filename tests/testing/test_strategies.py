"""Strategies give what they say; tests/db holds the database against it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from butler import units
from butler.testing.strategies import UNITS, data_ids, dates, times, unit_values, words


def test_its_units_are_those_of_the_schema() -> None:
    assert set(UNITS) == set(units.UNITS)


def test_a_unit_that_there_is_not_is_refused_naming_those_that_there_are() -> None:
    with pytest.raises(ValueError, match=r"no unit 'pixel'.*sky_pixel"):
        unit_values("pixel")


@given(data_ids(("camera", "visit", "label"), known={"camera": ["ACS"]}))
def test_a_data_id_has_each_unit_and_what_is_known(data_id: dict[str, Any]) -> None:
    assert data_id.keys() == {"camera", "visit", "label"}
    assert data_id["camera"] == "ACS"
    assert 0 <= data_id["visit"] < 10**18
    assert data_id["label"]


@given(data_ids(UNITS, spelled=True), st.lists(words()))
def test_spelled_as_people_do_it_is_in_words_that_are_known(
    data_id: dict[str, Any], known: list[str]
) -> None:
    assert len(data_id) == len(UNITS)
    assert all(isinstance(value, (str, int)) for value in data_id.values())
    assert all(isinstance(word, str) for word in known)


@given(dates(), times(datetime(2016, 12, 31), datetime(2017, 1, 2)))
def test_days_and_times_are_within_their_bounds(day: date, moment: datetime) -> None:
    assert date.min <= day <= date.max
    assert datetime(2016, 12, 31) <= moment <= datetime(2017, 1, 2)

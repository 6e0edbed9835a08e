"""What a user writes as a query, and what the driver is given."""

from __future__ import annotations

import pytest

from butler.errors import ExpressionError
from butler.registry.postgres.user_sql import for_driver


@pytest.mark.parametrize(
    ("sql", "sent"),
    [
        ("SELECT :a", "SELECT %(a)s"),
        ("SELECT :a::text, b::int", "SELECT %(a)s::text, b::int"),
        ("SELECT '12:30', a[1:2]", "SELECT '12:30', a[1:2]"),
        (r"SELECT '\:a'", "SELECT ':a'"),
        ("SELECT 5 % 2, 'x%'", "SELECT 5 %% 2, 'x%%'"),
        ("SELECT :a, :a, :b_2", "SELECT %(a)s, %(a)s, %(b_2)s"),
    ],
)
def test_parameters_are_named_as_the_driver_names_them(sql: str, sent: str) -> None:
    assert for_driver(sql, {"a": 1, "b_2": 2}) == sent


def test_a_parameter_that_is_not_given_is_named() -> None:
    with pytest.raises(ExpressionError, match=":sensor is not given") as caught:
        for_driver("SELECT * FROM visit WHERE visit = :visit AND sensor = :sensor", {"visit": 1})
    assert caught.value.details["parameters"] == ["sensor"]

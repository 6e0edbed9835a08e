"""The model is what its page says; tests/db holds the database against it."""

from __future__ import annotations

import doctest

from butler.testing import model


def test_its_example_holds() -> None:
    assert doctest.testmod(model) == (0, 6)

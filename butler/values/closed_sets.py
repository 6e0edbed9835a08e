"""Sets of values to which nothing is added."""

from __future__ import annotations

from enum import StrEnum

from butler.arguments import short
from butler.errors import InvalidNameError, nearest

__all__ = ["no_member"]


def no_member(values: type[StrEnum], what: str, value: object) -> InvalidNameError:
    """Give the error of a value that is none of a closed set's."""
    return InvalidNameError(
        f"there is no {what} {short(value)}",
        hint=nearest(short(value), map(str, values)),
        details={"value": short(value)},
    )

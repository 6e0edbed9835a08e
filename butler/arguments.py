"""What callers give, judged by its kind: what is of another one is refused before it can mean something else.

Each check gives the value back as everything below expects it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from butler.errors import ButlerError, InvalidDataIdError, InvalidNameError

__all__ = [
    "PLAIN",
    "data_id_of",
    "duration",
    "is_text",
    "items",
    "label",
    "mapping",
    "moment",
    "name",
    "names",
    "path",
    "refused",
    "short",
]

PLAIN = frozenset({str, int, float, bool, type(None)})
"""Types of which a value means what it says."""

_SIMPLE = (list, tuple)
_MOST = 80
_DURATION = re.compile(r"(\d+(?:\.\d+)?)([smhd])")
_DURATION_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}

Error = TypeVar("Error", bound=ButlerError)


def short(value: object) -> str:
    """Show a value that somebody gave in a message: in a line, and not all of one that is long."""
    import reprlib

    shortened = reprlib.Repr()
    shortened.maxstring = shortened.maxother = _MOST
    shortened.maxlevel, shortened.maxlong = 3, _MOST
    shown = " ".join(shortened.repr(value).split())
    return shown if len(shown) <= 2 * _MOST else f"{shown[: 2 * _MOST]}…"


def refused(argument: str, value: object, wanted: str, hint: str, error: type[Error]) -> Error:
    """Give the error of an argument that is of another kind than is wanted."""
    kind = type(value).__name__
    return error(
        f"{argument} is {short(value)}, of type {kind}, not {wanted}",
        hint=hint,
        details={"argument": argument, "type": kind},
    )


def name(value: object, argument: str) -> str:
    """Take a name: a text."""
    if isinstance(value, str):
        return value
    raise refused(argument, value, "a text", "Give its name, such as 'u/me/first'.", InvalidNameError)


def is_text(value: str) -> bool:
    """Whether a text is one that a registry can hold, and be asked for: without NUL and half characters."""
    return "\0" not in value and not any("\ud800" <= each <= "\udfff" for each in value)


def names(value: object, argument: str) -> list[str]:
    """Take names in an order, or one."""
    if isinstance(value, str):
        return [value]
    if type(value) in _SIMPLE:
        return [each if type(each) is str else name(each, argument) for each in value]  # type: ignore[attr-defined]
    # A set would be searched in another order the next time.
    if isinstance(value, (bytes, bytearray, Mapping, set, frozenset)) or not isinstance(value, Iterable):
        raise refused(
            argument,
            value,
            "a text or a list of texts",
            "Give names, such as ['u/me/first'].",
            InvalidNameError,
        )
    return [name(each, argument) for each in value]


def items(value: object, argument: str, of: str) -> list[Any]:
    """Take several things.

    Parameters
    ----------
    value : object
        What was given.
    argument : `str`
        What it was given as.
    of : `str`
        What things, for the message.
    """
    if type(value) in _SIMPLE:
        return list(value)  # type: ignore[call-overload, no-any-return]
    if isinstance(value, (str, bytes, bytearray, Mapping)) or not isinstance(value, Iterable):
        raise refused(
            argument, value, f"a list of {of}", "Write one as a list, too: [it].", InvalidDataIdError
        )
    return list(value)


def mapping(value: object, argument: str) -> Mapping[str, Any]:
    """Take names with values; nothing for `None`."""
    if value is None:
        return {}
    if isinstance(value, Mapping):
        return value
    raise refused(
        argument, value, "a mapping", "Give names with values, such as {'visit': 7}.", InvalidDataIdError
    )


def data_id_of(value: Mapping[str, Any] | None, units: Mapping[str, Any]) -> dict[str, Any]:
    """Put a data ID together of what was given as one and what in keywords."""
    return {**mapping(value, "data_id"), **units}


def path(value: object, argument: str) -> Path:
    """Take a path of a file."""
    if isinstance(value, (str, os.PathLike)):
        given = os.fspath(value)
        if isinstance(given, str) and "\0" not in given:
            return value if isinstance(value, Path) else Path(given)
    raise refused(argument, value, "a path", "Give a text without NUL, or a pathlib.Path.", InvalidNameError)


def moment(value: object, argument: str) -> datetime:
    """Take a time, with its zone."""
    if not isinstance(value, datetime):
        raise refused(argument, value, "a time", "Give one: datetime(…, tzinfo=UTC).", InvalidDataIdError)
    if value.tzinfo is None:
        raise InvalidDataIdError(
            f"{argument} is {value.isoformat()}, and has no time zone",
            hint="Give one: datetime(…, tzinfo=UTC).",
            details={"argument": argument, "type": "datetime"},
        )
    return value


def duration(text: str) -> timedelta | None:
    """Read a duration such as ``90s``, ``10m``, ``8h`` or ``1d``; `None` of what isn't written like these.

    Raises
    ------
    InvalidDataIdError
        If it is longer than anything lasts.
    """
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        return None
    try:
        return timedelta(**{_DURATION_UNITS[match[2]]: float(match[1])})
    except OverflowError:
        raise InvalidDataIdError(
            f"{short(text)} is longer than anything lasts", hint="Write 90s, 10m, 8h or 1d."
        ) from None


def label(value: object, unit: object) -> Any:
    """Take the value that a unit or a column has, as JSON can carry it.

    NumPy's numbers and texts become Python's, dates ISO strings. Lists and
    dicts are left for the database to judge.
    """
    if type(value) in PLAIN:
        return value
    if not isinstance(unit, str):
        raise refused("a unit's name", unit, "a text", "Write names, such as 'visit'.", InvalidDataIdError)
    if isinstance(value, str):
        return str(value)
    # The value beneath a mask is one that nobody measured.
    if getattr(value, "ndim", 0) or getattr(value, "mask", False) is not False or isinstance(value, bytes):
        raise refused(unit, value, "one value", "Give one text or number.", InvalidDataIdError)
    found: Any = value.item() if hasattr(value, "item") else value
    return found.isoformat() if hasattr(found, "isoformat") else found

"""From what a header says to the value of a field, in its unit and time scale.

Every converter takes a header's value and the field's rule, and raises
`ConfigError` (or another of ours) with a reason if the value can't be right.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from butler.cameras.names import checked_name
from butler.cameras.rules import (
    ANGLE_UNITS,
    DURATION_UNITS,
    AngleRule,
    DurationRule,
    FieldRule,
    ScaledRule,
    TimeRule,
    VisitRule,
    as_text,
)
from butler.errors import ConfigError, InvalidRegionError

if TYPE_CHECKING:
    from astropy.time import Time

    from butler.cameras.definition import CameraDefinition

__all__ = ["convert", "number_by_begin", "tai_datetime", "utc_datetime"]

Written = bool | int | float | str

_MAX_BIGINT = 2**63 - 1
_MAX_INTEGER = 2**31 - 1
_MAX_TEXT = 10_000
_MAX_DURATION_S = 1e9
_WHOLE = re.compile(r"[+-]?[0-9]{1,19}")
_BASE36 = re.compile(r"[1-9a-z][0-9a-z]{0,11}")
_SEXAGESIMAL = re.compile(r"([+-]?) ?([0-9]{1,3})[: h]([0-9]{1,2})[: m]([0-9]{1,2}(?:\.[0-9]*)?)s?")
_ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]*)?)?")
_FIRST_YEAR, _LAST_YEAR = 1850, 2199


def convert(value_type: str, written: Written, rule: FieldRule, camera: CameraDefinition) -> Any:
    """Convert a header's value to a field's.

    Parameters
    ----------
    value_type : `str`
        One of those in `butler.cameras.rules.FIELDS` or ``SQL_TYPES``.
    written : `bool`, `int`, `float` or `str`
        As `butler.cameras.rules.find` gave it.
    rule : `FieldRule`
        Unit, scale, format.
    camera : `CameraDefinition`
        Whose sensors and filters are meant.

    Returns
    -------
    value
        `int`, `float`, `str` or `bool`; an `astropy.time.Time` for a time.

    Raises
    ------
    ConfigError, InvalidNameError, InvalidRegionError
        If the value can't be right.
    """
    match value_type:
        case "sensor":
            return camera.find_sensor(_number_or_name(written)).sensor
        case "filter":
            return camera.find_filter(as_text(written)).physical_filter
        case _:
            return _CONVERTERS[value_type](written, rule)


def number_by_begin(begin: Time) -> int:
    """Make a visit's number out of the digits of its begin: UTC, to 10 ms."""
    digits = begin.utc.copy()
    digits.precision = 2
    return int(re.sub(r"[^0-9]", "", digits.isot))


def tai_datetime(time: Time) -> datetime:
    """Give a time as TAI, without zone, to the microsecond."""
    moment: datetime = time.tai.to_datetime()
    return moment


def utc_datetime(time: Time) -> datetime:
    """Give a time as UTC, without zone; within a leap second, the second before it."""
    try:
        moment: datetime = time.utc.to_datetime()
    except ValueError:
        moment = (time - 1 / 86400).utc.to_datetime()
    return moment


def _text(written: Written, _rule: FieldRule) -> str:
    text = as_text(written).strip()
    if not text.isprintable():
        raise ConfigError(f"{text[:60]!r} holds a control character")
    if len(text) > _MAX_TEXT:
        raise ConfigError(f"{text[:57]!r}… has {len(text)} characters, more than {_MAX_TEXT}")
    return text


def _name(written: Written, _rule: FieldRule) -> str:
    return checked_name("visit", as_text(written))


def _count(written: Written, _rule: FieldRule) -> int:
    return _whole(written, 0, _MAX_INTEGER)


def _integer(written: Written, _rule: FieldRule) -> int:
    return _whole(written, -_MAX_BIGINT, _MAX_BIGINT)


def _visit(written: Written, rule: VisitRule) -> int:
    if rule.number == "integer":
        return _whole(written, 0, _MAX_BIGINT)
    text = as_text(written).lower()
    if not _BASE36.fullmatch(text):
        # A leading 0 would give two names one number; 13 characters don't fit a bigint.
        raise ConfigError(f"{text[:60]!r} isn't 1 to 12 letters and digits that don't begin with 0")
    return int(text, 36)


def _boolean(written: Written, _rule: FieldRule) -> bool:
    text = as_text(written).lower()
    if text in ("t", "true", "1", "yes"):
        return True
    if text in ("f", "false", "0", "no"):
        return False
    raise ConfigError(f"{text[:60]!r} is neither true nor false")


def _scaled(written: Written, rule: ScaledRule) -> float:
    return _finite(_float(written) * rule.scale, written)


def _airmass(written: Written, rule: ScaledRule) -> float:
    return _within(_scaled(written, rule), 0.99, 99.99)


def _seeing(written: Written, rule: ScaledRule) -> float:
    return _within(_scaled(written, rule), 0, 3599.99)


def _duration(written: Written, rule: DurationRule) -> float:
    seconds = _finite(_float(written) * DURATION_UNITS[rule.unit or "s"], written)
    if not 0 <= seconds < _MAX_DURATION_S:
        raise ConfigError(f"{seconds:g} s isn't the length of an exposure")
    return seconds


def _longitude(written: Written, rule: AngleRule) -> float:
    degrees = _on_sphere(written, rule)
    if not -180 <= degrees <= 360:
        raise InvalidRegionError(f"right ascension {degrees:g}° isn't from 0° to 360°")
    return wrapped(degrees)


def _latitude(written: Written, rule: AngleRule) -> float:
    degrees = _on_sphere(written, rule)
    if not -90 <= degrees <= 90:
        raise InvalidRegionError(f"declination {degrees:g}° isn't from -90° to 90°")
    return degrees


def _turn(written: Written, rule: AngleRule) -> float:
    return _within(_degrees(written, rule), -360, 360)


def _zenith(written: Written, rule: AngleRule) -> float:
    return _within(_degrees(written, rule), 0, 180)


def _time(written: Written, rule: TimeRule) -> Time:
    from astropy.time import Time

    if rule.format == "iso":
        text = as_text(written).strip().removesuffix("Z")
        if not _ISO.fullmatch(text):
            raise ConfigError(
                f"{as_text(written)[:60]!r} isn't a date and a time of day",
                hint="Where they stand apart: 'join: [DATE-OBS, UT]', 'separator: T'.",
            )
        moment: tuple[str] | tuple[int, float] = (text.replace(" ", "T"),)
        layout = "isot"
    else:
        number = _float(written)
        whole = math.floor(_finite(number, written))
        # Two numbers keep the microseconds that one Julian date would lose.
        moment, layout = (whole, number - whole), rule.format
    try:
        time = Time(*moment, format=layout, scale=rule.time_scale)
        year = time.tai.ymdhms.year
    except (ValueError, ArithmeticError) as error:
        raise ConfigError(f"{as_text(written)[:60]!r} isn't a time: {error}") from error
    if not _FIRST_YEAR <= year <= _LAST_YEAR:
        raise ConfigError(f"{as_text(written)[:60]!r} is in the year {year}")
    return time


def _on_sphere(written: Written, rule: AngleRule) -> float:
    try:
        return _degrees(written, rule)
    except ConfigError as error:
        raise InvalidRegionError(error.message) from error


def _degrees(written: Written, rule: AngleRule) -> float:
    factor = ANGLE_UNITS[rule.unit or "deg"]
    if isinstance(written, str) and (parts := _SEXAGESIMAL.fullmatch(written.strip())):
        sign, whole, minutes, seconds = parts.groups()
        if float(minutes) >= 60 or float(seconds) > 60:
            raise ConfigError(f"{written!r} has 60 minutes or seconds")
        size = int(whole) + float(minutes) / 60 + float(seconds) / 3600
        return factor * (-size if sign == "-" else size)
    return _finite(_float(written) * factor, written)


def _whole(written: Written, low: int, high: int) -> int:
    number: int | None = None
    if isinstance(written, str):
        number = int(written) if _WHOLE.fullmatch(written.strip()) else None
    elif isinstance(written, float):
        number = int(written) if math.isfinite(written) and written.is_integer() else None
    elif not isinstance(written, bool):
        number = written
    if number is None:
        raise ConfigError(f"{as_text(written)[:60]!r} isn't a whole number")
    if not low <= number <= high:
        raise ConfigError(f"{as_text(written)[:60]} isn't from {low} to {high}")
    return number


def _number_or_name(written: Written) -> str:
    if isinstance(written, float) and written.is_integer():
        return str(int(written))
    text = as_text(written)
    return str(int(text)) if _WHOLE.fullmatch(text) else text


def _float(written: Written) -> float:
    if isinstance(written, bool) or (isinstance(written, str) and "_" in written):
        raise ConfigError(f"{as_text(written)[:60]!r} isn't a number")
    try:
        return float(written)
    except (ValueError, OverflowError):
        raise ConfigError(f"{as_text(written)[:60]!r} isn't a number") from None


def _finite(number: float, written: Written) -> float:
    if not math.isfinite(number):
        raise ConfigError(f"{as_text(written)[:60]} isn't a finite number")
    return number


def _within(number: float, low: float, high: float) -> float:
    if not low <= number <= high:
        raise ConfigError(f"{number:g} isn't from {low:g} to {high:g}")
    return number


def wrapped(degrees: float) -> float:
    """Bring a right ascension into [0, 360)."""
    # The remainder of a tiny negative number rounds to 360 itself.
    return remainder if (remainder := degrees % 360) < 360 else 0.0


_CONVERTERS: Mapping[str, Callable[[Written, Any], Any]] = {
    "visit": _visit,
    "name": _name,
    "text": _text,
    "count": _count,
    "integer": _integer,
    "float": _scaled,
    "boolean": _boolean,
    "time": _time,
    "duration": _duration,
    "longitude": _longitude,
    "latitude": _latitude,
    "turn": _turn,
    "zenith": _zenith,
    "airmass": _airmass,
    "seeing": _seeing,
}

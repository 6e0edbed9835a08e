"""How one field is found in a file: the rules of a camera's header map."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct
from msgspec.structs import asdict, fields

from butler.cameras.headers import FileHeaders, HeaderValue
from butler.cameras.names import checked_name
from butler.errors import ConfigError
from butler.strict import ONE_OR_MORE, After, Before, Document, read

__all__ = [
    "ANGLE_UNITS",
    "DURATION_UNITS",
    "FIELDS",
    "SQL_TYPES",
    "AngleRule",
    "DatasetTypeRule",
    "DurationRule",
    "FieldRule",
    "Hdu",
    "Name",
    "ScaledRule",
    "Texts",
    "TimeRule",
    "VisitRule",
    "checked_rule",
    "find",
    "read_rule",
    "rule_type",
    "said_by_image",
]

FIELDS: Mapping[str, str] = {
    "visit": "visit",
    "visit_name": "name",
    "sensor": "sensor",
    "snap": "count",
    "physical_filter": "filter",
    "obs_begin": "time",
    "obs_end": "time",
    "exposure_time": "duration",
    "dark_time": "duration",
    "observation_type": "text",
    "observation_reason": "text",
    "target_name": "text",
    "science_program": "text",
    "seq_num": "count",
    "tracking_ra": "longitude",
    "tracking_dec": "latitude",
    "sky_angle": "turn",
    "azimuth": "turn",
    "zenith_angle": "zenith",
    "airmass": "airmass",
    "seeing": "seeing",
    "can_see_sky": "boolean",
    "has_simulated": "boolean",
}
"""The fields that every camera may have, and what the values of each are."""

SQL_TYPES = ("text", "integer", "float", "boolean")
"""What the values of a field may be that one camera alone has."""

ANGLE_UNITS: Mapping[str, float] = {
    "deg": 1.0,
    "hour": 15.0,
    "rad": 180 / math.pi,
    "arcmin": 1 / 60,
    "arcsec": 1 / 3600,
}
DURATION_UNITS: Mapping[str, float] = {"s": 1.0, "ms": 1e-3, "min": 60.0, "hour": 3600.0, "day": 86400.0}

_PLACES = ("keyword", "join", "file_name", "constant")

_MAX_PATTERN = 200
_MAX_SUBJECT = 255
_MAX_REPEATS = 3
_MAX_ALTERNATIVES = 4
_ESCAPED = re.compile(r"\\.", re.DOTALL)
_REPEAT = re.compile(r"(?:[*+]|\{\d*,\d*\})[?+]?|(?<!\()\?")
_REPEATED_GROUP = re.compile(r"\)[*+{]")


def _as_digits(value: Any) -> Any:
    """Whole numbers are compared by their digits, with what headers say."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _as_name(value: Any) -> Any:
    return checked_name("the", value) if isinstance(value, str) else value


def _keyword(keyword: str, _where: str) -> str:
    if not keyword.isascii() or not keyword.isprintable() or not 0 < len(keyword.strip()) <= 70:
        raise ConfigError(f"{keyword[:60]!r} can't be a FITS keyword", hint="Write it as the header does.")
    return keyword.strip().upper()


def _pattern(pattern: str, _where: str) -> str:
    # A pattern comes from anybody: what makes a search take exponential time is refused.
    bare = _ESCAPED.sub("_", pattern)
    if (
        len(pattern) > _MAX_PATTERN
        or _REPEATED_GROUP.search(bare)
        or len(_REPEAT.findall(bare)) > _MAX_REPEATS
        or bare.count("|") > _MAX_ALTERNATIVES
    ):
        raise ConfigError(
            f"is a pattern that may take too long: {pattern[:60]!r}",
            hint=f"Repeat no groups; use at most {_MAX_REPEATS} of * + ? {{m,n}}, {_MAX_ALTERNATIVES} of |, "
            f"and {_MAX_PATTERN} characters.",
        )
    try:
        compiled(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise ConfigError(f"isn't a regular expression: {error}") from error
    return pattern


def _with_groups(pattern: str, _where: str) -> str:
    if not compiled(pattern).groups:
        raise ConfigError("has no group", hint="Put ( ) around the part that is the value.")
    return pattern


def _one_place(rule: FieldRule, _where: str) -> FieldRule:
    """Check that a rule says in one way where its value stands; a visit numbered by its begin in none."""
    chosen = [place for place in _PLACES if getattr(rule, place) not in ((), None)]
    if isinstance(rule, VisitRule) and rule.number == "datetime":
        if chosen:
            raise ConfigError(
                "numbers visits by their begin, and names a place", hint=f"Leave {chosen[0]} out."
            )
    elif len(chosen) != 1:
        raise ConfigError(
            f"names {' and '.join(chosen) or 'no place'}", hint=f"Give exactly one of {', '.join(_PLACES)}."
        )
    return rule


Name = Annotated[str, Before(_as_name)]
"""In a type to be read: a name by the rules for names."""

Text = Annotated[
    str, Before(_as_digits), Meta(extra_json_schema={"written": {"type": ["string", "integer"]}})
]
"""In a type to be read: a text, or a whole number for its digits."""

_ONE_OR_MORE = {"type": ["string", "integer", "array"], "items": {"type": ["string", "integer"]}}
Texts = Annotated[tuple[Text, ...], ONE_OR_MORE, Meta(extra_json_schema={"written": _ONE_OR_MORE})]
"""In a type to be read: one text, or a list of them."""

Keyword = Annotated[str, After(_keyword)]
Keywords = Annotated[
    tuple[Keyword, ...],
    ONE_OR_MORE,
    Meta(
        min_length=1,
        extra_json_schema={
            "written": {"type": ["string", "array"], "items": {"type": "string"}, "minItems": 1}
        },
    ),
]
"""In a type to be read: one keyword of a header, or a list of them."""

Pattern = Annotated[str, After(_pattern)]
ValuePattern = Annotated[Pattern, After(_with_groups)]
Scalar = bool | Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)] | float | str
Hdu = Annotated[int, Meta(ge=0, le=9999)] | str


class FieldRule(Struct, frozen=True, kw_only=True):
    """Where the value of a field stands and how it is written there.

    One of ``keyword``, ``join``, ``file_name`` and ``constant`` says where; a
    visit numbered by its begin names none of them.

    Parameters
    ----------
    keyword : `tuple` [`str`]
        Where it stands; of several, the first that is there.
    join : `tuple` [`str`]
        Keywords that together are the value, with ``separator`` between.
    separator : `str`
        See ``join``; also put between the groups of a pattern.
    file_name : `str`
        A pattern whose groups in the file's name are the value.
    constant : `bool`, `int`, `float` or `str`
        The value itself.
    regex : `str`
        A pattern whose groups in what was found are the value.
    table : `dict` [`str`, value]
        What is written → what it means; what isn't listed stays as it is.
    missing : `tuple` [`str`]
        What is written where there is no value, such as ``N/A``.
    hdu : `str` or `int`
        Which header: ``merged`` (the image's, then the primary), ``primary``, a name, a number.
    """

    keyword: Keywords = ()
    join: Keywords = ()
    separator: str = ""
    file_name: ValuePattern | None = None
    constant: Scalar | None = None
    regex: ValuePattern | None = None
    table: dict[Text, Scalar] = {}
    missing: Texts = ()
    hdu: Hdu = "merged"

    def to_json(self) -> dict[str, Any]:
        """Give the rule as the YAML has it, without what is left at its default."""
        return _without_defaults(self)


class VisitRule(FieldRule, frozen=True, kw_only=True):
    """Where a visit's number stands, and how it is written.

    Parameters
    ----------
    number : `str`
        How a visit gets its number: ``integer``, as it is; ``base36``, letters and digits read as a number;
        ``datetime``, the digits of the begin in UTC to 10 ms, for cameras that number nothing.
    """

    number: Literal["integer", "base36", "datetime"] = "integer"


class TimeRule(FieldRule, frozen=True, kw_only=True):
    """Where a time stands, and how it is written.

    Parameters
    ----------
    format : `str`
        How it is written: a date and time of day, or a number of days or seconds.
    time_scale : `str`
        In which scale.
    """

    format: Literal["iso", "mjd", "jd", "unix"] = "iso"
    time_scale: Literal["utc", "tai", "tt", "tdb"] = "utc"


class DurationRule(FieldRule, frozen=True, kw_only=True):
    """Where a duration stands, and how it is written.

    Parameters
    ----------
    unit : `str`
        In which unit; seconds by default.
    """

    unit: Literal["s", "ms", "min", "hour", "day"] | None = None


class AngleRule(FieldRule, frozen=True, kw_only=True):
    """Where an angle stands, and how it is written; sexagesimal ones are understood.

    Parameters
    ----------
    unit : `str`
        In which unit; degrees by default.
    """

    unit: Literal["deg", "hour", "rad", "arcmin", "arcsec"] | None = None


class ScaledRule(FieldRule, frozen=True, kw_only=True):
    """Where a number stands, and how it is written.

    Parameters
    ----------
    scale : `float`
        Factor to the field's unit.
    """

    scale: float = 1.0


_RULES: Mapping[str, type[FieldRule]] = {
    "visit": VisitRule,
    "time": TimeRule,
    "duration": DurationRule,
    **dict.fromkeys(("longitude", "latitude", "turn", "zenith"), AngleRule),
    **dict.fromkeys(("airmass", "seeing", "float"), ScaledRule),
}


def rule_type(value_type: str) -> type[FieldRule]:
    """Give the type of the rules for fields whose values are of one type."""
    return _RULES.get(value_type, FieldRule)


def read_rule(document: Document, value_type: str) -> FieldRule:
    """Read the rule of a field whose values are of one type.

    Raises
    ------
    ConfigError
        If a key isn't known, doesn't go with the type or another key, or has a
        value that isn't allowed.
    """
    rule: FieldRule = read(document, checked_rule(value_type), for_database=True)
    return rule


def checked_rule(value_type: str) -> Any:
    """Give that type to be read: with the check that a rule names one place."""
    return Annotated[rule_type(value_type), After(_one_place)]


class DatasetTypeRule(Struct, frozen=True):
    """Which files hold a dataset type: by name, by keyword, or all.

    Parameters
    ----------
    dataset_type : `str`
        Its name.
    file_name : `str`, optional
        A pattern that is found in the file's name.
    keyword : `str`, optional
        A keyword whose value is one of ``equals``.
    equals : `tuple` [`str`]
        See ``keyword``.
    """

    dataset_type: Name
    file_name: Pattern | None = None
    keyword: Keyword | None = None
    equals: Texts = ()

    def __post_init__(self) -> None:
        if (self.keyword is None) != (not self.equals):
            raise ConfigError("has one of keyword and equals", hint="Give both, or neither.")

    def to_json(self) -> dict[str, Any]:
        """Give the rule as the YAML has it, without what is left at its default."""
        return _without_defaults(self)

    def holds(self, headers: FileHeaders) -> bool:
        """Tell whether a file is of this dataset type.

        Raises
        ------
        ConfigError
            If the keyword's card can't be understood.
        """
        name = headers.path.name[:_MAX_SUBJECT]
        if self.file_name is not None and not compiled(self.file_name).search(name):
            return False
        if self.keyword is None:
            return True
        written = headers.get(self.keyword)
        return written is not None and as_text(written.value) in self.equals


def _without_defaults(rule: Struct) -> dict[str, Any]:
    defaults = {each.name: each.default for each in fields(rule)}
    return {
        key: list(value) if isinstance(value, tuple) else value
        for key, value in asdict(rule).items()
        if value != defaults[key] and value != {}
    }


def find(rule: FieldRule, headers: FileHeaders) -> HeaderValue | None:
    """Find what a file says for a field, with tables applied.

    Returns
    -------
    value : `HeaderValue` or `None`
        As written, not converted yet; `None` if the file says nothing.

    Raises
    ------
    ConfigError
        If a card can't be understood or there is no such HDU.
    """
    found = _written(rule, headers)
    if found is None or as_text(found.value) in rule.missing:
        return None
    if rule.regex is not None:
        text = _groups(rule.regex, as_text(found.value), rule.separator)
        if text is None:
            return None
        found = HeaderValue(text, found.source, found.repeated)
    if (meaning := rule.table.get(as_text(found.value))) is not None:
        return HeaderValue(meaning, f"{found.source} = {found.value!r}, by the table", found.repeated)
    return found


def said_by_image(rule: FieldRule, headers: FileHeaders) -> bool:
    """Tell whether what a rule finds, or a part of it, stands in the image's own header.

    Raises
    ------
    ConfigError
        If a card can't be understood.
    """
    if rule.hdu != "merged":
        return False
    own = FileHeaders(headers.path, (headers.hdus[headers.image],))
    for keyword in rule.keyword:
        if (found := headers.get(keyword)) is not None and as_text(found.value) not in rule.missing:
            return own.get(keyword) is not None
    return any(own.get(keyword) is not None for keyword in rule.join)


def _written(rule: FieldRule, headers: FileHeaders) -> HeaderValue | None:
    if rule.constant is not None:
        return HeaderValue(rule.constant, "the camera's definition")
    if rule.file_name is not None:
        text = _groups(rule.file_name, headers.path.name, rule.separator)
        return None if text is None else HeaderValue(text, "the file's name")
    for keyword in rule.keyword:
        if (found := headers.get(keyword, rule.hdu)) is not None and as_text(found.value) not in rule.missing:
            return found
    parts = [headers.get(keyword, rule.hdu) for keyword in rule.join]
    if parts and all(parts):
        known = [part for part in parts if part is not None]
        return HeaderValue(
            rule.separator.join(as_text(part.value) for part in known),
            " + ".join(part.source for part in known),
            max(part.repeated for part in known),
        )
    return None


def as_text(value: bool | int | float | str) -> str:
    """Write a header's value as tables and patterns see it: ``T`` and ``F`` for logical ones."""
    if isinstance(value, bool):
        return "T" if value else "F"
    return str(value)


@lru_cache(maxsize=1000)
def compiled(pattern: str) -> re.Pattern[str]:
    """Compile a pattern once."""
    return re.compile(pattern)


def _groups(pattern: str, text: str, separator: str) -> str | None:
    found = compiled(pattern).search(text[:_MAX_SUBJECT])
    return None if found is None else separator.join(group or "" for group in found.groups())

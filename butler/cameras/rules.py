"""How one field is found in a file: the rules of a camera's header map."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from butler.cameras.headers import FileHeaders, HeaderValue
from butler.cameras.plain_data import Node

__all__ = [
    "ANGLE_UNITS",
    "DURATION_UNITS",
    "FIELDS",
    "SQL_TYPES",
    "DatasetTypeRule",
    "FieldRule",
    "find",
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
"""The fields that every camera may have, and the kind of value of each."""

SQL_TYPES = ("text", "integer", "float", "boolean")
"""The kinds of value of a field that one camera alone has."""

ANGLE_UNITS: Mapping[str, float] = {
    "deg": 1.0,
    "hour": 15.0,
    "rad": 180 / math.pi,
    "arcmin": 1 / 60,
    "arcsec": 1 / 3600,
}
DURATION_UNITS: Mapping[str, float] = {"s": 1.0, "ms": 1e-3, "min": 60.0, "hour": 3600.0, "day": 86400.0}
_UNITS: Mapping[str, Mapping[str, float]] = {
    "duration": DURATION_UNITS,
    **dict.fromkeys(("longitude", "latitude", "turn", "zenith"), ANGLE_UNITS),
}
_TIME_FORMATS = ("iso", "mjd", "jd", "unix")
_TIME_SCALES = ("utc", "tai", "tt", "tdb")
_VISIT_NUMBERS = ("integer", "base36", "datetime")

_MAX_PATTERN = 200
_MAX_SUBJECT = 255
_MAX_REPEATS = 3
_MAX_ALTERNATIVES = 4
_ESCAPED = re.compile(r"\\.", re.DOTALL)
_REPEAT = re.compile(r"(?:[*+]|\{\d*,\d*\})[?+]?|(?<!\()\?")
_REPEATED_GROUP = re.compile(r"\)[*+{]")


@dataclass(frozen=True)
class FieldRule:
    """Where the value of a field stands and how it is written there.

    One of ``keyword``, ``join``, ``file_name`` and ``constant`` says where; a
    visit numbered by its begin names none of them.

    Parameters
    ----------
    keyword : `tuple` [`str`]
        Keywords, of which the first that is there counts.
    join : `tuple` [`str`]
        Keywords, all of which make the value, with ``separator`` between.
    separator : `str`
        See ``join``; also put between the groups of a pattern.
    file_name : `str`
        Pattern whose groups in the file's name are the value.
    constant : `bool`, `int`, `float` or `str`
        The value itself.
    regex : `str`
        Pattern whose groups in the value are the value.
    table : `~collections.abc.Mapping` [`str`, value]
        What is written → what it means; a value not listed stays as it is.
    missing : `tuple` [`str`]
        What is written where there is no value, such as ``N/A``.
    unit : `str`
        Of an angle: deg, hour, rad, arcmin, arcsec; of a duration: s, ms, min,
        hour, day. Angles may be sexagesimal.
    scale : `float`
        Factor to the field's unit, of numbers without one.
    format : `str`
        Of a time: iso, mjd, jd, unix.
    time_scale : `str`
        Of a time: utc, tai, tt, tdb.
    number : `str`
        How a visit gets its number: integer, as it is; base36, letters and
        digits read as a number; datetime, the digits of the begin in UTC to
        10 ms, for cameras whose headers number nothing.
    hdu : `str` or `int`
        Which header: merged (the image's, then the primary one), primary, a
        name or a number.
    """

    keyword: tuple[str, ...] = ()
    join: tuple[str, ...] = ()
    separator: str = ""
    file_name: str | None = None
    constant: bool | int | float | str | None = None
    regex: str | None = None
    table: Mapping[str, bool | int | float | str] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    unit: str | None = None
    scale: float = 1.0
    format: str = "iso"
    time_scale: str = "utc"
    number: str = "integer"
    hdu: str | int = "merged"

    @classmethod
    def from_node(cls, node: Node, kind: str) -> FieldRule:
        """Read the rule of a field whose values are of a kind.

        Raises
        ------
        ConfigError
            If a key isn't known, doesn't go with the kind or another key, or
            has a value that isn't allowed.
        """
        special: dict[str, tuple[str, ...]] = {
            "time": ("format", "time_scale"),
            "visit": ("number",),
            "duration": ("unit",),
            **dict.fromkeys(("longitude", "latitude", "turn", "zenith"), ("unit",)),
            **dict.fromkeys(("airmass", "seeing", "float"), ("scale",)),
        }
        common = ("regex", "table", "missing", "hdu", "separator")
        places = ("keyword", "join", "file_name", "constant")
        given = node.record((), (*places, *common, *special.get(kind, ())))
        by_begin = "number" in given and given["number"].value == "datetime"
        chosen = [place for place in places if place in given]
        if len(chosen) != (0 if by_begin else 1):
            if by_begin:
                raise node.wrong(
                    "numbers visits by their begin, and names a place", f"Leave {chosen[0]} out."
                )
            raise node.wrong(
                f"names {' and '.join(chosen) or 'no place'}", f"Give exactly one of {', '.join(places)}."
            )
        values: dict[str, Any] = {}
        for key, entry in given.items():
            match key:
                case "keyword" | "join":
                    values[key] = _keywords(entry)
                case "file_name" | "regex":
                    values[key] = _pattern(entry, groups=True)
                case "constant":
                    values[key] = _scalar(entry)
                case "table":
                    values[key] = {text: _scalar(item) for text, item in entry.mapping().items()}
                case "missing":
                    values[key] = tuple(item.scalar_text() for item in entry.one_or_more())
                case "separator":
                    values[key] = entry.text()
                case "unit":
                    values[key] = entry.choice(tuple(_UNITS[kind]))
                case "scale":
                    values[key] = entry.number()
                case "format":
                    values[key] = entry.choice(_TIME_FORMATS)
                case "time_scale":
                    values[key] = entry.choice(_TIME_SCALES)
                case "number":
                    values[key] = entry.choice(_VISIT_NUMBERS)
                case "hdu":
                    values[key] = hdu_choice(entry)
        return cls(**values)

    def to_json(self) -> dict[str, Any]:
        """Give the rule as the YAML has it, without what is left at its default."""
        default = FieldRule()
        return {
            key: list(value) if isinstance(value, tuple) else dict(value) if key == "table" else value
            for key, value in vars(self).items()
            if value != getattr(default, key) or (key == "constant" and value is not None)
        }


@dataclass(frozen=True)
class DatasetTypeRule:
    """Which files hold a dataset type: by name, by keyword, or all.

    Parameters
    ----------
    dataset_type : `str`
        Its name.
    file_name : `str`, optional
        Pattern that is found in the file's name.
    keyword : `str`, optional
        Keyword whose value is one of ``equals``.
    equals : `tuple` [`str`]
        See ``keyword``.
    """

    dataset_type: str
    file_name: str | None = None
    keyword: str | None = None
    equals: tuple[str, ...] = ()

    @classmethod
    def from_node(cls, node: Node) -> DatasetTypeRule:
        """Read the rule.

        Raises
        ------
        ConfigError, InvalidNameError
            If it isn't one.
        """
        given = node.record(("dataset_type",), ("file_name", "keyword", "equals"))
        if ("keyword" in given) != ("equals" in given):
            raise node.wrong("has one of keyword and equals", "Give both, or neither.")
        return cls(
            dataset_type=given["dataset_type"].name("dataset type"),
            file_name=_pattern(given["file_name"], groups=False) if "file_name" in given else None,
            keyword=_keyword(given["keyword"]) if "keyword" in given else None,
            equals=tuple(item.scalar_text() for item in given["equals"].one_or_more())
            if "equals" in given
            else (),
        )

    def to_json(self) -> dict[str, Any]:
        """Give the rule as the YAML has it."""
        return {
            key: list(value) if isinstance(value, tuple) else value
            for key, value in vars(self).items()
            if value
        }

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


def hdu_choice(node: Node) -> str | int:
    """Read which HDU is meant: a name or a number."""
    return node.integer(0, 9999) if isinstance(node.value, int) else node.text()


@lru_cache(maxsize=1000)
def compiled(pattern: str) -> re.Pattern[str]:
    """Compile a pattern once."""
    return re.compile(pattern)


def _groups(pattern: str, text: str, separator: str) -> str | None:
    found = compiled(pattern).search(text[:_MAX_SUBJECT])
    return None if found is None else separator.join(group or "" for group in found.groups())


def _keywords(node: Node) -> tuple[str, ...]:
    keywords = tuple(_keyword(item) for item in node.one_or_more())
    if not keywords:
        raise node.wrong("is empty", "Name a keyword.")
    return keywords


def _keyword(node: Node) -> str:
    keyword = node.text()
    if not keyword.isascii() or not keyword.isprintable() or not 0 < len(keyword.strip()) <= 70:
        raise node.wrong(f"{keyword[:60]!r} can't be a FITS keyword", "Write it as the header does.")
    return keyword.strip().upper()


def _pattern(node: Node, *, groups: bool) -> str:
    pattern = node.text()
    # A pattern comes from anybody: what makes a search take exponential time is refused.
    bare = _ESCAPED.sub("_", pattern)
    if (
        len(pattern) > _MAX_PATTERN
        or _REPEATED_GROUP.search(bare)
        or len(_REPEAT.findall(bare)) > _MAX_REPEATS
        or bare.count("|") > _MAX_ALTERNATIVES
    ):
        raise node.wrong(
            f"is a pattern that may take too long: {pattern[:60]!r}",
            f"Repeat no groups; use at most {_MAX_REPEATS} of * + ? {{m,n}}, {_MAX_ALTERNATIVES} of |, "
            f"and {_MAX_PATTERN} characters.",
        )
    try:
        expression = compiled(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise node.wrong(f"isn't a regular expression: {error}") from error
    if groups and not expression.groups:
        raise node.wrong("has no group", "Put ( ) around the part that is the value.")
    return pattern


def _scalar(node: Node) -> bool | int | float | str:
    if isinstance(node.value, bool):
        return node.value
    if isinstance(node.value, str):
        return node.text()
    if isinstance(node.value, int):
        return node.integer(-(2**63), 2**63 - 1)
    return node.number()

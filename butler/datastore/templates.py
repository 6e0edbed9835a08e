"""File-name templates, filled."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from butler.datastore.paths import SEGMENT_BYTES
from butler.errors import InvalidNameError

__all__ = ["fields_of", "fill_template"]

_VALUE_CHARACTERS = 100
"""Of a value that are used."""

_FIELD = re.compile(r"\{([a-z][a-z0-9_]*)\}")
_AMISS = re.compile(r"[^A-Za-z0-9._+,=@/-]|(?:^|/)[./-]|/$")
_UNSAFE = re.compile(r"[^A-Za-z0-9._+,=@/-]+")
# No segment may begin with a dot or a hyphen: neither "..", nor hidden files, nor options.
_BEGINNING = re.compile(r"(^|/)[.-]+")


@lru_cache(maxsize=1000)
def fields_of(template: str) -> tuple[str, ...]:
    """Give the fields of a template, in their order."""
    return tuple(_FIELD.findall(template))


def fill_template(template: str, fields: Mapping[str, object]) -> str:
    """Fill a template: a relative path that is safe on every file system and in every URL.

    Each character that isn't a letter, a digit or one of ``._+,=@-`` becomes
    a hyphen. What comes out need not tell two datasets apart: the datastore
    adds the id.

    Parameters
    ----------
    template : `str`
        As `butler.datastore.paths.check_template` takes it.
    fields : `~collections.abc.Mapping`
        Values by the names of the fields.

    Raises
    ------
    InvalidNameError
        If the template has another field, or gives no file name.
    """

    def value(match: re.Match[str]) -> str:
        field = match[1]
        if field not in fields:
            raise InvalidNameError(
                f"file-name template {template!r} has a field {field!r} that this dataset has not",
                hint=f"It has {', '.join(sorted(fields))}.",
                details={"template": template, "field": field},
            )
        text = str(fields[field])
        return (text if field == "run" else text.replace("/", "-"))[:_VALUE_CHARACTERS]

    filled = _FIELD.sub(value, template)
    if _AMISS.search(filled):
        filled = _BEGINNING.sub(r"\1", _UNSAFE.sub("-", filled))
        filled = re.sub("/+", "/", filled).strip("/")
    if not filled or len(max(filled.split("/"), key=len)) > SEGMENT_BYTES:
        raise InvalidNameError(
            f"file-name template {template!r} gives {filled[:100]!r}, which is no file name",
            hint="Shorten it, or choose other fields.",
            details={"template": template},
        )
    return filled

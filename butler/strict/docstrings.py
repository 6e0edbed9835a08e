"""What docstrings in the style of numpydoc say of a class and its parameters."""

from __future__ import annotations

import inspect
import re
from functools import cache

__all__ = ["descriptions", "summary"]

_SECTION = re.compile(r"^(\w+)\n-+\n", re.MULTILINE)
_PARAMETER = re.compile(r"^(\w[\w, ]*)(?: :[^\n]*)?\n((?:(?:    [^\n]*)?\n)*)", re.MULTILINE)
_ROLE = re.compile(r"(?<!`)`~?(?:\w+\.)*(\w+)`(?!`)")


def summary(record: type) -> str:
    """Give the first sentence of a class's docstring."""
    return _plain(inspect.cleandoc(record.__doc__ or "").partition("\n\n")[0])


@cache
def descriptions(record: type) -> dict[str, str]:
    """What docstrings in the style of numpydoc say of a class's parameters, by name."""
    found: dict[str, str] = {}
    for each in reversed(record.__mro__):
        sections = _SECTION.split(inspect.cleandoc(each.__dict__.get("__doc__") or "") + "\n")
        parameters = dict(zip(sections[1::2], sections[2::2], strict=True)).get("Parameters", "")
        for names, text in _PARAMETER.findall(parameters):
            found |= dict.fromkeys(names.split(", "), _plain(text))
    return found


def _plain(text: str) -> str:
    return _ROLE.sub(r"\1", " ".join(text.split())).replace("``", "`")

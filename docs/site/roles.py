"""What numpydoc means by single backticks, the names of Python objects, told to mkdocstrings."""

from __future__ import annotations

import re
from typing import Any

from griffe import Docstring, Extension, Object

_NAME = re.compile(r"(?<!`)`(~?)([A-Za-z_][\w.]*)`(?!`)")
# "name : type", or a type alone below the line of dashes of a section.
_TYPE = re.compile(r"^ *[\w*, ]+ : .+$|(?<=---\n) *(?![\w*, ]+ : ).*`.+$", re.MULTILINE)


class Roles(Extension):
    """Makes expressions of the types of parameters, and links of names in the text."""

    def on_object(self, *, obj: Object, **_: Any) -> None:
        """Rewrite the docstring of what griffe has read."""
        if obj.docstring is not None:
            obj.docstring.value = _rewrite(obj.docstring)


def _rewrite(docstring: Docstring) -> str:
    types = _TYPE.sub(lambda line: _NAME.sub(r"\2", line[0]), docstring.value)
    return _NAME.sub(_link, types)


def _link(name: re.Match[str]) -> str:
    shown = name[2].rpartition(".")[2] if name[1] else name[2]
    return f'<autoref identifier="{name[2]}" optional><code>{shown}</code></autoref>'

"""JSON Schema of what `butler.strict.read` takes, for editors; its texts are the docstrings'."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from functools import cache
from typing import Any, get_args

import msgspec
from msgspec import Struct

from butler.strict.reading import is_record, keys_of, unwrapped

__all__ = ["descriptions", "json_schema"]

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_SECTION = re.compile(r"^(\w+)\n-+\n", re.MULTILINE)
_PARAMETER = re.compile(r"^(\w[\w, ]*)(?: :[^\n]*)?\n((?:(?:    [^\n]*)?\n)*)", re.MULTILINE)
_ROLE = re.compile(r"(?<!`)`~?(?:\w+\.)*(\w+)`(?!`)")


def json_schema(title: str, kind: type[Struct], *others: Any) -> dict[str, Any]:
    """Give the schema of a type, in draft 2020-12.

    Parameters
    ----------
    title : `str`
        What the document is.
    kind : `type`
        A `msgspec.Struct`.
    *others
        Types from which a `~butler.strict.Chosen` chooses; each is in ``$defs``
        under its name, to be referred to.
    """
    _, definitions = msgspec.json.schema_components([kind, *others], ref_template="#/$defs/{name}")
    for record in set(_records([kind, *others])):
        _describe(definitions[record.__name__], record)
    whole = definitions.pop(kind.__name__) | {"title": title}
    schema: dict[str, Any] = _as_written({"$schema": _DIALECT, **whole, "$defs": definitions})
    return schema


@cache
def descriptions(kind: type) -> dict[str, str]:
    """What docstrings in the style of numpydoc say of a class's parameters, by name."""
    found: dict[str, str] = {}
    for each in reversed(kind.__mro__):
        sections = _SECTION.split(inspect.cleandoc(each.__dict__.get("__doc__") or "") + "\n")
        parameters = dict(zip(sections[1::2], sections[2::2], strict=True)).get("Parameters", "")
        for names, text in _PARAMETER.findall(parameters):
            found |= dict.fromkeys(names.split(", "), _plain(text))
    return found


def _describe(definition: dict[str, Any], record: type[Struct]) -> None:
    """Say what a table and its keys are, and that it has no others."""
    said = descriptions(record)
    definition["description"] = _plain(inspect.cleandoc(record.__doc__ or "").partition("\n\n")[0])
    definition["additionalProperties"] = False
    for key in keys_of(record).values():
        if key.name in said:
            definition["properties"][key.encode_name]["description"] = said[key.name]


def _records(kinds: Any) -> Iterator[type[Struct]]:
    """All tables that types are made of."""
    for hint in kinds:
        kind, _ = unwrapped(hint)
        if is_record(kind):
            yield kind
            yield from _records(key.type for key in keys_of(kind).values())
        else:
            yield from _records(get_args(kind))


def _as_written(schema: Any) -> Any:
    """Put in what is written before `~butler.strict.Before` makes it a type's value."""
    if isinstance(schema, list):
        return [_as_written(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {key: each for key, each in schema.items() if key in ("description", "default")}
    return kept | schema["written"] if "written" in schema else {k: _as_written(v) for k, v in schema.items()}


def _plain(text: str) -> str:
    return _ROLE.sub(r"\1", " ".join(text.split())).replace("``", "`")

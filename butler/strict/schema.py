"""JSON Schema of what `butler.strict.read` takes, for editors; its texts are the docstrings'."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

import msgspec
from msgspec import Struct

from butler.strict.docstrings import descriptions, summary
from butler.strict.reading import is_record, keys_of, unwrapped

__all__ = ["json_schema"]

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema(title: str, record: type[Struct], *others: Any) -> dict[str, Any]:
    """Give the schema of a type, in draft 2020-12.

    Parameters
    ----------
    title : `str`
        What the document is.
    record : `type`
        A `msgspec.Struct`.
    *others
        Types from which a `~butler.strict.Chosen` chooses; each is in ``$defs``
        under its name, to be referred to.
    """
    _, definitions = msgspec.json.schema_components([record, *others], ref_template="#/$defs/{name}")
    for each in set(_records([record, *others])):
        _describe(definitions[each.__name__], each)
    whole = definitions.pop(record.__name__) | {"title": title}
    schema: dict[str, Any] = _as_written({"$schema": _DIALECT, **whole, "$defs": definitions})
    return schema


def _describe(definition: dict[str, Any], record: type[Struct]) -> None:
    """Say what a table and its keys are, and that it has no others."""
    said = descriptions(record)
    definition["description"] = summary(record)
    definition["additionalProperties"] = False
    for key in keys_of(record).values():
        if key.name in said:
            definition["properties"][key.encode_name]["description"] = said[key.name]


def _records(hints: Any) -> Iterator[type[Struct]]:
    """All tables that types are made of."""
    for hint in hints:
        found, _ = unwrapped(hint)
        if is_record(found):
            yield found
            yield from _records(key.type for key in keys_of(found).values())
        else:
            yield from _records(get_args(found))


def _as_written(schema: Any) -> Any:
    """Put in what is written before `~butler.strict.Before` makes it a type's value."""
    if isinstance(schema, list):
        return [_as_written(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {key: each for key, each in schema.items() if key in ("description", "default")}
    return kept | schema["written"] if "written" in schema else {k: _as_written(v) for k, v in schema.items()}

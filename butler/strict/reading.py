"""From plain data to typed values: every problem at once, each by its key.

The library `msgspec` says what a type is, checks its leaves and gives its JSON
Schema. It stops at the first problem, though, and doesn't name the key of a
table that is at fault; so the walk over tables and lists is ours.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from functools import cache, reduce
from operator import or_
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

import msgspec
from msgspec.structs import FieldInfo

from butler.errors import ButlerError, nearest
from butler.strict.documents import Document, Problem
from butler.strict.wording import KeyPath, dotted, shown

__all__ = ["ONE_OR_MORE", "After", "Before", "Chosen", "is_record", "keys_of", "read", "unwrapped"]

T = TypeVar("T")


class Before(msgspec.Struct, frozen=True):
    """In an annotation: brings what is written into the shape that the type has."""

    convert: Callable[[Any], Any]


class _Alone(tuple[Any]):
    """One value where a list is expected: its path is the list's."""


ONE_OR_MORE = Before(lambda value: value if isinstance(value, list | tuple) else _Alone((value,)))
"""In an annotation of a list: one value may be written without the list around it."""


class After(msgspec.Struct, frozen=True):
    """In an annotation: checks or changes what was read; it is given the value and its key."""

    check: Callable[[Any, str], Any]


class Chosen(msgspec.Struct, frozen=True):
    """In an annotation: the type depends on the value, its key and the whole document's value."""

    choose: Callable[[Any, KeyPath, Any], Any]


def read(
    document: Document,
    hint: Any,
    path: KeyPath = (),
    *,
    then: Callable[[Any], Any] | None = None,
    for_database: bool = False,
) -> Any:
    """Read a document as a type says.

    Parameters
    ----------
    document : `Document`
        What is written.
    hint : type
        A `msgspec.Struct`, perhaps annotated by `Before`, `After` and `Chosen`,
        as may be the types of its keys.
    path : `tuple`, optional
        Of what the document holds only a part: the keys that lead to it.
    then : `~collections.abc.Callable`, optional
        Makes of the value what is given back; what it refuses is a problem of
        the document. It may hold the document, as an annotation mayn't: the
        interpreter keeps those.
    for_database : `bool`
        Whether it is to be stored as JSON: then a key without a value is one
        that isn't there, and a text must be one that the database stores.

    Returns
    -------
    value
        Of that type, or what was made of it.

    Raises
    ------
    ConfigError
        Naming file, line and key of all that is wrong, with the nearest name
        for a key that isn't known.
    InvalidNameError
        If nothing is wrong but names.
    """
    reading = _Reading(document, for_database)
    value = reading.value(document.value, hint, path)
    if then and not reading.problems:
        value = reading.made(then, value, path)
    if reading.problems:
        raise document.error(reading.problems)
    return value


_REFUSED: Any = object()
"""In place of a value that has a problem."""


class _Reading:
    def __init__(self, document: Document, for_database: bool) -> None:
        self._root = document.value
        self._for_database = for_database
        self.problems: list[Problem] = []

    def value(self, value: Any, hint: Any, path: KeyPath) -> Any:
        expected, marks = unwrapped(hint)
        try:
            for mark in marks:
                if isinstance(mark, Before):
                    value = mark.convert(value)
                elif isinstance(mark, Chosen):
                    expected = mark.choose(value, path, self._root)
            result = self._shaped(value, expected, marks, path)
            for mark in marks:
                if isinstance(mark, After) and result is not _REFUSED:
                    result = mark.check(result, dotted(path))
        except ValueError as error:  # what a check raises, ours or a plug-in's
            return self._refuse_as(error, path)
        return result

    def made(self, make: Callable[[Any], Any], value: Any, path: KeyPath) -> Any:
        try:
            return make(value)
        except ValueError as error:
            return self._refuse_as(error, path)

    def _shaped(self, value: Any, expected: Any, marks: Iterable[Any], path: KeyPath) -> Any:
        origin = get_origin(expected)
        if origin in (Union, UnionType):
            return self._one_of(value, get_args(expected), path)
        if origin is Annotated:
            return self.value(value, expected, path)
        if origin is Literal:
            return self._word(value, get_args(expected), path)
        if is_record(expected):
            return self._record(value, expected, path)
        limits = [mark for mark in marks if isinstance(mark, msgspec.Meta)]
        if origin not in (dict, tuple):
            return self._leaf(
                value, reduce(lambda known, limit: Annotated[known, limit], limits, expected), path
            )
        many = self._table if origin is dict else self._list
        found = many(value, get_args(expected), path)
        if not found and any(limit.min_length for limit in limits):
            return self._refuse(path, "is empty", "Give at least one.")
        return found

    def _record(self, value: Any, record: type[msgspec.Struct], path: KeyPath) -> Any:
        if not isinstance(value, Mapping):
            return self._refuse(path, f"is {shown(value)}, not a table", "Write 'key: value' lines.")
        keys = keys_of(record)
        unknown = [str(name) for name in value if name not in keys]
        for name in unknown:
            self._refuse((*path, name), "isn't a key known here", nearest(name, keys))
        given = {name: each for name, each in value.items() if name in keys}
        if self._for_database:
            given = {name: each for name, each in given.items() if each is not None}
        missing = [name for name, key in keys.items() if key.required and name not in given]
        if missing:
            self._refuse(path, f"lacks {', '.join(missing)}", described(record, missing[0]))
        found = {name: self.value(each, keys[name].type, (*path, name)) for name, each in given.items()}
        if unknown or missing or _REFUSED in found.values():
            return _REFUSED
        return record(**{keys[name].name: each for name, each in found.items()})

    def _table(self, value: Any, hints: tuple[Any, ...], path: KeyPath) -> Any:
        if not isinstance(value, Mapping):
            return self._refuse(path, f"is {shown(value)}, not a table", "Write 'key: value' lines.")
        table: dict[Any, Any] = {}
        for key, each in value.items():
            at = (*path, str(key))
            name = self.value(key, hints[0], at)
            if name is not _REFUSED and name in table:
                name = self._refuse(at, "is given twice, in two spellings")
            table[name] = self.value(each, hints[1], at)
        return _REFUSED if _REFUSED in table or _REFUSED in table.values() else table

    def _list(self, value: Any, hints: tuple[Any, ...], path: KeyPath) -> Any:
        if not isinstance(value, list | tuple):
            return self._refuse(path, f"is {shown(value)}, not a list", "Write '- ' before each item.")
        if hints[-1] is Ellipsis:
            hints = hints[:1] * len(value)
        if len(hints) != len(value):
            return self._refuse(path, f"has {len(value)} items, not {len(hints)}")
        pairs = zip(value, hints, strict=True)
        alone = isinstance(value, _Alone)
        items = tuple(
            self.value(each, hint, path if alone else (*path, n)) for n, (each, hint) in enumerate(pairs)
        )
        return _REFUSED if _REFUSED in items else items

    def _one_of(self, value: Any, choices: tuple[Any, ...], path: KeyPath) -> Any:
        if value is None and NoneType in choices:
            return None
        choices = tuple(each for each in choices if each is not NoneType)
        tables = [each for each in choices if is_record(unwrapped(each)[0])]
        if len(choices) == 1 or (tables and isinstance(value, Mapping)):
            return self.value(value, (tables or choices)[0], path)
        return self._leaf(value, reduce(or_, choices), path)

    def _word(self, value: Any, words: tuple[Any, ...], path: KeyPath) -> Any:
        if value in words:
            return value
        return self._refuse(path, f"is {shown(value)}", f"It may be {', '.join(map(str, words))}.")

    def _leaf(self, value: Any, expected: Any, path: KeyPath) -> Any:
        if isinstance(value, float) and not math.isfinite(value):
            return self._refuse(path, f"is {shown(value)}, not a finite number")
        try:
            result = msgspec.convert(value, expected)
        except msgspec.ValidationError as error:
            said = str(error).replace("object", "table").replace("array", "list")
            return self._refuse(path, f"is {shown(value)}: {said[0].lower()}{said[1:]}")
        if self._for_database and isinstance(result, str) and not _storable(result):
            return self._refuse(
                path, f"{shown(value)} holds what no database stores", "Use printable characters."
            )
        return result

    def _refuse(self, path: KeyPath, reason: str, hint: str | None = None) -> Any:
        self.problems.append(Problem(path, reason, hint))
        return _REFUSED

    def _refuse_as(self, error: ValueError, path: KeyPath) -> Any:
        if not isinstance(error, ButlerError):
            return self._refuse(path, str(error))
        at = (*path, *error.details.get("at", ()))
        reason = error.message.removeprefix(f"{dotted(at)}: ")
        self.problems.append(Problem(at, reason, error.hint, type(error)))
        return _REFUSED


def unwrapped(hint: Any) -> tuple[Any, tuple[Any, ...]]:
    """Part a type from its annotations."""
    return (hint.__origin__, hint.__metadata__) if get_origin(hint) is Annotated else (hint, ())


def is_record(hint: Any) -> bool:
    """Whether a type is a table of known keys."""
    return isinstance(hint, type) and issubclass(hint, msgspec.Struct)


@cache
def keys_of(record: type[msgspec.Struct]) -> Mapping[str, FieldInfo]:
    """List the keys of a table, by the names that are written."""
    return {key.encode_name: key for key in msgspec.structs.fields(record)}


def described(record: type[msgspec.Struct], name: str) -> str:
    """Give the hint for a key that is missing."""
    from butler.strict.docstrings import descriptions

    said = descriptions(record).get(keys_of(record)[name].name)
    return f"Give {name}: {said}" if said else f"Give {name}."


def _storable(text: str) -> bool:
    return "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)

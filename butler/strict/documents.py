"""YAML as plain data that knows its lines, with nothing in it that runs, expands or hides.

A file may come from anybody. It is read without tags (they can run code),
without anchors, aliases and merge keys (they can expand without end, or hide
what counts), without repeated keys, and up to a size and a depth.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from butler.errors import ButlerError, ConfigError

__all__ = ["MAX_YAML_BYTES", "Document", "KeyPath", "Problem", "dotted", "parse_yaml", "read_yaml", "shown"]

MAX_YAML_BYTES = 1_000_000
_MAX_DEPTH = 50
_SECRET = re.compile(r":.*@|passw\w*\s*=", re.IGNORECASE | re.DOTALL)

KeyPath = tuple[str | int, ...]
"""Keys, and positions in lists, that lead to a value."""


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong in a document.

    Parameters
    ----------
    path : `tuple`
        Where.
    reason : `str`
        What.
    hint : `str`, optional
        What to do about it.
    error : `type`
        The exception that says so where nothing else is wrong.
    """

    path: KeyPath
    reason: str
    hint: str | None = None
    error: type[ButlerError] = ConfigError


@dataclass(frozen=True)
class Document:
    """Plain data, and where it stands.

    Parameters
    ----------
    value
        What the document says.
    file : `str`
        What to call it in messages.
    lines : `~collections.abc.Mapping`
        Path of keys → number of the line; empty for what was no text.
    """

    value: Any
    file: str
    lines: Mapping[KeyPath, int] = field(default_factory=dict)

    def error(self, problems: Sequence[Problem]) -> ButlerError:
        """Make the one error that names all problems, a line each."""
        sentences = [self._sentence(each) for each in problems]
        hint = problems[0].hint
        if len(problems) > 1:
            pairs = zip(sentences, problems, strict=True)
            sentences = [f"{said} – {each.hint}" if each.hint else said for said, each in pairs]
            hint = None
        error, *others = {each.error for each in problems}
        return (ConfigError if others else error)(
            "\n".join(sentences),
            hint=hint,
            details={"file": self.file, "key": dotted(problems[0].path), "keys": [dotted(each.path) for each in problems]},
        )

    def _sentence(self, problem: Problem) -> str:
        path = problem.path
        line = next((self.lines[path[:n]] for n in range(len(path), -1, -1) if path[:n] in self.lines), None)
        where = self.file if line is None else f"{self.file}:{line}"
        return ": ".join(filter(None, (where, dotted(path), problem.reason)))


def read_yaml(path: Path) -> Document:
    """Read a file with one YAML document.

    Raises
    ------
    ConfigError
        If the file can't be read, or isn't what `parse_yaml` takes.
    """
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_YAML_BYTES + 1)
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"{path}: can't be read: {getattr(error, 'strerror', None) or error}",
            hint="Name a YAML file that you may read.",
        ) from error
    return parse_yaml(content, str(path))


def parse_yaml(content: bytes, file: str) -> Document:
    """Parse one YAML document strictly.

    Parameters
    ----------
    content : `bytes`
        The document, in UTF-8.
    file : `str`
        What to call it in messages.

    Raises
    ------
    ConfigError
        If it is too large, isn't YAML in UTF-8, or holds tags, anchors,
        aliases, merge keys or a key twice.
    """
    import yaml

    if len(content) > MAX_YAML_BYTES:
        raise ConfigError(
            f"{file}: is larger than {MAX_YAML_BYTES} bytes", hint="It is no file of ours: those are small."
        )
    document = Document(None, file, lines := {})
    try:
        content.decode()
        value = _Composer(content, lines).document()
    except UnicodeDecodeError as error:
        lines[()] = content.count(b"\n", 0, error.start) + 1
        raise document.error([Problem((), "isn't UTF-8", "Save it in that encoding.")]) from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        lines[()] = mark.line + 1 if mark else 1
        # The library's own text quotes the line, which may hold a password.
        reason = shown_text(f"isn't plain YAML: {error.problem or error.context}")
        raise document.error([Problem((), reason, _REMEDY)]) from None
    except yaml.YAMLError as error:
        raise document.error([Problem((), f"isn't plain YAML: {type(error).__name__}", _REMEDY)]) from None
    return Document(value, file, lines)


_REMEDY = "Write keys, texts, numbers and lists, and nothing else of YAML."


class _Composer:
    """Builds a document's value out of the parser's events, and notes the lines."""

    def __init__(self, content: bytes, lines: dict[KeyPath, int]) -> None:
        import yaml

        self._yaml = yaml
        self._parser = getattr(yaml, "CSafeLoader", yaml.SafeLoader)(content)
        self._lines = lines

    def document(self) -> Any:
        yaml = self._yaml
        self._parser.get_event()
        if isinstance(self._parser.get_event(), yaml.StreamEndEvent):
            return None
        value = self._value(self._parser.get_event(), ())
        self._parser.get_event()
        if not isinstance(event := self._parser.get_event(), yaml.StreamEndEvent):
            raise self._wrong(event, "there is a second document")
        return value

    def _value(self, event: Any, path: KeyPath) -> Any:
        yaml = self._yaml
        self._lines.setdefault(path, event.start_mark.line + 1)
        if isinstance(event, yaml.AliasEvent) or event.anchor is not None:
            raise self._wrong(event, "anchors and aliases are not read")
        if event.tag is not None:
            raise self._wrong(event, "tags are not read")
        if len(path) > _MAX_DEPTH:
            raise self._wrong(event, f"it is nested more than {_MAX_DEPTH} deep")
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._list(path)
        return self._table(path)

    def _scalar(self, event: Any) -> Any:
        yaml = self._yaml
        tag = self._parser.resolve(yaml.ScalarNode, event.value, event.implicit)
        try:
            return self._parser.construct_object(yaml.ScalarNode(tag, event.value, event.start_mark))
        except (ValueError, OverflowError) as error:
            raise self._wrong(event, f"{shown(event.value)} can't be read ({error}): quote it") from error

    def _list(self, path: KeyPath) -> list[Any]:
        values: list[Any] = []
        while not isinstance(event := self._parser.get_event(), self._yaml.SequenceEndEvent):
            values.append(self._value(event, (*path, len(values))))
        return values

    def _table(self, path: KeyPath) -> dict[str | int, Any]:
        table: dict[str | int, Any] = {}
        while not isinstance(event := self._parser.get_event(), self._yaml.MappingEndEvent):
            if not isinstance(event, self._yaml.ScalarEvent):
                raise self._wrong(event, "a key is a text")
            if event.value == "<<" and event.implicit[0]:
                raise self._wrong(event, "merge keys are not read")
            key = self._value(event, (*path, event.value))
            if not isinstance(key, str | int) or isinstance(key, bool):
                raise self._wrong(event, f"the key {shown(key)} isn't text: quote it")
            if str(key) in map(str, table):
                raise self._wrong(event, f"the key {shown(key)} is given twice")
            self._lines[*path, str(key)] = event.start_mark.line + 1
            table[key] = self._value(self._parser.get_event(), (*path, str(key)))
        return table

    def _wrong(self, event: Any, problem: str) -> Exception:
        error: Exception = self._yaml.MarkedYAMLError(problem=problem, problem_mark=event.start_mark)
        return error


def dotted(path: KeyPath) -> str:
    """Write a path of keys as people do: ``filters[2].aliases``."""
    parts = (f"[{each}]" if isinstance(each, int) else f".{shown_text(each)}" for each in path)
    return "".join(parts).removeprefix(".")


def shown(value: object) -> str:
    """Show a value in a message: short, and not if it holds a password."""
    if isinstance(value, Mapping):
        return "a table"
    if isinstance(value, list | tuple):
        return "a list"
    if value is None:
        return "empty"
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 10**40:
        return "a number of more than 40 digits"
    return shown_text(repr(value))


def shown_text(text: str) -> str:
    """Show a text in a message, as `shown` does."""
    if _SECRET.search(text):
        return "a text with a password"
    return text if len(text) <= 100 else f"{text[:97]}…"

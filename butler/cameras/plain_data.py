"""Plain data out of YAML or JSON, read strictly.

A YAML file of a camera comes from anybody. It is read without tags (they can
run code), without anchors and aliases (they can expand without end), without
repeated keys, and up to a size.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Collection, Hashable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from butler.cameras.names import checked_name
from butler.errors import ConfigError, InvalidNameError

__all__ = ["MAX_YAML_BYTES", "Node", "parse_yaml", "read_yaml"]

MAX_YAML_BYTES = 1_000_000


def read_yaml(path: Path) -> Node:
    """Read a file with one YAML document.

    Raises
    ------
    ConfigError
        If the file can't be read, or isn't what `parse_yaml` takes.
    """
    try:
        with path.open("rb") as stream:
            text = stream.read(MAX_YAML_BYTES + 1)
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"{path}: can't be read: {getattr(error, 'strerror', None) or error}",
            hint="Name a YAML file that you may read.",
        ) from error
    return parse_yaml(text, str(path))


def parse_yaml(text: bytes, file: str) -> Node:
    """Parse one YAML document strictly.

    Parameters
    ----------
    text : `bytes`
        The document.
    file : `str`
        What to call it in messages.

    Raises
    ------
    ConfigError
        If it is too large, isn't YAML, or holds tags, anchors, aliases or a
        key twice.
    """
    import yaml

    class StrictLoader(yaml.SafeLoader):
        """The safe loader, without what can expand or hide."""

        def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
            event = self.peek_event()  # type: ignore[no-untyped-call]
            if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
                raise yaml.MarkedYAMLError(
                    problem="anchors and aliases are not read", problem_mark=event.start_mark
                )
            return super().compose_node(parent, index)

        def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
            seen = set()
            for key, _ in node.value:
                name = self.construct_object(key, deep=True)
                if name in seen:
                    raise yaml.MarkedYAMLError(
                        problem=f"key {name!r} is given twice", problem_mark=key.start_mark
                    )
                seen.add(name)
            return super().construct_mapping(node, deep=deep)

    if len(text) > MAX_YAML_BYTES:
        raise ConfigError(
            f"{file}: is larger than {MAX_YAML_BYTES} bytes", hint="A camera's YAML is a few kilobytes."
        )
    try:
        return Node(yaml.load(text, StrictLoader), file)
    except (yaml.YAMLError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise ConfigError(
            f"{file}: isn't plain YAML: {' '.join(str(error).split())}",
            hint="`butler camera draft FILE` writes one to start from.",
        ) from error


@dataclass(frozen=True)
class Node:
    """A value in a document, which knows where it stands.

    Every method returns the value as one type, and raises `ConfigError` naming
    file and key where it is of another.

    Parameters
    ----------
    value : any
        What the document says.
    file : `str`
        For messages.
    key : `str`
        Path of keys to it, such as ``filters[2].aliases``.
    """

    value: Any
    file: str
    key: str = ""

    def wrong(self, reason: str, hint: str | None = None) -> ConfigError:
        """Make the error that says what is wrong here."""
        where = f"{self.file}: {self.key}" if self.key else self.file
        return ConfigError(f"{where}: {reason}", hint=hint, details={"file": self.file, "key": self.key})

    def record(self, required: Collection[str], optional: Collection[str] = ()) -> Mapping[str, Node]:
        """Read a mapping whose keys are known; those that are null are left out."""
        known = sorted({*required, *optional})
        fields = self.mapping()
        for key, node in fields.items():
            if key not in known:
                near = difflib.get_close_matches(key, known, 1)
                raise node.wrong(
                    "isn't a key known here",
                    f"Did you mean {near[0]!r}?" if near else f"Known are {', '.join(known)}.",
                )
        given = {key: node for key, node in fields.items() if node.value is not None}
        if missing := [key for key in required if key not in given]:
            raise self.wrong(f"lacks {', '.join(missing)}", f"Give {missing[0]}.")
        return given

    def mapping(self) -> Mapping[str, Node]:
        """Read a mapping with any keys that are text or whole numbers."""
        if not isinstance(self.value, Mapping):
            raise self.wrong(f"is {_shown(self.value)}, not a mapping", "Write 'key: value' lines.")
        for key in self.value:
            if not isinstance(key, str | int) or isinstance(key, bool):
                raise self.wrong(f"has the key {_shown(key)}, which isn't text", "Write it in quotes.")
            if not _storable(str(key)):
                raise self.wrong(f"has the key {_shown(key)}", "Use printable characters.")
        return {
            str(key): Node(value, self.file, f"{self.key}.{key}" if self.key else str(key))
            for key, value in self.value.items()
        }

    def items(self) -> Iterator[Node]:
        """Read a list."""
        if not isinstance(self.value, list | tuple):
            raise self.wrong(f"is {_shown(self.value)}, not a list", "Write '- ' before each item.")
        for position, value in enumerate(self.value):
            yield Node(value, self.file, f"{self.key}[{position}]")

    def one_or_more(self) -> Iterator[Node]:
        """Read a list, or one value as a list of it."""
        if isinstance(self.value, list | tuple):
            yield from self.items()
        else:
            yield self

    def text(self) -> str:
        """Read text."""
        if not isinstance(self.value, str):
            raise self.wrong(f"is {_shown(self.value)}, not text", "Write it in quotes.")
        if not _storable(self.value):
            raise self.wrong(
                f"{_shown(self.value)} holds what no database stores", "Use printable characters."
            )
        return self.value

    def scalar_text(self) -> str:
        """Read text, or a whole number as its digits: what headers and tables are compared with."""
        if isinstance(self.value, int) and not isinstance(self.value, bool):
            return str(self.value)
        return self.text()

    def name(self, kind: str) -> str:
        """Read a name.

        Raises
        ------
        InvalidNameError
            If it breaks the rules for names.
        """
        try:
            return checked_name(kind, self.value if isinstance(self.value, str) else self.text())
        except InvalidNameError as error:
            raise InvalidNameError(
                f"{self.file}: {self.key}: {error.message}", hint=error.hint, details=error.details
            ) from None

    def choice(self, choices: Collection[str]) -> str:
        """Read one of some words."""
        if self.value not in choices:
            raise self.wrong(f"is {_shown(self.value)}", f"It may be {', '.join(choices)}.")
        return self.text()

    def integer(self, low: int, high: int) -> int:
        """Read a whole number from ``low`` to ``high``."""
        if not isinstance(self.value, int) or isinstance(self.value, bool):
            raise self.wrong(f"is {_shown(self.value)}, not a whole number")
        if not low <= self.value <= high:
            raise self.wrong(f"is {_shown(self.value)}", f"It may be from {low} to {high}.")
        return self.value

    def number(self, low: float = -math.inf, high: float = math.inf) -> float:
        """Read a finite number from ``low`` to ``high``."""
        if not isinstance(self.value, int | float) or isinstance(self.value, bool):
            raise self.wrong(f"is {_shown(self.value)}, not a number")
        try:
            number = float(self.value)
        except OverflowError:
            number = math.inf
        if not math.isfinite(number) or not low <= number <= high:
            raise self.wrong(f"is {_shown(self.value)}", f"It may be a finite number from {low} to {high}.")
        return number


def _storable(text: str) -> bool:
    return "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


def _shown(value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 10**40:
        return "a number of more than 40 digits"
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"

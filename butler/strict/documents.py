"""What a person wrote, as plain data that knows its lines; and the errors that name them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct

from butler.dsn import hidden
from butler.errors import ButlerError, ConfigError
from butler.strict.wording import KeyPath, dotted

__all__ = ["MAX_YAML_BYTES", "Document", "Problem", "parse_yaml", "read_yaml"]

MAX_YAML_BYTES = 1_000_000
_MAX_TOLD = 20


class Problem(Struct, frozen=True):
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


class Document(Struct, frozen=True):
    """Plain data, and where it stands.

    Parameters
    ----------
    value : object
        What the document says.
    file : `str`
        What to call it in messages.
    node : `yaml.Node`, optional
        The same as the parser gives it; none for what was no text.
    """

    value: Any
    file: str
    node: Any = None

    def error(self, problems: Sequence[Problem]) -> ButlerError:
        """Make the one error that names all problems, a line each."""
        told = problems[:_MAX_TOLD]
        keys = [hidden(dotted(each.path)) for each in told]
        sentences = [
            ": ".join(filter(None, (self._where(each.path), key, hidden(each.reason))))
            for key, each in zip(keys, told, strict=True)
        ]
        hints = [each.hint and hidden(each.hint) for each in told]
        if len(told) > 1:
            sentences = [
                f"{said}. {hint}" if hint else said for said, hint in zip(sentences, hints, strict=True)
            ]
        if len(problems) > len(told):
            sentences.append(f"{self.file}: {len(problems) - len(told)} more")
        error, *others = {each.error for each in problems}
        return (ConfigError if others else error)(
            "\n".join(sentences),
            hint=None if len(told) > 1 else hints[0],
            details={"file": self.file, "key": keys[0], "keys": keys},
        )

    def _where(self, path: KeyPath) -> str:
        """Name the file, and the line of a key or of the nearest thing around it."""
        node = self.node
        if node is None:
            return self.file
        mark = node.start_mark
        for each in path:
            inside: dict[Any, tuple[Any, Any]] = {}
            if node.id == "mapping":
                inside = {key.value: (key, value) for key, value in node.value}
            elif node.id == "sequence":
                inside = {n: (item, item) for n, item in enumerate(node.value)}
            if each not in inside:
                break
            key, node = inside[each]
            mark = key.start_mark
        return f"{self.file}:{mark.line + 1}"


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
    if len(content) > MAX_YAML_BYTES:
        raise ConfigError(
            f"{file}: is larger than {MAX_YAML_BYTES} bytes", hint="It is no file of ours: those are small."
        )
    import yaml

    from butler.strict.plain_yaml import compose

    try:
        content.decode()
        value, node = compose(content)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{file}:{line}: isn't UTF-8", hint="Save it in that encoding.") from None
    except yaml.YAMLError as error:
        # The library's own text quotes the line, which may hold a password.
        mark = getattr(error, "problem_mark", None)
        where = file if mark is None else f"{file}:{mark.line + 1}"
        raise ConfigError(
            f"{where}: isn't plain YAML: {hidden(getattr(error, 'problem', None) or 'a character')}",
            hint="Write keys, texts, numbers and lists, and nothing else of YAML.",
        ) from None
    return Document(value, file, node)

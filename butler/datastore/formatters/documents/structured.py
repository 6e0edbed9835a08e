"""JSON and YAML documents."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn

from butler.datastore.formatters.base import DocumentFormatter
from butler.errors import FormatError, StorageClassError

__all__ = ["DOCUMENTS", "JsonFormatter", "YamlFormatter", "from_json", "to_json"]

_IDENTITY = "_butler"
_ITEMS = "_items"
DOCUMENTS = frozenset({"Dict", "List", "PropertyList", "Packages"})
"""Storage classes that these formatters write."""


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} isn't JSON")


_DECODER = json.JSONDecoder(parse_constant=_no_constant)
_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False)


class JsonFormatter(DocumentFormatter):
    """Strict JSON; the identity is the key ``_butler``, beside which a list is the key ``_items``."""

    name = "json"
    extensions = (".json",)
    storage_classes = DOCUMENTS
    signatures = (b"{",)

    def encode(self, obj: Any, identity: Mapping[str, Any], *, storage_class: str) -> bytes:
        """Encode a dictionary or a list."""
        if isinstance(obj, dict) and _IDENTITY in obj:
            raise StorageClassError(
                f"the dictionary has a key {_IDENTITY!r}, where a JSON file keeps its identity",
                hint="Rename the key, or configure the formatter 'yaml'.",
            )
        content = obj if isinstance(obj, dict) else {_ITEMS: obj}
        return to_json({_IDENTITY: dict(identity), **content})

    def read(
        self, path: Path, *, storage_class: str, component: str | None, parameters: Mapping[str, Any]
    ) -> Any:
        """Read all of it; a file without identity is read as it is."""
        return self._load(path)

    def _load(self, path: Path) -> Any:
        content = _parse(path, from_json)
        if isinstance(content, dict) and _IDENTITY in content:
            del content[_IDENTITY]
            if content.keys() == {_ITEMS} and isinstance(content[_ITEMS], list):
                return content[_ITEMS]
        return content

    def identify(self, path: Path) -> dict[str, Any] | None:
        """Value of the key ``_butler``."""
        content = _parse(path, json.loads)
        identity = content.get(_IDENTITY) if isinstance(content, dict) else None
        return identity if isinstance(identity, dict) else None


class YamlFormatter(DocumentFormatter):
    """YAML of plain values; the identity is a comment in the first line. No tag runs code."""

    name = "yaml"
    extensions = (".yaml", ".yml")
    storage_classes = DOCUMENTS
    signatures = (b"# butler: ",)

    def encode(self, obj: Any, identity: Mapping[str, Any], *, storage_class: str) -> bytes:
        """Encode a dictionary or a list."""
        import yaml

        try:
            text = yaml.safe_dump(obj, sort_keys=False, allow_unicode=True)
            back = yaml.safe_load(text)
        except (yaml.YAMLError, RecursionError) as error:
            raise StorageClassError(
                f"this object can't be kept in YAML: {error}",
                hint="Use only text, numbers, booleans, dates, lists and dictionaries.",
            ) from error
        _check_equal(obj, back, "YAML")
        return f"# butler: {json.dumps(identity)}\n{text}".encode()

    def read(
        self, path: Path, *, storage_class: str, component: str | None, parameters: Mapping[str, Any]
    ) -> Any:
        """Read all of it."""
        return self._load(path)

    def _load(self, path: Path) -> Any:
        import yaml

        # Not the loader in C: a deeply nested file makes that one crash the process.
        return _parse(path, yaml.safe_load)

    def identify(self, path: Path) -> dict[str, Any] | None:
        """Read the comment in the first line."""
        (signature,) = self.signatures
        with path.open("rb") as stream:
            first = stream.readline()
        if not first.startswith(signature):
            return None
        identity: dict[str, Any] = json.loads(first.removeprefix(signature))
        return identity


def to_json(obj: Any) -> bytes:
    """Strict JSON of an object, in UTF-8.

    Raises
    ------
    StorageClassError
        If something else would come back.
    """
    try:
        text = _encoded(obj)
        encoded = text.encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise StorageClassError(
            f"this object can't be kept in JSON: {error}",
            hint="Use null for NaN, and only text, numbers, booleans, lists and dictionaries.",
        ) from error
    _check_equal(obj, from_json(text), "JSON")
    return encoded


def _encoded(obj: Any) -> str:
    """Encode a dictionary with a line an entry: of all layouts the one that the compiled encoder can make."""
    if not isinstance(obj, dict):
        return _ENCODER.encode(obj)
    entries = (_ENCODER.encode({key: value})[1:-1] for key, value in obj.items())
    return "{\n " + ",\n ".join(entries) + "\n}"


def from_json(text: str) -> Any:
    """Undo `to_json`; `ValueError` if it isn't JSON."""
    return _DECODER.decode(text)


def _parse(path: Path, parse: Callable[[str], Any]) -> Any:
    try:
        return parse(path.read_bytes().decode())
    except Exception as error:  # the parsers also raise RecursionError, AttributeError, their own
        raise FormatError(
            f"{str(path)!r} can't be read: {error}",
            hint="The file is damaged, or not of this format.",
            details={"file": str(path)},
        ) from error


def _check_equal(obj: Any, back: Any, form: str) -> None:
    if obj != back and not _same(obj, back):  # the first is quick, but NaN is never what it was
        raise StorageClassError(
            f"something else than this object would come back from {form}",
            hint="Use lists for tuples, and text for the keys of dictionaries.",
        )


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, dict):
        return (
            isinstance(other, dict)
            and list(one) == list(other)
            and all(_same(one[key], other[key]) for key in one)
        )
    if isinstance(one, list):
        return isinstance(other, list) and len(one) == len(other) and all(map(_same, one, other))
    return bool(one == other) or (one != one and other != other)  # NaN

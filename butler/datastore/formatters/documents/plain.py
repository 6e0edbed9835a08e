"""Text, bytes and physical units: files that are nothing but their content."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from butler.datastore.formatters.base import DocumentFormatter
from butler.errors import FormatError, StorageClassError

__all__ = ["BytesFormatter", "PhysicalUnitFormatter", "TextFormatter"]


class BytesFormatter(DocumentFormatter):
    """Bytes as they are; their identity is in the file's name alone."""

    name = "bytes"
    extensions = (".bin",)
    storage_classes = frozenset({"Bytes"})

    def encode(self, obj: bytes, identity: Mapping[str, Any], *, storage_class: str) -> bytes:
        """Give the bytes."""
        return obj

    def read(
        self, path: Path, *, storage_class: str, component: str | None, parameters: Mapping[str, Any]
    ) -> bytes:
        """Read all bytes."""
        return path.read_bytes()


class TextFormatter(DocumentFormatter):
    """Text in UTF-8, line ends as they are; its identity is in the file's name alone."""

    name = "text"
    extensions = (".txt", ".log")
    storage_classes = frozenset({"Text"})

    def encode(self, obj: str, identity: Mapping[str, Any], *, storage_class: str) -> bytes:
        """Encode the text."""
        try:
            return obj.encode()
        except UnicodeEncodeError as error:
            raise StorageClassError(
                f"the text can't be written in UTF-8: {error}", hint="Store it as Bytes."
            ) from error

    def read(
        self, path: Path, *, storage_class: str, component: str | None, parameters: Mapping[str, Any]
    ) -> str:
        """Read the text."""
        try:
            return path.read_bytes().decode()
        except UnicodeDecodeError as error:
            raise FormatError(
                f"{str(path)!r} isn't text in UTF-8: {error}", hint="Read it as Bytes."
            ) from error


class PhysicalUnitFormatter(DocumentFormatter):
    """A physical unit, as astropy spells it."""

    name = "unit"
    extensions = (".unit",)
    storage_classes = frozenset({"PhysicalUnit"})

    def encode(self, obj: Any, identity: Mapping[str, Any], *, storage_class: str) -> bytes:
        """Encode the unit's text."""
        text: str = obj.to_string()
        return text.encode()

    def read(
        self, path: Path, *, storage_class: str, component: str | None, parameters: Mapping[str, Any]
    ) -> Any:
        """Read the unit."""
        from butler.datastore.physical_units import parse_unit

        return parse_unit(path.read_text(encoding="utf-8"))

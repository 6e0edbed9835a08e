"""Every exception that Butler raises.

Each class also inherits the builtin that a caller would expect, so that
``except LookupError`` catches whatever wasn't found. A message names the
value at fault; ``hint`` says what to do about it; ``details`` holds the same
facts as plain data, for programs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

__all__ = [
    "AmbiguousDataIdError",
    "ArtifactMissingError",
    "ButlerError",
    "ChecksumError",
    "CollectionNotFoundError",
    "ConfigError",
    "DatabaseError",
    "DatabaseUnavailableError",
    "DatasetExistsError",
    "DatasetNotFoundError",
    "DatasetTypeNotFoundError",
    "DatastoreRootError",
    "DefinitionConflictError",
    "ExpressionError",
    "FormatError",
    "InvalidDataIdError",
    "InvalidNameError",
    "InvalidRegionError",
    "NotSupportedError",
    "PermissionDeniedError",
    "SchemaVersionError",
    "StorageClassError",
    "StorageError",
    "UnitNotFoundError",
    "ValidityOverlapError",
]


_MOST = 4000
_LAST = 500


class ButlerError(Exception):
    """Base of every exception that Butler raises.

    Parameters
    ----------
    message : `str`
        What is wrong, naming the value at fault.
    hint : `str`, optional
        What to do about it.
    details : `~collections.abc.Mapping`, optional
        The same facts as plain data.
    """

    def __init__(
        self, message: str, *, hint: str | None = None, details: Mapping[str, Any] | None = None
    ) -> None:
        self.message = showable(message)
        self.hint = None if hint is None else showable(hint)
        super().__init__(self.message)
        self.details = dict(details or {})

    def __str__(self) -> str:
        return f"{self.message}\n  {self.hint}" if self.hint else self.message

    def by_row(self) -> dict[int, ButlerError]:
        """Give the errors that the one error of a bulk call names: row, from 0, to its own; perhaps none."""
        rows = self.details.get("rows", [self.details] if "row" in self.details else [])
        return {
            row["row"] - 1: globals().get(row.get("error", ""), type(self))(
                row.get("message", self.message), hint=row.get("hint", self.hint), details=row
            )
            for row in rows
        }

    def __reduce__(self) -> tuple[Any, ...]:
        return (_rebuild, (type(self), self.message, self.hint, self.details))


def showable(text: str) -> str:
    """Give a text as an error may show it: of some length, and with nothing that commands a terminal.

    Errors quote what people and files have given them, which may be a path of
    a megabyte, or hold escape sequences.
    """
    if len(text) > _MOST:
        end = text[-_LAST:]
        text = f"{text[: _MOST - _LAST - 50]} … {len(text) - _MOST + 50} characters more … {end}"
    if text.isprintable():
        return text
    return "".join(
        each if each.isprintable() or each in "\n\t" else each.encode("unicode_escape").decode()
        for each in text
    )


def _rebuild(
    error_type: type[ButlerError], message: str, hint: str | None, details: dict[str, Any]
) -> ButlerError:
    return error_type(message, hint=hint, details=details)


def nearest(name: str, known: Iterable[str]) -> str:
    """Give the hint that helps with a misspelt name."""
    from difflib import get_close_matches

    names = sorted(known)
    close = get_close_matches(name, names)
    if close:
        return f"Did you mean {' or '.join(map(repr, close))}?"
    return f"Known are {', '.join(names)}." if names else "There are none."


# Not found -----------------------------------------------------------------


class DatasetNotFoundError(ButlerError, LookupError):
    """No dataset of this type and data ID in the collections searched."""


class DatasetTypeNotFoundError(ButlerError, LookupError):
    """The dataset type isn't registered."""


class CollectionNotFoundError(ButlerError, LookupError):
    """The collection isn't registered."""


class UnitNotFoundError(ButlerError, LookupError):
    """A data ID names a camera, visit, tract … that isn't registered."""


# Conflicts -----------------------------------------------------------------


class DatasetExistsError(ButlerError):
    """The collection holds another dataset of this type and data ID."""


class DefinitionConflictError(ButlerError):
    """The name is registered already, with another definition."""


class ValidityOverlapError(ButlerError):
    """Another calibration of this type and data ID is valid in part of the range."""


# Invalid input -------------------------------------------------------------


class InvalidDataIdError(ButlerError, ValueError):
    """A data ID lacks a unit, has one too many, or a value of the wrong type."""


class AmbiguousDataIdError(ButlerError, ValueError):
    """A data ID fits several; the message lists them."""


class ExpressionError(ButlerError, ValueError):
    """A ``where`` expression or a SELECT can't be understood."""


class InvalidRegionError(ButlerError, ValueError):
    """A sky position or region isn't on the sphere, or isn't a region."""


class InvalidNameError(ButlerError, ValueError):
    """A name breaks the rules for names."""


class ConfigError(ButlerError, ValueError):
    """A configuration or camera file is wrong; the message names file and key."""


class StorageClassError(ButlerError, TypeError):
    """An object, component or parameter doesn't fit the storage class."""


# Bytes ---------------------------------------------------------------------


class ArtifactMissingError(ButlerError):
    """The dataset is registered but its bytes are gone."""


class ChecksumError(ButlerError):
    """The bytes aren't those that were written."""


class FormatError(ButlerError):
    """A file isn't of its format, or is cut short."""


class StorageError(ButlerError, OSError):
    """The disk is full, fails, or the system's limits are reached; ``errno`` says which."""

    def __init__(
        self, message: str, *, hint: str | None = None, details: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(message, hint=hint, details=details)
        self.errno = self.details.get("errno")


class DatastoreRootError(ButlerError):
    """A datastore's root isn't there, bears no mark or another's, or holds what is another's."""


# The database --------------------------------------------------------------


class PermissionDeniedError(ButlerError, PermissionError):
    """The role or the collection's state doesn't allow it."""


class SchemaVersionError(ButlerError):
    """The database's schema isn't the one that this version of Butler needs."""


class DatabaseUnavailableError(ButlerError, ConnectionError):
    """The database server can't be reached, or isn't one that Butler can use."""

    @property
    def may_be_done(self) -> bool:
        """Whether it was told to do something, and nobody knows what became of it."""
        return "carried_out" in self.details


class DatabaseError(ButlerError):
    """The database reported something that Butler has no name for."""


class NotSupportedError(ButlerError, NotImplementedError):
    """The registry, datastore or format can't do that."""

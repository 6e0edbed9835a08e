"""What a format's library raises, and the exception that it becomes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from butler.datastore.formatters import Formatter
from butler.datastore.system_errors import refusal
from butler.errors import ButlerError, FormatError, NotSupportedError, StorageClassError

__all__ = ["typed_read", "typed_write"]

T = TypeVar("T")


def typed_read(formatter: Formatter, path: str, read: Callable[[], T]) -> T:
    """Read by a formatter; ``path`` names the file in messages."""
    try:
        return read()
    except (ButlerError, MemoryError):
        raise
    except ImportError as error:
        raise _lacks_package(formatter, error) from error
    except OSError as error:
        if error.errno is not None:
            raise refusal(error, path) from error
        raise _unreadable(formatter, path, error) from error
    except Exception as error:  # a format's library may fail on foreign bytes by any exception
        raise _unreadable(formatter, path, error) from error


def typed_write(formatter: Formatter, storage_class: str, write: Callable[[], T]) -> T:
    """Write an object of a storage class by a formatter; the system's errors are the storage's to type."""
    try:
        return write()
    except (ButlerError, OSError, MemoryError):
        raise
    except ImportError as error:
        raise _lacks_package(formatter, error) from error
    except Exception as error:  # a format's library may refuse an object by any exception
        raise StorageClassError(
            f"{formatter.name} can't write this {storage_class}: {error}",
            hint="Change the object, or configure another formatter for the dataset type.",
            details={"formatter": formatter.name, "storage_class": storage_class},
        ) from error


def _lacks_package(formatter: Formatter, error: ImportError) -> NotSupportedError:
    return NotSupportedError(
        f"formatter {formatter.name!r} lacks a package: {error}",
        hint=f"Install {error.name or 'it'}.",
        details={"formatter": formatter.name, "package": error.name},
    )


def _unreadable(formatter: Formatter, path: str, error: Exception) -> FormatError:
    return FormatError(
        f"{path!r} can't be read as {formatter.name}: {error}",
        hint="The file is damaged, or not of this format.",
        details={"path": path, "formatter": formatter.name},
    )

"""Third parties' formatters, storages and storage classes, found by entry points."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from butler.errors import ConfigError
from butler.strict import nearest

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

__all__ = ["load_class", "load_plugin", "nearest", "plugins", "refused"]

T = TypeVar("T")


@cache
def plugins(group: str) -> dict[str, EntryPoint]:
    """Installed entry points of a group, by name."""
    from importlib.metadata import entry_points

    return {entry.name: entry for entry in entry_points(group=group)}


def load_plugin(entry: EntryPoint) -> Any:
    """Import what an entry point names.

    Raises
    ------
    ConfigError
        If the import fails.
    """
    try:
        return entry.load()
    except Exception as error:  # a plug-in's module may raise anything
        raise refused(
            entry, f"can't be loaded: {error}", f"Repair or uninstall what provides {entry.value}."
        ) from error


def load_class(entry: EntryPoint, base: type[T]) -> type[T]:
    """Import a class that is to have an interface.

    Raises
    ------
    ConfigError
        If the import fails, or the class lacks what the interface has; the
        message names plug-in, package and what is missing.
    """
    loaded = load_plugin(entry)
    interface = f"{base.__module__}.{base.__qualname__}"
    if not isinstance(loaded, type) or not issubclass(loaded, base):
        raise refused(entry, f"isn't a {base.__name__}", f"Let {entry.value} be a subclass of {interface}.")
    if missing := sorted(getattr(loaded, "__abstractmethods__", ())):
        raise refused(
            entry,
            f"lacks {', '.join(missing)}",
            f"It was written for another version: add to {entry.value} what {interface} says of them.",
        )
    return loaded


def refused(entry: EntryPoint, reason: str, hint: str) -> ConfigError:
    """Make the error that names a plug-in and the package that brings it."""
    package = f" of package {entry.dist.name} {entry.dist.version}" if entry.dist else ""
    return ConfigError(
        f"the plug-in {entry.name!r} of {entry.group!r}{package} {reason}",
        hint=hint,
        details={"group": entry.group, "name": entry.name, "package": entry.dist and entry.dist.name},
    )

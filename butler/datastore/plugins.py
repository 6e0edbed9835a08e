"""Third parties' formatters, storages and storage classes, found by entry points."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from butler.errors import ConfigError

__all__ = ["load_plugin", "nearest", "plugins"]


@cache
def plugins(group: str) -> dict[str, EntryPoint]:
    """Installed entry points of a group, by name."""
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
        raise ConfigError(
            f"The plug-in {entry.name!r} of {entry.group!r} can't be loaded: {error}",
            hint=f"Repair or uninstall what provides {entry.value}.",
            details={"group": entry.group, "name": entry.name},
        ) from error


def nearest(name: str, known: Iterable[str]) -> str:
    """Sentence that helps with a misspelt name."""
    names = sorted(known)
    close = get_close_matches(name, names)
    return f"Did you mean {' or '.join(map(repr, close))}?" if close else f"Known are {', '.join(names)}."

"""Keys and values as messages show them."""

from __future__ import annotations

from collections.abc import Mapping

from butler.dsn import hidden

__all__ = ["KeyPath", "dotted", "shown"]

KeyPath = tuple[str | int, ...]
"""Keys, and positions in lists, that lead to a value."""


def dotted(path: KeyPath) -> str:
    """Write a path of keys as people do: ``filters[2].aliases``."""
    parts = (f"[{each}]" if isinstance(each, int) else f".{each}" for each in path)
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
    text = repr(hidden(value) if isinstance(value, str) else value)
    return text if len(text) <= 100 else f"{text[:97]}…"

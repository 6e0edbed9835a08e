"""Third parties' formatters, storages and storage classes, found by entry points."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from inspect import Parameter, isfunction, signature
from typing import TYPE_CHECKING, Any

from butler.errors import ConfigError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

__all__ = ["load_plugin", "load_plugin_class", "plugins", "refused"]


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
    except (Exception, SystemExit) as error:  # a plug-in's module may do anything
        raise ConfigError(
            f"plug-in {entry.name!r} of {entry.group!r} can't be loaded: {str(error) or repr(error)}",
            hint=f"Repair or uninstall {_distribution(entry)}, which provides {entry.value}.",
            details={"group": entry.group, "name": entry.name},
        ) from error


def load_plugin_class(entry: EntryPoint, interface: type, *, needed: Iterable[str] = ()) -> Any:
    """Import the class that an entry point names, and see that it is one of today's interface.

    Parameters
    ----------
    entry : `importlib.metadata.EntryPoint`
        Names the class.
    interface : `type`
        What it must be a subclass of.
    needed : `~collections.abc.Iterable` [`str`], optional
        Class methods that it must have beside the abstract ones.

    Raises
    ------
    ConfigError
        If it can't be imported, is no subclass, lacks methods or attributes,
        or has methods that can't be called as they will be.
    """
    loaded = load_plugin(entry)
    of = f"{interface.__module__}.{interface.__qualname__}"
    if not isinstance(loaded, type) or not issubclass(loaded, interface):
        raise ConfigError(
            f"plug-in {entry.name!r} of {_distribution(entry)}: {entry.value} is no {interface.__name__}",
            hint=f"Its entry point in {entry.group!r} must name a subclass of {of}.",
            details={"group": entry.group, "name": entry.name},
        )
    lacking = [
        *sorted(getattr(loaded, "__abstractmethods__", ())),
        *(name for name in needed if getattr(loaded, name).__func__ is getattr(interface, name).__func__),
        *(name for name in interface.__annotations__ if not hasattr(loaded, name)),
        *_uncallable(loaded, interface),
    ]
    if lacking:
        raise ConfigError(
            f"plug-in {entry.name!r} of {_distribution(entry)} is of an older or incomplete interface:"
            f" {entry.value} lacks {', '.join(lacking)}",
            hint=f"Upgrade or uninstall it; its author finds what is wanted in {of}.",
            details={"group": entry.group, "name": entry.name, "lacking": lacking},
        )
    return loaded


def _uncallable(loaded: type, interface: type) -> Iterator[str]:
    """Give the methods of the interface that the class has, but with other parameters."""
    for name, promised in vars(interface).items():
        method = getattr(loaded, name)
        if not isfunction(promised) or not isfunction(method) or method is promised:
            continue
        parameters = signature(promised).parameters
        by_name = [each.name for each in parameters.values() if each.kind is Parameter.KEYWORD_ONLY]
        try:
            signature(method).bind(*[None] * (len(parameters) - len(by_name)), **dict.fromkeys(by_name))
        except TypeError:
            yield f"{name}({', '.join(list(parameters)[1:])})"


def refused(entry: EntryPoint, reason: str, hint: str) -> ConfigError:
    """Make the error that names a plug-in and the distribution that brings it."""
    return ConfigError(
        f"plug-in {entry.name!r} of {_distribution(entry)} {reason}",
        hint=hint,
        details={"group": entry.group, "name": entry.name},
    )


def _distribution(entry: EntryPoint) -> str:
    return f"{entry.dist.name} {entry.dist.version}" if entry.dist else entry.value.partition(":")[0]

"""What a registry is: a name, and the capabilities that it has."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from functools import partial
from types import FunctionType
from typing import TYPE_CHECKING, Any

from butler.errors import NotSupportedError
from butler.registry.interfaces import (
    PORTS,
    Administration,
    Collections,
    Definitions,
    Layers,
    Lookup,
    Maintenance,
    Provenance,
    Puts,
    Queries,
    Removals,
)
from butler.registry.results import Rows

if TYPE_CHECKING:
    from butler.registry.models.base import ReadOnlySession

__all__ = ["Registry"]


class Registry(ABC):
    """Data IDs, collections, provenance and locations of datasets.

    A registry has capabilities, each a port of ``butler.registry.interfaces``,
    and doesn't inherit them: an implementation overrides the properties of
    those that it has. Any other raises `~butler.errors.NotSupportedError`,
    naming capability and registry. A registry never opens an artifact, and
    never decides where bytes lie.
    """

    def __init_subclass__(cls, **options: Any) -> None:
        """Refuse methods of a port, as registries of older interfaces have: nobody would call them."""
        super().__init_subclass__(**options)
        own = {name for name, value in vars(cls).items() if isinstance(value, FunctionType)}
        for port in filter(partial(issubclass, cls), PORTS.values()):
            own -= port.__abstractmethods__
        stray = {
            capability: sorted(own & {capability, *port.__abstractmethods__})
            for capability, port in PORTS.items()
            if own & {capability, *port.__abstractmethods__}
        }
        if stray:
            listed = "; ".join(f"{', '.join(names)} ({capability})" for capability, names in stray.items())
            raise NotSupportedError(
                f"{cls.__module__}.{cls.__qualname__} has methods that belong to its capabilities: {listed}",
                hint="Move each to an adapter of its capability's port in butler.registry.interfaces,"
                " and give that by a property named as the capability.",
                details={"methods": stray},
            )

    @property
    @abstractmethod
    def name(self) -> str:
        """What it is called."""

    @property
    def lookup(self) -> Lookup:
        """Datasets that are known by their data IDs, their ids or their files."""
        raise self._lacks("lookup")

    @property
    def definitions(self) -> Definitions:
        """Cameras, sky maps, units, dataset types and datastores."""
        raise self._lacks("definitions")

    @property
    def collections(self) -> Collections:
        """Runs, tagged, chained and calibration collections."""
        raise self._lacks("collections")

    @property
    def puts(self) -> Puts:
        """Registers datasets."""
        raise self._lacks("puts")

    @property
    def queries(self) -> Queries:
        """Lists of datasets and units, and SQL."""
        raise self._lacks("queries")

    @property
    def removal(self) -> Removals:
        """Gives datasets and collections up, and restores them."""
        raise self._lacks("removal")

    @property
    def provenance(self) -> Provenance:
        """Runs' environments, and quanta."""
        raise self._lacks("provenance")

    @property
    def layers(self) -> Layers:
        """The registries of one database."""
        raise self._lacks("layers")

    @property
    def maintenance(self) -> Maintenance:
        """What comparing and repairing need to know, and record."""
        raise self._lacks("maintenance")

    @property
    def administration(self) -> Administration:
        """Counts, sizes and versions."""
        raise self._lacks("administration")

    def query(self, statement: str, parameters: Mapping[str, Any] | None = None) -> Rows:
        """Run one SELECT on the common schema; see `~butler.registry.interfaces.Queries.sql`."""
        return self.queries.sql(statement, parameters)

    def session(self) -> ReadOnlySession:
        """Open a session for the classes of `butler.models`, in one read-only transaction.

        Use it as a context manager.
        """
        raise self._lacks("session")

    def related(self) -> Sequence[Registry]:
        """Give this registry, those under it and those over it, as far as this role may look into them."""
        return [self]

    def close(self) -> None:
        """Let go of connections; they are opened anew when the registry is used again."""
        return

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r}>"

    def _lacks(self, capability: str) -> NotSupportedError:
        port = PORTS.get(capability)
        what = f"method {capability!r}"
        if port is not None:
            what = f"property {capability!r} that gives a {port.__module__}.{port.__name__}"
        return NotSupportedError(
            f"registry {self.name!r} ({type(self).__name__}) has no {capability}",
            hint=f"Use a registry that has; one of your own gets it by a {what}.",
            details={"registry": self.name, "capability": capability},
        )

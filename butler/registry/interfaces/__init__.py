"""What a registry can have: a port a capability.

Each is a small interface of its own; an implementation is an adapter, such as
those in ``butler.registry.postgres``. ``butler.testing.registry`` has a suite
for each.
"""

from __future__ import annotations

from abc import ABC
from collections.abc import Mapping
from types import MappingProxyType

from butler.registry.interfaces.administration import Administration
from butler.registry.interfaces.collections import Collections
from butler.registry.interfaces.definitions import Definitions
from butler.registry.interfaces.layers import Layers
from butler.registry.interfaces.lookup import Lookup
from butler.registry.interfaces.maintenance import Maintenance
from butler.registry.interfaces.provenance import Provenance
from butler.registry.interfaces.puts import Puts
from butler.registry.interfaces.queries import Queries
from butler.registry.interfaces.removal import Removals

__all__ = [
    "PORTS",
    "Administration",
    "Collections",
    "Definitions",
    "Layers",
    "Lookup",
    "Maintenance",
    "Provenance",
    "Puts",
    "Queries",
    "Removals",
]

PORTS: Mapping[str, type[ABC]] = MappingProxyType(
    {
        "lookup": Lookup,
        "definitions": Definitions,
        "collections": Collections,
        "puts": Puts,
        "queries": Queries,
        "removal": Removals,
        "provenance": Provenance,
        "layers": Layers,
        "maintenance": Maintenance,
        "administration": Administration,
    }
)
"""Capability of a `~butler.registry.Registry`, by the name of its property, to port."""

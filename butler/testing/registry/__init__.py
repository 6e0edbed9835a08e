"""What every registry must do: a class of pytest tests a port, and `RegistryTests`, which joins them.

Subclass the one that fits in a test module and give it an empty registry;
pytest runs the rest::

    class TestMyRegistry(RegistryTests):
        @pytest.fixture
        def registry(self, tmp_path):
            registry = MyRegistry(...)
            yield registry
            registry.close()

The suites fill it by its own methods. `LookupTests`, `QueriesTests` and
`AdministrationTests` only read: for a registry that can't be filled by its own
methods, a second fixture gives one with `Contents` in it::

    class TestMyRegistry(LookupTests):
        @pytest.fixture
        def registry(self, contents):
            return MyRegistry.holding(contents.datasets)

        @pytest.fixture
        def archive(self, registry):
            return registry
"""

from __future__ import annotations

from butler.testing.registry.administration import AdministrationTests
from butler.testing.registry.collections import CollectionsTests
from butler.testing.registry.contents import HOSTILE_TEXTS, UNSENDABLE_TEXTS, Contents
from butler.testing.registry.definitions import DefinitionsTests
from butler.testing.registry.layers import LayersTests
from butler.testing.registry.lookup import LookupTests
from butler.testing.registry.maintenance import MaintenanceTests
from butler.testing.registry.provenance import ProvenanceTests
from butler.testing.registry.puts import PutsTests
from butler.testing.registry.queries import QueriesTests
from butler.testing.registry.registry import RegistryTests
from butler.testing.registry.removal import RemovalsTests

__all__ = [
    "HOSTILE_TEXTS",
    "UNSENDABLE_TEXTS",
    "AdministrationTests",
    "CollectionsTests",
    "Contents",
    "DefinitionsTests",
    "LayersTests",
    "LookupTests",
    "MaintenanceTests",
    "ProvenanceTests",
    "PutsTests",
    "QueriesTests",
    "RegistryTests",
    "RemovalsTests",
]

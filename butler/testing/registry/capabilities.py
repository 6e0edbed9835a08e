"""What holds for any registry, whichever capabilities it has."""

from __future__ import annotations

import pickle

from butler.errors import NotSupportedError
from butler.registry import Registry
from butler.registry.interfaces import PORTS
from butler.testing.registry.fixtures import RegistryFixtures

__all__ = ["CapabilityTests"]


class CapabilityTests(RegistryFixtures):
    """A registry has a name, goes to workers, and says which capabilities it has."""

    def test_it_has_a_capability_or_refuses_it_by_name(self, registry: Registry) -> None:
        for capability, port in PORTS.items():
            try:
                adapter = getattr(registry, capability)
            except NotSupportedError as error:
                refused = error
            else:
                assert isinstance(adapter, port)
                continue
            assert refused.details == {"registry": registry.name, "capability": capability}
            for named in (capability, registry.name, type(registry).__name__):
                assert named in refused.message
            assert refused.hint

    def test_it_is_shown_by_its_name(self, registry: Registry) -> None:
        assert registry.name
        assert registry.name in repr(registry)
        assert PORTS.keys() <= set(dir(registry))

    def test_it_is_one_of_those_related_to_it(self, registry: Registry) -> None:
        assert registry.name in {other.name for other in registry.related()}

    def test_it_goes_to_workers(self, registry: Registry) -> None:
        copy: Registry = pickle.loads(pickle.dumps(registry))
        assert type(copy) is type(registry)
        assert copy.name == registry.name
        copy.close()

    def test_it_is_closed_more_than_once(self, registry: Registry) -> None:
        registry.close()
        registry.close()

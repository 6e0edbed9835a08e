"""What every `~butler.registry.interfaces.Layers` must do."""

from __future__ import annotations

from butler.registry import Registry
from butler.testing.registry.capabilities import CapabilityTests

__all__ = ["LayersTests"]


class LayersTests(CapabilityTests):
    """The registries of one database. Only reads an empty one."""

    def test_registries_are_listed_with_what_they_lie_over(self, registry: Registry) -> None:
        rows = registry.layers.list()
        assert rows.columns == ("registry", "base", "depth", "owner", "created")
        depths = {row.registry: row.depth for row in rows}
        assert registry.name in depths
        assert [row.depth for row in rows] == sorted(depths.values())
        assert all(row.owner and row.created.tzinfo for row in rows)
        first, *others = rows
        assert (first.base, first.depth) == (None, 0)
        assert all(row.depth == depths[row.base] + 1 for row in others)
        assert {other.name for other in registry.related()} <= depths.keys()

"""Registries over registries."""

from __future__ import annotations

from abc import ABC, abstractmethod

from butler.registry.results import Rows

__all__ = ["Layers"]


class Layers(ABC):
    """The registries of one database: the base, and the layers over it."""

    @abstractmethod
    def list(self) -> Rows:
        """List registries: ``registry, base, depth, owner, created``, the base first."""

"""The registry in PostgreSQL: an adapter a capability, one call of a stored function an operation."""

from __future__ import annotations

from butler.registry.postgres.registry import PostgresRegistry

__all__ = ["PostgresRegistry"]

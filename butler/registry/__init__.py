"""Data IDs, collections, provenance and locations of datasets.

`Registry` has capabilities, whose ports are in ``interfaces``; the adapters to
PostgreSQL are in ``postgres``. Lists come as the lazy tables of ``results``.
"""

from __future__ import annotations

from butler.registry.registry import Registry

__all__ = ["Registry"]

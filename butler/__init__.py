"""A data butler for observatories.

``from butler import Butler`` opens a repository; everything heavy is loaded
at its first use, so that importing this package stays quick.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from butler.butler import Butler
    from butler.values import (
        Artifact,
        Collection,
        CollectionType,
        DataId,
        DatasetRef,
        DatasetType,
        IngestMode,
    )

__all__ = [
    "Artifact",
    "Butler",
    "Collection",
    "CollectionType",
    "DataId",
    "DatasetRef",
    "DatasetType",
    "IngestMode",
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module("butler.butler" if name == "Butler" else "butler.values"), name)


def __dir__() -> list[str]:
    return sorted(__all__)

"""A data butler for observatories.

``from butler import Butler`` opens a repository; everything heavy is loaded
at its first use, so that importing this package stays quick.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from butler.butler import Butler
    from butler.values import Artifact, Collection, DataId, DatasetRef, DatasetType

__all__ = ["Artifact", "Butler", "Collection", "DataId", "DatasetRef", "DatasetType"]

_HOMES = {
    "Butler": "butler.butler",
    "Artifact": "butler.values",
    "Collection": "butler.values",
    "DataId": "butler.values",
    "DatasetRef": "butler.values",
    "DatasetType": "butler.values",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)

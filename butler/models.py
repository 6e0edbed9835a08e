"""The common schema as a read-only ORM: one class a view, with its relationships.

Relationships are never loaded behind your back: name them in the query, by
``.join(Visit.patches)`` or ``options(selectinload(Visit.patches))``.

Examples
--------
>>> from sqlalchemy import select
>>> from butler import models
>>> with butler.registry.session() as session:  # doctest: +SKIP
...     session.scalars(select(models.Visit).where(models.Visit.exposure_time > 30)).all()
"""

from __future__ import annotations

from butler.registry.models.base import Base, ReadOnlySession
from butler.registry.models.views import (
    AbstractFilter,
    Artifact,
    Calibration,
    Camera,
    Collection,
    CollectionChain,
    Dataset,
    DatasetCollection,
    DatasetConsumer,
    DatasetCount,
    DatasetType,
    DatasetWide,
    Label,
    LostArtifact,
    ObservedSensor,
    Patch,
    PhysicalFilter,
    PhysicalSensor,
    Quantum,
    Run,
    SkyMap,
    SkyPixel,
    Snap,
    StorageUse,
    Tract,
    Visit,
    VisitRange,
)

__all__ = [
    "AbstractFilter",
    "Artifact",
    "Base",
    "Calibration",
    "Camera",
    "Collection",
    "CollectionChain",
    "Dataset",
    "DatasetCollection",
    "DatasetConsumer",
    "DatasetCount",
    "DatasetType",
    "DatasetWide",
    "Label",
    "LostArtifact",
    "ObservedSensor",
    "Patch",
    "PhysicalFilter",
    "PhysicalSensor",
    "Quantum",
    "ReadOnlySession",
    "Run",
    "SkyMap",
    "SkyPixel",
    "Snap",
    "StorageUse",
    "Tract",
    "Visit",
    "VisitRange",
]

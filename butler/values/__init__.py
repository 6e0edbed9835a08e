"""The values that pass between Butler, Registry and Datastore.

All are immutable, hashable, and pickle; none holds a connection.
"""

from __future__ import annotations

from butler.values.artifacts import Artifact, ArtifactFault, ArtifactState
from butler.values.collections import Collection, CollectionType
from butler.values.data_ids import DataId
from butler.values.dataset_ids import made_at, new_dataset_id, new_dataset_ids
from butler.values.datasets import DatasetRef, DatasetState, DatasetType, split_component
from butler.values.datastores import Mark, RegisteredDatastore
from butler.values.ingest import IngestMode
from butler.values.quanta import QuantumStatus
from butler.values.removal import Removal, RemovalOutcome

__all__ = [
    "Artifact",
    "ArtifactFault",
    "ArtifactState",
    "Collection",
    "CollectionType",
    "DataId",
    "DatasetRef",
    "DatasetState",
    "DatasetType",
    "IngestMode",
    "Mark",
    "QuantumStatus",
    "RegisteredDatastore",
    "Removal",
    "RemovalOutcome",
    "made_at",
    "new_dataset_id",
    "new_dataset_ids",
    "split_component",
]

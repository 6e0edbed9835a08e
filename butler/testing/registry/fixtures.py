"""Registries that tests begin with, and what tests do in all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any
from uuid import UUID

import pytest

from butler.registry import Registry
from butler.testing.registry.contents import Contents, artifact, make_contents
from butler.values import Artifact, CollectionType, DataId, DatasetRef, DatasetType, new_dataset_id

__all__ = ["RAW", "RegistryFixtures", "found", "put", "written"]

RAW = DataId(camera="Cam", sensor=1, visit=1)


class RegistryFixtures:
    """Registries for tests.

    A subclass has a fixture ``registry`` that gives an empty one. Of one that
    can't be filled by its own methods, a subclass gives a fixture ``archive``,
    too, and fills it in its own way.
    """

    @pytest.fixture
    def contents(self) -> Contents:
        """Give what ``archive`` holds."""
        return make_contents()

    @pytest.fixture
    def observatory(self, registry: Registry, contents: Contents) -> Registry:
        """Give the registry with all definitions and collections in it, the collections empty."""
        for camera in contents.cameras:
            registry.definitions.register_camera(camera)
        for unit, rows in contents.units.items():
            assert registry.definitions.register_units(unit, rows) == len(rows)
        for skymap in contents.skymaps:
            registry.definitions.register_skymap(skymap)
        for dataset_type in contents.dataset_types:
            assert registry.definitions.register_dataset_type(dataset_type)
        for name, root in contents.datastores.items():
            assert registry.definitions.register_datastore(name, root)
        for collection in contents.collections:
            assert registry.collections.register(collection.name, collection.type, collection.doc)
        return registry

    @pytest.fixture
    def aged(self, observatory: Registry) -> Registry:
        """Give the registry with datastores whose roots were marked long ago, as a subclass can make it."""
        pytest.skip("nobody says how to have marked the roots long ago: override the fixture 'aged'")

    @pytest.fixture
    def archive(self, observatory: Registry, contents: Contents) -> Registry:
        """Give the registry with all contents in it."""
        for (run, dataset_type), refs in groupby(contents.datasets, lambda ref: (ref.run, ref.dataset_type)):
            rows = [
                (ref.id, ref.data_id, one) for ref in refs for one in ref.artifacts or [artifact(ref.id.hex)]
            ]
            observatory.puts.register(run, dataset_type.name, "store", rows)
        observatory.removal.unstore([ref.id for ref in contents.datasets if not ref.artifacts])
        for name, dataset_ids in contents.tagged.items():
            observatory.collections.associate(name, dataset_ids)
        for collection in contents.collections:
            if collection.type == CollectionType.CHAINED:
                observatory.collections.chain(collection.name, collection.members)
        return observatory


def written(
    data_id: Mapping[str, Any], dataset_type: str = "raw", artifacts: Sequence[Artifact] | None = None
) -> DatasetRef:
    """Give a dataset as it is when its bytes are written, of a type that ``make_contents`` has."""
    dataset_id = new_dataset_id()
    of_type = DatasetType(dataset_type, "", tuple(data_id))
    given = [artifact(dataset_id.hex)] if artifacts is None else artifacts
    return DatasetRef(dataset_id, of_type, DataId(data_id), "", tuple(given))


def put(
    registry: Registry, *data_ids: Mapping[str, Any], dataset_type: str = "raw", run: str = "r/one"
) -> list[DatasetRef]:
    """Put datasets as the Butler does, but for the bytes."""
    registry.puts.open_run(run)
    refs = [written(data_id, dataset_type) for data_id in data_ids]
    assert registry.puts.put(run, refs) == len(refs)
    return [registry.lookup.get_dataset(ref.id) for ref in refs]


def found(
    registry: Registry,
    collections: Sequence[str],
    data_id: Mapping[str, Any] = RAW,
    dataset_type: str = "raw",
    **options: Any,
) -> UUID | None:
    """Give the id of the dataset that some collections have, if they have one."""
    ref = registry.lookup.find(dataset_type, data_id, collections, required=False, **options)
    return ref.id if ref else None

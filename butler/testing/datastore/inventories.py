"""What every `~butler.datastore.Inventory` must do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from butler.datastore import Datastore
from butler.errors import ArtifactMissingError, StorageClassError
from butler.testing.datastore.exposures import example_exposure
from butler.testing.datastore.suite import DatastoreSuite

__all__ = ["InventoryTests"]


class InventoryTests(DatastoreSuite):
    """Conformance of a datastore's `~butler.datastore.Inventory`."""

    def test_everything_that_was_put_is_listed_once(self, datastore: Datastore) -> None:
        (one,), (two,) = self.put(datastore, "one", "Text"), self.put(datastore, b"two", "Bytes")
        assert sorted(datastore.inventory.paths()) == sorted([one.path, two.path])
        assert not any(map(datastore.inventory.is_temporary, (one.path, two.path)))

    def test_paths_are_foretold_from_hint_and_id(self, datastore: Datastore) -> None:
        first, second = uuid4(), uuid4()
        (artifact,) = self.put(datastore, {"a": 1}, "Dict", first)
        assert artifact.path in datastore.inventory.expected_paths(first, self.HINT, "Dict", "calexp")
        assert not set(datastore.inventory.expected_paths(first, self.HINT, "Dict", "calexp")) & set(
            datastore.inventory.expected_paths(second, self.HINT, "Dict", "calexp")
        )

    def test_paths_of_all_layouts_are_foretold(self, tmp_path: Path) -> None:
        id = uuid4()
        one, many = self.open(tmp_path / "one"), self.open(tmp_path / "many", disassemble=("Exposure",))
        written = {
            artifact.path
            for datastore in (one, many)
            for artifact in self.put(datastore, example_exposure(), "Exposure", id)
        }
        assert len(written) == 8
        assert written <= set(one.inventory.expected_paths(id, self.HINT, "Exposure", "calexp"))

    def test_a_path_tells_the_id_and_the_file_its_identity_and_description(
        self, datastore: Datastore
    ) -> None:
        id = uuid4()
        (artifact,) = self.put(datastore, {"a": 1}, "Dict", id)
        inventory = datastore.inventory
        (path,) = inventory.paths()
        assert inventory.id_in_path(path) == id
        assert inventory.id_in_path("a/b.json") is None
        identity = inventory.identify(path)
        assert identity is not None
        assert UUID(identity["id"]) == id
        assert inventory.describe(path, "Dict", "calexp") == artifact
        assert inventory.modified(path) <= datetime.now(UTC) + timedelta(seconds=2)
        datastore.remove([artifact])
        for ask in (inventory.identify, inventory.modified):
            with pytest.raises(ArtifactMissingError):
                ask(path)
        with pytest.raises(ArtifactMissingError):
            inventory.describe(path, "Dict", "calexp")

    def test_each_of_several_files_says_and_shows_which_component_it_is(self, tmp_path: Path) -> None:
        datastore = self.open(tmp_path, disassemble=("Exposure",))
        artifacts = self.put(datastore, example_exposure(), "Exposure")
        for artifact in artifacts:
            said = datastore.inventory.identify(artifact.path) or {}
            assert said["component"] == artifact.component
            assert said.get("components") in (sorted(each.component for each in artifacts), None)
            described = datastore.inventory.describe(artifact.path, "Exposure", "calexp", artifact.component)
            assert described == artifact
        with pytest.raises(StorageClassError, match="bbox"):
            datastore.inventory.describe(artifacts[0].path, "Exposure", "calexp", "bbox")

    def test_what_was_put_is_never_said_to_be_nobody_s(self, datastore: Datastore) -> None:
        (said,), (named,) = self.put(datastore, {"a": 1}, "Dict"), self.put(datastore, "two", "Text")
        assert not any(map(datastore.inventory.lacks_identity, (said.path, named.path)))

    def test_discarding_what_a_dead_writer_left_touches_no_other_dataset(self, datastore: Datastore) -> None:
        dead = uuid4()
        kept = self.put(datastore, "kept", "Text")
        self.put(datastore, "dead", "Text", dead)
        inventory = datastore.inventory
        inventory.discard(inventory.expected_paths(dead, self.HINT, "Text", "calexp"))
        assert list(inventory.paths()) == [kept[0].path]

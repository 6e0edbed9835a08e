"""What every `~butler.datastore.Datastore` must do."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from butler.datastore import Datastore, FileIntake, Inventory
from butler.datastore.marks import RootMark
from butler.errors import (
    ArtifactMissingError,
    ChecksumError,
    ConfigError,
    DatasetExistsError,
    InvalidNameError,
    NotSupportedError,
    StorageClassError,
)
from butler.testing.datastore.exposures import assert_same_exposure, example_exposure
from butler.testing.datastore.suite import HOSTILE_HINTS, DatastoreSuite
from butler.values import ArtifactFault, ArtifactState

__all__ = ["DatastoreTests"]


class DatastoreTests(DatastoreSuite):
    """Conformance of a `~butler.datastore.Datastore`."""

    @pytest.mark.parametrize(
        ("storage_class", "obj"),
        [
            ("Dict", {"a": [1, 2.5, None, True], "ü": {"b": "text"}}),
            ("Dict", {}),
            ("List", [1, {"a": "b"}]),
            ("List", []),
            ("Text", "line\r\nline\n🔭"),
            ("Text", ""),
            ("Bytes", bytes(range(256))),
            ("Bytes", b""),
        ],
    )
    def test_an_object_comes_back_equal(self, datastore: Datastore, storage_class: str, obj: Any) -> None:
        artifacts = self.put(datastore, obj, storage_class)
        assert datastore.get(artifacts, storage_class) == obj

    def test_what_a_lot_writes_is_read_at_once_and_stays_when_it_was_flushed(
        self, datastore: Datastore
    ) -> None:
        lot = datastore.lot()
        written = [self.put(lot.writer, f"content {number}", "Text") for number in range(3)]
        for _ in range(2):
            assert [datastore.get(artifacts, "Text") for artifacts in written] == [
                "content 0",
                "content 1",
                "content 2",
            ]
            assert self.stored(datastore) == {one.path for artifacts in written for one in artifacts}
            lot.flush()
        datastore.remove(one for artifacts in written for one in artifacts)
        assert self.stored(datastore) == set()

    def test_an_exposure_comes_back_equal(self, datastore: Datastore) -> None:
        exposure = example_exposure()
        assert_same_exposure(datastore.get(self.put(datastore, exposure, "Exposure"), "Exposure"), exposure)

    def test_every_artifact_is_described_by_what_was_written(self, datastore: Datastore) -> None:
        artifacts = self.put(datastore, b"content", "Bytes")
        assert len({artifact.datastore for artifact in artifacts}) == len(artifacts)
        assert artifacts[0].datastore == datastore.name
        for artifact in artifacts:
            assert artifact.component == ""
            assert artifact.size == 7
            assert artifact.sha256 == hashlib.sha256(b"content").digest()
            assert datastore.exists(artifact)
            assert datastore.check(artifact) is None
            assert datastore.uri(artifact) == datastore.members[artifact.datastore].root + artifact.path
        assert self.stored(datastore) == {artifact.path for artifact in artifacts}

    def test_a_datastore_is_among_its_members_and_each_is_called_as_its_artifacts_call_it(
        self, datastore: Datastore
    ) -> None:
        assert datastore.members[datastore.name].root == datastore.root
        assert all(member.name == name for name, member in datastore.members.items())

    def test_a_part_that_a_datastore_lacks_is_named_with_it(self, datastore: Datastore) -> None:
        for part, interface in (("intake", FileIntake), ("inventory", Inventory), ("mark", RootMark)):
            try:
                found: object = getattr(datastore, part)
            except NotSupportedError as error:
                found = error.message
            assert isinstance(found, interface) or {repr(datastore.name), part} <= set(str(found).split())

    def test_of_an_artifact_that_is_lost_nothing_is_read_until_it_is_whole(
        self, datastore: Datastore
    ) -> None:
        artifacts = self.put(datastore, {"a": 1}, "Dict")
        lost = [replace(artifact, state=ArtifactState.LOST) for artifact in artifacts]
        assert datastore.get(lost, "Dict") == {"a": 1}, "it is whole again"
        with pytest.raises(ChecksumError, match="lost"):
            datastore.get([replace(artifact, sha256=bytes(32)) for artifact in lost], "Dict")
        datastore.remove(artifacts)
        with pytest.raises(ArtifactMissingError, match="lost"):
            datastore.get(lost, "Dict")

    def test_a_copy_in_a_datastore_that_is_not_configured_is_not_needed(self, datastore: Datastore) -> None:
        artifacts = self.put(datastore, "here", "Text")
        elsewhere = replace(artifacts[0], datastore="elsewhere", path="nowhere.txt")
        assert datastore.get([elsewhere, *artifacts], "Text") == "here"

    def test_an_artifact_of_a_datastore_that_is_not_configured_is_neither_read_nor_missing_nor_removed(
        self, datastore: Datastore
    ) -> None:
        artifacts = self.put(datastore, "here", "Text")
        elsewhere = replace(artifacts[0], datastore="elsewhere", path="there.txt")
        for ask in (
            lambda: datastore.get([elsewhere], "Text"),
            lambda: datastore.uri(elsewhere),
            lambda: datastore.exists(elsewhere),
            lambda: datastore.check(elsewhere),
            lambda: datastore.remove([*artifacts, elsewhere]),
        ):
            with pytest.raises(ConfigError, match=r"'there\.txt'.*'elsewhere'\D*datastores:"):
                ask()
        assert datastore.get(artifacts, "Text") == "here"

    def test_a_component_in_a_datastore_that_is_not_configured_is_not_left_out(self, tmp_path: Path) -> None:
        datastore = self.open(tmp_path, disassemble=("Exposure",))
        artifacts = [
            replace(artifact, datastore="elsewhere") if artifact.component == "mask" else artifact
            for artifact in self.put(datastore, example_exposure(), "Exposure")
        ]
        assert datastore.get(artifacts, "Exposure", "wcs").has_celestial
        for component in (None, "mask"):
            with pytest.raises(ConfigError, match="'elsewhere'"):
                datastore.get(artifacts, "Exposure", component)

    def test_one_hint_serves_many_datasets(self, datastore: Datastore) -> None:
        one, two = self.put(datastore, "one", "Text"), self.put(datastore, "two", "Text")
        assert (datastore.get(one, "Text"), datastore.get(two, "Text")) == ("one", "two")

    def test_a_dataset_is_never_overwritten(self, datastore: Datastore) -> None:
        id = uuid4()
        first = self.put(datastore, "first", "Text", id)
        with pytest.raises(DatasetExistsError):
            self.put(datastore, "second", "Text", id)
        assert datastore.get(first, "Text") == "first"

    @pytest.mark.parametrize(
        ("storage_class", "obj"), [("Text", b"bytes"), ("Dict", [1]), ("Exposure", {"a": 1})]
    )
    def test_an_object_of_another_type_is_refused_and_leaves_nothing(
        self, datastore: Datastore, storage_class: str, obj: Any
    ) -> None:
        with pytest.raises(StorageClassError, match=storage_class):
            self.put(datastore, obj, storage_class)
        assert self.stored(datastore) == set()

    def test_an_object_that_the_format_cannot_hold_is_refused_and_leaves_nothing(
        self, datastore: Datastore
    ) -> None:
        for obj in ({"a": {1, 2}}, {"a": (1, 2)}, {1: "a"}, {"a": float("nan")}, {"_butler": 1}):
            with pytest.raises(StorageClassError):
                self.put(datastore, obj, "Dict")
        assert self.stored(datastore) == set()

    @pytest.mark.parametrize("hint", HOSTILE_HINTS)
    def test_a_hostile_hint_is_refused_and_leaves_nothing(self, datastore: Datastore, hint: str) -> None:
        with pytest.raises(InvalidNameError):
            datastore.put("text", uuid4(), hint, "Text", "note", {})
        assert self.stored(datastore) == set()

    def test_the_longest_hint_is_stored(self, datastore: Datastore) -> None:
        artifacts = datastore.put("text", uuid4(), "d" * 200 + "/" + "f" * 200, "Text", "note", {})
        assert datastore.get(artifacts, "Text") == "text"

    def test_an_unknown_component_or_parameter_is_refused_by_name(self, datastore: Datastore) -> None:
        artifacts = self.put(datastore, example_exposure(), "Exposure")
        with pytest.raises(StorageClassError, match=r"component 'wsc'\s+Did you mean 'wcs'"):
            datastore.get(artifacts, "Exposure", "wsc")
        with pytest.raises(StorageClassError, match=r"parameter 'box'\s+Did you mean 'bbox'"):
            datastore.get(artifacts, "Exposure", parameters={"box": (0, 0, 1, 1)})
        with pytest.raises(StorageClassError, match=r"'wcs'.*'bbox'"):
            datastore.get(artifacts, "Exposure", "wcs", {"bbox": (0, 0, 1, 1)})

    def test_what_is_gone_is_missing(self, datastore: Datastore) -> None:
        artifacts = self.put(datastore, "text", "Text")
        datastore.remove(artifacts)
        datastore.remove(artifacts)
        for artifact in artifacts:
            assert not datastore.exists(artifact)
            assert datastore.check(artifact) == ArtifactFault.MISSING
        with pytest.raises(ArtifactMissingError, match="calexp"):
            datastore.get(artifacts, "Text")
        with pytest.raises(ArtifactMissingError):
            datastore.get((), "Text")
        assert self.stored(datastore) == set()

    # Layouts ---------------------------------------------------------------

    def test_a_reader_need_not_know_whether_an_exposure_lies_in_one_file_or_several(
        self, tmp_path: Path
    ) -> None:
        import numpy as np

        exposure = example_exposure()
        for folder, layout, files in (("one", (), 1), ("many", ("Exposure",), 7)):
            datastore = self.open(tmp_path / folder, disassemble=layout)
            artifacts = self.put(datastore, exposure, "Exposure")
            assert len({artifact.component for artifact in artifacts}) == files
            assert_same_exposure(datastore.get(artifacts, "Exposure"), exposure)
            for component, plane in (("image", "data"), ("mask", "mask"), ("flags", "flags")):
                np.testing.assert_array_equal(
                    datastore.get(artifacts, "Exposure", component), getattr(exposure, plane)
                )
            assert datastore.get(artifacts, "Exposure", "unit") == exposure.unit
            assert datastore.get(artifacts, "Exposure", "metadata")["OBSERVER"] == "Hypatia"
            assert datastore.get(artifacts, "Exposure", "bbox") == (0, 0, 40, 30)
            uncertainty = datastore.get(artifacts, "Exposure", "uncertainty")
            assert type(uncertainty) is type(exposure.uncertainty)
            wcs = datastore.get(artifacts, "Exposure", "wcs")
            np.testing.assert_allclose(
                wcs.pixel_to_world_values(3, 4), exposure.wcs.pixel_to_world_values(3, 4), rtol=1e-13
            )
            cut = datastore.get(artifacts, "Exposure", parameters={"bbox": (5, 10, 7, 3)})
            expected = exposure[10:13, 5:12]
            expected.flags = exposure.flags[10:13, 5:12]
            assert_same_exposure(cut, expected)

    def test_a_component_that_an_exposure_lacks_is_none(self, tmp_path: Path) -> None:
        exposure = example_exposure()
        exposure.mask = exposure.uncertainty = exposure.wcs = exposure.flags = None
        for folder, layout in (("one", ()), ("many", ("Exposure",))):
            datastore = self.open(tmp_path / folder, disassemble=layout)
            artifacts = self.put(datastore, exposure, "Exposure")
            assert datastore.get(artifacts, "Exposure", "wcs") is None
            assert datastore.get(artifacts, "Exposure", "mask") is None
            assert_same_exposure(datastore.get(artifacts, "Exposure"), exposure)

    def test_one_component_of_several_files_is_read_without_the_others(self, tmp_path: Path) -> None:
        datastore = self.open(tmp_path, disassemble=("Exposure",))
        artifacts = self.put(datastore, example_exposure(), "Exposure")
        datastore.remove([artifact for artifact in artifacts if artifact.component != "wcs"])
        assert datastore.get(artifacts, "Exposure", "wcs").has_celestial
        with pytest.raises(ArtifactMissingError):
            datastore.get(artifacts, "Exposure")

    def test_an_exposure_in_several_files_is_written_whole_or_not_at_all(self, tmp_path: Path) -> None:
        datastore = self.open(tmp_path, disassemble=("Exposure",))
        exposure = example_exposure()
        exposure.flags = exposure.flags.astype("datetime64[D]")
        with pytest.raises(StorageClassError, match="datetime64"):
            self.put(datastore, exposure, "Exposure")
        assert self.stored(datastore) == set()

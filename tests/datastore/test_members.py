"""Several datastores as one: which of them is asked for what."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from butler.datastore import Datastore, Datastores, FileDatastore, open_datastore
from butler.datastore.storage import MemoryStorage, PosixStorage
from butler.errors import ArtifactMissingError, ConfigError, NotSupportedError, StorageClassError
from butler.testing.datastore import assert_same_exposure, example_exposure
from butler.values import Artifact, ArtifactFault, ArtifactState, IngestMode

HINT = "run/calexp/calexp_1"


def one(name: str, folder: Path, *disassemble: str) -> Datastore:
    return open_datastore({"root": name, "disassemble": disassemble}, folder, name)


@pytest.fixture
def main(tmp_path: Path) -> Datastore:
    return one("main", tmp_path)


@pytest.fixture
def archive(tmp_path: Path) -> Datastore:
    return one("archive", tmp_path)


@pytest.fixture
def several(main: Datastore, archive: Datastore) -> Datastores:
    return Datastores([main, archive], "main")


def put(datastore: Datastore, text: str = "text") -> Artifact:
    (artifact,) = datastore.put(text, uuid4(), HINT, "Text", "note", {})
    return artifact


def paths(datastore: Datastore) -> list[str]:
    return list(datastore.inventory.paths())


# Which -----------------------------------------------------------------------


def test_what_is_written_goes_to_the_default(
    several: Datastores, main: Datastore, archive: Datastore
) -> None:
    assert put(several).datastore == several.name == "main"
    assert several.root == main.root
    assert paths(several) == paths(main) != []
    assert paths(archive) == []
    assert Datastores([main, archive], "archive").root == archive.root


def test_each_artifact_is_asked_of_its_own_datastore(
    several: Datastores, main: Datastore, archive: Datastore
) -> None:
    for own in (main, archive):
        artifact = put(own, own.name)
        assert several.get([artifact], "Text") == own.name
        assert several.uri(artifact) == own.root + artifact.path
        assert several.exists(artifact)
        assert several.check(artifact) is None


def test_each_artifact_is_removed_from_its_own_datastore(
    several: Datastores, main: Datastore, archive: Datastore
) -> None:
    kept, gone, old = put(main), put(main), put(archive)
    several.remove([old, gone])
    assert several.check(old) == archive.check(old) == ArtifactFault.MISSING
    assert paths(main) == [kept.path]
    assert paths(archive) == []


def test_a_template_is_the_default_s(tmp_path: Path) -> None:
    main = FileDatastore("main", PosixStorage(tmp_path), templates={"raw": "raw/{visit}"})
    assert (
        Datastores([FileDatastore("a", MemoryStorage("a")), main], "main").template("raw", "Exposure")
        == "raw/{visit}"
    )


def test_warnings_are_those_of_all_members(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name).chmod(0o777)
    about_a, about_b = Datastores([one("a", tmp_path), one("b", tmp_path)], "b").warnings()
    assert str(tmp_path / "a") in about_a
    assert str(tmp_path / "b") in about_b


def test_members_of_members_are_members(several: Datastores, tmp_path: Path) -> None:
    outer = Datastores([one("old", tmp_path), several], "main")
    assert list(outer.members) == ["old", "main", "archive"]
    assert outer.get([put(several.members["archive"], "deep")], "Text") == "deep"
    assert put(outer).datastore == "main"


def test_several_pickle_to_another_process(several: Datastores, archive: Datastore) -> None:
    artifact = put(archive, "shared")
    assert pickle.loads(pickle.dumps(several)).get([artifact], "Text") == "shared"


# Copies and components -------------------------------------------------------


def copies(several: Datastores, text: str = "twice") -> list[Artifact]:
    return [put(member, text) for member in several.members.values()]


def test_of_copies_the_first_that_is_not_known_to_be_lost_is_read(several: Datastores) -> None:
    in_main, in_archive = copies(several)
    several.members["archive"].remove([in_archive])
    assert several.get([in_archive, in_main], "Text") == "twice", "main comes first"
    in_main, in_archive = copies(several)
    several.members["main"].remove([in_main])
    with pytest.raises(ArtifactMissingError):
        several.get([in_main, in_archive], "Text")
    assert several.get([replace(in_main, state=ArtifactState.LOST), in_archive], "Text") == "twice"


def spread(several: Datastores, tmp_path: Path, elsewhere: Sequence[str]) -> list[Artifact]:
    """An exposure of which some components lie in the archive alone."""
    id = uuid4()
    artifacts: list[Artifact] = []
    for name in several.members:
        written = one(name, tmp_path, "Exposure").put(example_exposure(), id, HINT, "Exposure", "calexp", {})
        kept = [each for each in written if (each.component in elsewhere) == (name == "archive")]
        several.remove([each for each in written if each not in kept])
        artifacts += kept
    return artifacts


def test_components_that_lie_in_several_are_put_together(several: Datastores, tmp_path: Path) -> None:
    artifacts = spread(several, tmp_path, ["image", "wcs"])
    assert {artifact.datastore for artifact in artifacts} == {"main", "archive"}
    exposure = example_exposure()
    assert_same_exposure(several.get(artifacts, "Exposure"), exposure)
    assert several.get(artifacts, "Exposure", "bbox") == (0, 0, 40, 30)
    assert several.get(artifacts, "Exposure", "image", {"bbox": (1, 2, 3, 4)}).shape == (4, 3)
    assert (several.get(artifacts, "Exposure", "mask") == exposure.mask).all()
    cut = several.get(artifacts, "Exposure", parameters={"bbox": (5, 10, 7, 3)})
    assert cut.data.shape == cut.mask.shape == (3, 7)


def test_of_components_that_lie_in_several_one_that_there_is_not_is_none(
    several: Datastores, tmp_path: Path
) -> None:
    artifacts = [each for each in spread(several, tmp_path, ["image"]) if each.component != "wcs"]
    assert several.get(artifacts, "Exposure", "wcs") is None
    assert several.get(artifacts, "Exposure").wcs is None


def test_what_a_dataset_in_several_does_not_have_is_refused_by_name(
    several: Datastores, tmp_path: Path
) -> None:
    artifacts = spread(several, tmp_path, ["image"])
    with pytest.raises(StorageClassError, match=r"component 'wsc'\s+Did you mean 'wcs'"):
        several.get(artifacts, "Exposure", "wsc")
    with pytest.raises(StorageClassError, match=r"parameter 'box'\s+Did you mean 'bbox'"):
        several.get(artifacts, "Exposure", parameters={"box": (0, 0, 1, 1)})


def test_an_exposure_of_which_a_component_is_not_at_hand_is_not_read_without_it(
    several: Datastores, main: Datastore, tmp_path: Path
) -> None:
    artifacts = spread(several, tmp_path, ["wcs"])
    for lacking in (main, Datastores([main, one("other", tmp_path)], "main")):
        with pytest.raises(
            ConfigError, match=r"'archive', which isn't configured\s+Add it under 'datastores:'"
        ):
            lacking.get(artifacts, "Exposure")
        assert lacking.get(artifacts, "Exposure", "bbox") == (0, 0, 40, 30)


# Files -----------------------------------------------------------------------


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "night" / "raw.txt"
    file.parent.mkdir()
    file.write_text("raw")
    return file


def test_a_move_is_finished_by_the_datastore_that_has_the_bytes(several: Datastores, file: Path) -> None:
    archive = several.members["archive"]
    artifacts = archive.intake.ingest(file, uuid4(), HINT, "Text", "raw", IngestMode.MOVE)
    several.intake.finish_move(file, artifacts)
    assert not file.exists()
    several.intake.finish_move(file, [*artifacts, put(several)])
    assert several.get(artifacts, "Text") == "raw"


def test_a_move_of_what_lies_in_several_leaves_the_source(several: Datastores, file: Path) -> None:
    linked, copied = (
        member.intake.ingest(file, uuid4(), HINT, "Text", "raw", mode)
        for member, mode in zip(several.members.values(), (IngestMode.SYMLINK, IngestMode.COPY), strict=True)
    )
    with pytest.raises(
        NotSupportedError, match="stays: its dataset lies in several datastores, main, archive"
    ):
        several.intake.finish_move(file, [*linked, *copied])
    assert several.get(linked, "Text") == several.get(copied, "Text") == "raw"


@pytest.mark.parametrize("linked_folder", [False, True])
def test_what_lies_in_a_member_is_neither_moved_nor_ingested_in_place(
    several: Datastores, archive: Datastore, tmp_path: Path, linked_folder: bool
) -> None:
    artifact = put(archive)
    file = tmp_path / "archive" / artifact.path
    if linked_folder:
        (tmp_path / "link").symlink_to(file.parent)
        file = tmp_path / "link" / file.name
    for mode in (IngestMode.MOVE, IngestMode.IN_PLACE):
        with pytest.raises(NotSupportedError, match="lies in datastore 'archive' already"):
            several.intake.ingest(file, uuid4(), HINT, "Text", "raw", mode)
    with pytest.raises(NotSupportedError, match="lies in datastore 'archive' already"):
        several.intake.finish_move(file, [artifact])
    (tmp_path / "free.txt").write_text("free")
    held, free = several.intake.describe_in_place(
        [(file, None), (tmp_path / "free.txt", None)], "Text", "raw"
    )
    assert isinstance(held, NotSupportedError)
    assert isinstance(free, Artifact)
    assert several.get([artifact], "Text") == "text"
    copied = several.intake.ingest(file, uuid4(), HINT, "Text", "raw", IngestMode.COPY)
    assert several.get(copied, "Text") == "text"


# What makes no sense ---------------------------------------------------------


def test_two_of_one_name_are_refused_wherever_they_are(several: Datastores, tmp_path: Path) -> None:
    other = open_datastore({"root": "other"}, tmp_path, "archive")
    for members in ([several, other], [Datastores([other], "archive"), several]):
        with pytest.raises(ConfigError, match="two datastores are named 'archive'"):
            Datastores(members, "archive")


@pytest.mark.parametrize("root", ["data", "data/../data/", "link", "data/deeper", "link/deeper"])
def test_two_of_one_root_are_refused_and_so_is_one_inside_the_other(tmp_path: Path, root: str) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "link").symlink_to("data")
    members = [open_datastore({"root": at}, tmp_path, name) for name, at in (("a", "data"), ("b", root))]
    for order in (members, members[::-1]):
        with pytest.raises(ConfigError, match=r"datastore '[ab]' lies in the root of datastore '[ab]'.*/"):
            Datastores(order, "a")


def test_roots_that_only_begin_alike_are_two(tmp_path: Path) -> None:
    Datastores([one("data", tmp_path), one("data2", tmp_path)], "data")


def test_two_in_memory_have_one_root_if_they_have_one_name(tmp_path: Path) -> None:
    members = [FileDatastore(name, MemoryStorage("same")) for name in ("a", "b")]
    with pytest.raises(ConfigError, match=r"lies in the root of datastore 'a', memory://same/"):
        Datastores(members, "a")


def test_a_default_that_is_no_member_is_refused_with_near_names(main: Datastore, archive: Datastore) -> None:
    with pytest.raises(ConfigError, match=r"no datastore 'mian' to write to\s+Did you mean 'main'"):
        Datastores([main, archive], "mian")
    with pytest.raises(ConfigError, match="no datastore 'main' to write to"):
        Datastores([], "main")

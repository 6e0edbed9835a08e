"""Files that are ingested by ``move``: whatever happens, their bytes are somewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from butler import Butler, DatasetType
from butler.errors import ArtifactMissingError, DatasetExistsError, NotSupportedError


@pytest.fixture
def butler(butler: Butler) -> Butler:
    butler.registry.definitions.register_dataset_type(DatasetType("note", "Text", ("label",)))
    butler.registry.definitions.register_units("label", [{"label": name} for name in "abc"])
    return butler


@pytest.fixture
def source(tmp_path: Path) -> Path:
    source = tmp_path / "night" / "a.txt"
    source.parent.mkdir()
    source.write_text("a")
    return source


def test_a_half_done_move_is_finished_by_the_same_again(butler: Butler, source: Path) -> None:
    other = source.with_name("b.txt")
    other.write_text("b")
    both = [(source, {"label": "a"}), (other, {"label": "b"})]
    moved = butler.ingest(both, "note", mode="move")
    other.write_text("b")  # as if the process had died between the two
    assert butler.ingest(both, "note", mode="move") == moved
    assert not other.exists()
    assert [butler.get(ref) for ref in moved] == ["a", "b"]
    assert list(butler.verify()) == []


def test_a_file_that_is_gone_is_missing_unless_it_was_moved(butler: Butler, source: Path) -> None:
    butler.ingest([(source, {"label": "a"})], "note", mode="move")
    with pytest.raises(ArtifactMissingError, match=r"a\.txt"):
        butler.ingest([(source, {"label": "a"})], "note", mode="copy")
    with pytest.raises(ArtifactMissingError, match=r"a\.txt"):
        butler.ingest([(source, {"label": "b"})], "note", mode="move")


@pytest.mark.parametrize("mode", ["in-place", "symlink"])
def test_a_move_of_what_was_ingested_where_it_lies_leaves_it(butler: Butler, source: Path, mode: str) -> None:
    ingested = butler.ingest([(source, {"label": "a"})], "note", mode=mode)
    assert butler.ingest([(source, {"label": "a"})], "note", mode="move") == ingested
    assert list(butler.verify()) == []


def test_a_file_that_another_dataset_has_in_place_is_not_moved(butler: Butler, source: Path) -> None:
    (ref,) = butler.ingest([(source, {"label": "a"})], "note", mode="in-place")
    folder = source.parent.with_name("link")
    folder.symlink_to(source.parent)
    for name in (source, folder / source.name):
        with pytest.raises(NotSupportedError, match=str(ref.id)):
            butler.ingest([(name, {"label": "b"})], "note", mode="move")
    assert list(butler.verify()) == []


def test_the_file_of_another_dataset_is_not_moved_out_of_the_datastore(butler: Butler) -> None:
    ref = butler.put("a", "note", label="a")
    with pytest.raises(NotSupportedError, match="lies in datastore"):
        butler.ingest([(Path(butler.uri(ref).removeprefix("file://")), {"label": "b"})], "note", mode="move")
    assert butler.get(ref) == "a"
    assert list(butler.verify()) == []


def test_another_file_under_the_labels_of_a_moved_one_is_refused_and_stays(
    butler: Butler, source: Path
) -> None:
    butler.ingest([(source, {"label": "a"})], "note", mode="move")
    source.write_text("another")
    with pytest.raises(DatasetExistsError, match=r"a\.txt"):
        butler.ingest([(source, {"label": "a"})], "note", mode="move")
    assert source.read_text() == "another"


def test_one_file_is_moved_under_two_labels(butler: Butler, source: Path) -> None:
    refs = butler.ingest([(source, {"label": "a"}), (source, {"label": "b"})], "note", mode="move")
    assert [butler.get(ref) for ref in refs] == ["a", "a"]
    assert not source.exists()
    assert list(butler.verify()) == []

"""Many files that stay where they lie: one transaction, whatever the run has."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from butler import Butler, DatasetType
from butler.datastore.fingerprint import Fingerprint, fingerprint
from butler.errors import (
    ArtifactMissingError,
    ChecksumError,
    DatasetExistsError,
    InvalidDataIdError,
    UnitNotFoundError,
)

NAMES = [f"n{n:03}" for n in range(200)]


@pytest.fixture
def butler(butler: Butler) -> Butler:
    butler.registry.definitions.register_dataset_type(DatasetType("note", "Text", ("label",)))
    butler.registry.definitions.register_units("label", [{"label": name} for name in NAMES])
    return butler


@pytest.fixture
def notes(tmp_path: Path) -> list[tuple[Path, dict[str, str]]]:
    for name in NAMES:
        (tmp_path / f"{name}.txt").write_text(name)
    return [(tmp_path / f"{name}.txt", {"label": name}) for name in NAMES]


def test_they_are_registered_in_their_order_and_read_where_they_lie(butler: Butler, notes: Any) -> None:
    refs = butler.ingest(notes, "note", mode="in-place")
    assert [ref.data_id["label"] for ref in refs] == NAMES
    assert [butler.get("note", label=name) for name in NAMES[::50]] == NAMES[::50]
    assert [butler.find("note", label=name) for name in NAMES[::50]] == refs[::50]
    assert list(butler.verify()) == []
    assert butler.exists("run_environment"), "the run's environment is described"


@pytest.mark.parametrize(
    ("data_id", "error"), [({"label": "no"}, UnitNotFoundError), ({"tract": 1}, InvalidDataIdError)]
)
def test_one_with_labels_that_are_none_keeps_all_out(
    butler: Butler, notes: Any, data_id: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        butler.ingest([*notes, (notes[0][0], data_id)], "note", mode="in-place")
    assert len(butler.registry.query("SELECT FROM dataset")) == 0
    assert butler.registry.collections.matching(butler.run or "") == []


def test_one_that_is_not_there_keeps_all_out(butler: Butler, notes: Any) -> None:
    notes[100][0].unlink()
    with pytest.raises(ArtifactMissingError, match="n100"):
        butler.ingest(notes, "note", mode="in-place")
    assert len(butler.registry.query("SELECT FROM dataset")) == 0


def test_those_that_the_run_has_are_left_and_the_others_registered(butler: Butler, notes: Any) -> None:
    first = butler.ingest(notes[50:60], "note", mode="in-place")
    refs = butler.ingest(notes, "note", mode="in-place")
    assert refs[50:60] == first
    assert len({ref.id for ref in refs}) == len(refs) == len(butler.query.datasets("note"))
    assert butler.ingest(notes, "note", mode="in-place") == refs
    assert refs[50].artifacts == first[0].artifacts


def test_other_bytes_under_labels_that_the_run_has_keep_all_out(butler: Butler, notes: Any) -> None:
    butler.ingest(notes[150:160], "note", mode="in-place")
    notes[155][0].write_text("another")
    with pytest.raises(DatasetExistsError, match="n155"):
        butler.ingest(notes, "note", mode="in-place")
    assert len(butler.query.datasets("note")) == 10


def test_labels_are_understood_as_people_write_them(butler: Butler, tmp_path: Path) -> None:
    butler.registry.definitions.register_camera(
        {"camera": "Cam", "sensors": [{"sensor": 1, "sensor_name": "S1"}], "filters": []}
    )
    butler.registry.definitions.register_dataset_type(DatasetType("defects", "Text", ("sensor",)))
    (tmp_path / "s").write_text("s")
    (ref,) = butler.ingest([(tmp_path / "s", {"detector": "S1"})], "defects", mode="in-place")
    assert dict(ref.data_id) == {"camera": "Cam", "sensor": 1}


def test_a_file_whose_fingerprint_is_known_is_not_read(butler: Butler, notes: Any) -> None:
    known = [(file, data_id, fingerprint(file)) for file, data_id in notes]
    notes[0][0].write_text("N000")
    butler.ingest(known, "note", mode="in-place")
    assert [finding.fault for finding in butler.verify()] == ["sha256"]
    with pytest.raises(ChecksumError, match="4 bytes"):
        butler.ingest([(*notes[0], Fingerprint(5, bytes(32)))], "note", mode="in-place", run="u/me/other")

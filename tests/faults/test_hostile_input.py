"""Names, files and values that nobody should use, through whole operations: kept exactly, or refused and nothing left."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from butler import Butler, DatasetRef, DatasetType
from butler.errors import ButlerError, FormatError, InvalidDataIdError, InvalidRegionError, StorageClassError

MODES = ["copy", "move", "hardlink", "symlink", "in-place"]

TEXTS = [
    "'; DROP TABLE butler_internal.dataset; --",
    "$$; SELECT pg_sleep(10) $$",
    "%s %(x)s {run} :x",
    "../../etc/passwd",
    "/etc/passwd",
    "%2e%2e%2f",
    "a\nb",
    "a\tb\\N",
    "-rf",
    "~root",
    "*?[a]",
    "\u202egnp.exe",
    "é" * 127,
    "🔭" * 50,
    "x" * 255,
    "NaN",
    "NULL",
    "CON.",
]


FILE_NAMES = [
    b"new\nline",
    b"-rf",
    b"~",
    b"'; DROP TABLE x",
    b"%2e%2e",
    b"not \xff utf-8",
    "é".encode() * 127,
    b"x" * 255,
]


@pytest.fixture
def butler(butler: Butler) -> Butler:
    butler.registry.definitions.register_dataset_type(DatasetType("note", "Text", ("label",)))
    butler.registry.definitions.register_dataset_type(DatasetType("blob", "Bytes", ("label",)))
    butler.registry.definitions.register_dataset_type(DatasetType("image", "Exposure", ("label",)))
    butler.registry.definitions.register_dataset_type(DatasetType("stats", "Dict", ("label",)))
    butler.registry.definitions.register_units("label", [{"label": "a"}, {"label": "b"}])
    butler.put("first", "note", label="b")
    return butler


def left(butler: Butler) -> tuple[Any, ...]:
    """Everything that a refused call might have left."""
    counts = butler.registry.query(
        "SELECT (SELECT count(*) FROM dataset), (SELECT count(*) FROM label), (SELECT count(*) FROM collection),"
        " (SELECT count(*) FROM dataset_type)"
    )
    return (tuple(counts[0]), *sorted(butler.datastore.inventory.paths()))


def put_under(butler: Butler, place: str, text: str) -> DatasetRef:
    """Put a note that is named by a text, in one of its names."""
    if place == "label":
        butler.registry.definitions.register_units("label", [{"label": text}])
        ref = butler.put("kept", "note", label=text)
        assert ref.data_id["label"] == text
        assert butler.find("note", label=text) == ref
    elif place == "run":
        ref = butler.put("kept", "note", label="a", run=text)
        assert ref.run == text
        assert butler.find("note", label="a", collections=text) == ref
    else:
        butler.registry.definitions.register_dataset_type(DatasetType(text, "Text", ("label",)))
        ref = butler.put("kept", text, label="a")
    return ref


@pytest.mark.parametrize("place", ["label", "run", "dataset type"])
def test_a_strange_text_is_kept_exactly_or_refused(butler: Butler, tmp_path: Path, place: str) -> None:
    kept = []
    for text in TEXTS:
        before = left(butler)
        try:
            ref = put_under(butler, place, text)
        except ButlerError as error:
            check_refusal(butler, error, before)
        else:
            file = Path(butler.uri(ref).removeprefix("file://"))
            assert file.resolve().is_relative_to(tmp_path / "repo" / "data")
            kept.append(ref)
    assert [butler.get(ref) for ref in kept] == ["kept"] * len(kept)
    assert butler.get("note", label="b") == "first"
    assert list(butler.verify()) == []


def check_refusal(butler: Butler, error: ButlerError, before: tuple[Any, ...]) -> None:
    assert error.hint
    after = left(butler)
    assert after[1:] == before[1:], "no file"
    assert after[0][0] == before[0][0], "no dataset"
    assert after[0][-1] == before[0][-1], "no intent"


@pytest.mark.parametrize("mode", MODES)
def test_a_file_of_any_name_is_ingested_and_read_back(butler: Butler, tmp_path: Path, mode: str) -> None:
    butler.registry.definitions.register_units(
        "label", [{"label": f"l{number}"} for number in range(len(FILE_NAMES))]
    )
    sources = [tmp_path / os.fsdecode(name) for name in FILE_NAMES]
    for source, name in zip(sources, FILE_NAMES, strict=True):
        source.write_bytes(name)
    files = [(source, {"label": f"l{number}"}) for number, source in enumerate(sources)]
    refs = butler.ingest(files, "blob", mode=mode)
    assert [butler.get(ref) for ref in refs] == FILE_NAMES
    assert {source.exists() for source in sources} == {mode != "move"}
    assert list(butler.verify()) == []


@pytest.mark.parametrize("mode", MODES)
def test_an_empty_file_is_a_file(butler: Butler, tmp_path: Path, mode: str) -> None:
    source = tmp_path / "empty"
    source.touch()
    (ref,) = butler.ingest([(source, {"label": "a"})], "blob", mode=mode)
    assert butler.get(ref) == b""
    assert ref.artifacts
    assert ref.artifacts[0].size == 0
    assert list(butler.verify()) == []


@pytest.mark.parametrize("value", [b"", b"\x00" * 10])
def test_nothing_and_nulls_are_put_and_read_back(butler: Butler, value: bytes) -> None:
    assert butler.get(butler.put(value, "blob", label="a")) == value


@pytest.mark.parametrize("mode", MODES)
def test_half_a_fits_file_is_refused_in_any_mode_and_stays(butler: Butler, tmp_path: Path, mode: str) -> None:
    from astropy.io import fits

    whole, half = tmp_path / "whole.fits", tmp_path / "half.fits"
    fits.PrimaryHDU(np.arange(10_000, dtype=np.int16)).writeto(whole)
    content = whole.read_bytes()
    before = left(butler)
    for kept in (0, 100, 2879, 4000):
        half.write_bytes(content[:kept])
        with pytest.raises(FormatError, match=r"half\.fits"):
            butler.ingest([(whole, {"label": "b"}), (half, {"label": "a"})], "image", mode=mode)
        assert left(butler) == before
        assert half.stat().st_size == kept
        assert whole.read_bytes() == content
    assert list(butler.verify()) == []


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_number_that_json_has_not_is_refused_among_others(butler: Butler, value: float) -> None:
    before = left(butler)
    with pytest.raises(StorageClassError):
        butler.put_many([({"x": 1.0}, {"label": "a"}), ({"x": value}, {"label": "b"})], "stats")
    assert left(butler) == before
    assert list(butler.verify()) == []


@pytest.mark.parametrize(
    "region",
    [
        [[math.nan, 0], [1, 0], [1, 1]],
        [[0, 90], [120, 90], [240, 90]],
        [[0, 0], [180, 0], [0, 0]],
        [[0, 91], [1, 91], [1, 92]],
        [[0, 0], [1, 1], [0, 1], [1, 0]],
    ],
    ids=["nan", "pole", "antipodal", "beyond the pole", "crosses itself"],
)
def test_a_region_that_is_none_is_refused_with_the_rows_beside_it(butler: Butler, region: Any) -> None:
    butler.registry.definitions.register_skymap({"skymap": "rings"})
    rows = [{"skymap": "rings", "tract": 1}, {"skymap": "rings", "tract": 2, "region": region}]
    with pytest.raises((InvalidRegionError, InvalidDataIdError)):
        butler.registry.definitions.register_units("tract", rows)
    assert butler.registry.query("SELECT count(*) FROM tract").scalar() == 0

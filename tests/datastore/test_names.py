"""Names of folders and files that libraries and shells stumble over."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import h5py
import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table

from butler.datastore import open_datastore
from butler.datastore.paths import file_uri, local_file
from butler.testing.datastore import assert_same_exposure, example_exposure
from butler.values import IngestMode

HINT = "run/calexp/calexp_1"
PIXELS = np.arange(12.0).reshape(3, 4)

NAMES = [
    "with blanks  and\ttab",
    "a[1:2,1:2].fits",
    "a(out.fits)[col x]",
    "a.fits+1",
    "a,b;c:d|e&f",
    "!overwrite.fits",
    "-leading-dash",
    "~root",
    "$HOME`id`",
    'it\'s "quoted" \\ back',
    "50%",
    "%41%2F%00",
    "a?b#c",
    "mem:x",
    "https:x",
    "new\nline",
    "trailing.",
    "*glob*",
    unicodedata.normalize("NFC", "Müller-Å"),
    unicodedata.normalize("NFD", "Müller-Å"),
    "עברית‮gpj.fits",
    "🔭",
    "x" * 255,
    "ü" * 127,
    b"not-utf8-\xff\xfe".decode(errors="surrogateescape"),
]


def shown(name: str) -> str:
    return ascii(name)[:30]


@pytest.mark.parametrize("name", NAMES, ids=shown)
def test_a_uri_names_its_file_exactly(tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    uri = file_uri(file)
    assert uri.isascii()
    assert not set(uri) & set(' \n\t"<>\\^`{|}')
    assert local_file(uri) == file


@pytest.mark.parametrize("name", NAMES, ids=shown)
def test_under_a_folder_of_any_name_what_is_put_is_read(tmp_path: Path, name: str) -> None:
    config = {
        "formatters": {"Image": "hdf5", "Dict": "yaml"},
        "compression": {"calexp": "tiles", "packed": "zstd"},
    }
    datastore = open_datastore({"root": name, **config}, tmp_path)
    exposure = example_exposure()
    table = Table({"x": [1, 2]})
    for dataset_type in ("calexp", "packed", "plain"):
        (artifact,) = datastore.put(exposure, uuid4(), HINT, "Exposure", dataset_type, {})
        assert local_file(datastore.uri(artifact)) == tmp_path / name / artifact.path
        assert_same_exposure(datastore.get((artifact,), "Exposure"), exposure)
        cut = datastore.get((artifact,), "Exposure", "image", {"bbox": (1, 2, 3, 4)})
        np.testing.assert_array_equal(cut, exposure.data[2:6, 1:4])
    for obj, storage_class in ((PIXELS, "Image"), (table, "Table"), ({"a": 1}, "Dict"), ("text", "Text")):
        artifacts = datastore.put(obj, uuid4(), HINT, storage_class, "other", {})
        assert np.all(datastore.get(artifacts, storage_class) == obj)
    assert len(list(datastore.inventory.paths())) == 7


def write_fits(file: Path) -> None:
    with file.open("wb") as stream:
        fits.PrimaryHDU(PIXELS).writeto(stream)


def write_hdf5(file: Path) -> None:
    with file.open("wb") as stream, h5py.File(stream, "w") as hdf5:
        hdf5["pixels"] = PIXELS


@pytest.mark.parametrize("write", [write_fits, write_hdf5])
@pytest.mark.parametrize("name", NAMES, ids=shown)
def test_a_file_of_any_name_is_ingested_in_every_mode(
    tmp_path: Path, name: str, write: Callable[[Path], None]
) -> None:
    datastore = open_datastore({"root": "data [1], x%20"}, tmp_path)
    for mode in IngestMode:
        file = tmp_path / name
        write(file)
        (artifact,) = artifacts = datastore.intake.ingest(file, uuid4(), HINT, "Image", "raw", mode)
        np.testing.assert_array_equal(datastore.get(artifacts, "Image"), PIXELS)
        assert datastore.get(artifacts, "Image", "bbox") == (0, 0, 4, 3)
        if mode == IngestMode.IN_PLACE:
            assert local_file(datastore.uri(artifact)) == file
        assert local_file(datastore.uri(artifact)).is_file()
        if mode == IngestMode.MOVE:
            datastore.intake.finish_move(file, artifacts)
            assert not file.exists()
        elif mode == IngestMode.HARDLINK:
            file.unlink()  # else the next file would be written into the linked one
        assert datastore.check(artifact) is None


@pytest.mark.parametrize(
    ("extension", "write"), [("ecsv", "ascii.ecsv"), ("parquet", "parquet"), ("fits", "fits")]
)
@pytest.mark.parametrize("name", [name for name in NAMES if len(name) < 100], ids=shown)
def test_a_table_of_any_name_is_ingested(tmp_path: Path, name: str, extension: str, write: str) -> None:
    table: Any = Table({"x": [1, 2]})
    plain = tmp_path / f"plain.{extension}"
    table.write(plain, format=write)
    file = plain.rename(tmp_path / name)
    datastore = open_datastore({}, tmp_path)
    artifacts = datastore.intake.ingest(file, uuid4(), HINT, "Table", "source", IngestMode.IN_PLACE)
    assert list(datastore.get(artifacts, "Table", parameters={"rows": (1, 2)})["x"]) == [2]


def test_names_that_look_alike_are_two_files(tmp_path: Path) -> None:
    datastore = open_datastore({}, tmp_path)
    twins = [unicodedata.normalize(form, "Å.txt") for form in ("NFC", "NFD")]
    for name in twins:
        (tmp_path / name).write_text(ascii(name))
    artifacts = [
        datastore.intake.ingest(tmp_path / name, uuid4(), HINT, "Text", "log", IngestMode.IN_PLACE)
        for name in twins
    ]
    assert [datastore.get(each, "Text") for each in artifacts] == [ascii(name) for name in twins]
    assert len({each[0].path for each in artifacts}) == 2


def test_a_step_up_from_a_link_is_one_from_where_it_leads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "night" / "raw").mkdir(parents=True)
    (tmp_path / "links").mkdir()
    (tmp_path / "links" / "raw").symlink_to(tmp_path / "night" / "raw")
    (tmp_path / "night" / "shot.fits").write_bytes(b"")
    meant = (tmp_path / "night" / "shot.fits").as_uri()
    assert file_uri(tmp_path / "links" / "raw" / ".." / "shot.fits") == meant
    monkeypatch.chdir(tmp_path / "links")
    assert file_uri("raw/../shot.fits") == meant
    assert file_uri(Path("raw/shot.fits")) == (tmp_path / "links" / "raw" / "shot.fits").as_uri()

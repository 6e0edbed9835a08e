"""Files that are compressed, under names that may lie."""

from __future__ import annotations

import bz2
import gzip
import lzma
import random
import warnings
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pyarrow as pa
import pytest
from astropy.io import fits
from astropy.nddata import CCDData, StdDevUncertainty
from astropy.table import Table
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from butler.datastore import Datastore, identify, open_datastore
from butler.datastore.paths import id_in_name
from butler.errors import ChecksumError, ConfigError, FormatError
from butler.testing.datastore import (
    DatastoreTests,
    FileIntakeTests,
    InventoryTests,
    assert_same_exposure,
    example_exposure,
)
from butler.values import Artifact, IngestMode
from datastore.reading import counted_bytes

HINT = "run/calexp/calexp_1"


def put(datastore: Datastore, obj: Any, storage_class: str = "Exposure", **identity: Any) -> Artifact:
    (artifact,) = datastore.put(obj, uuid4(), HINT, storage_class, "calexp", identity)
    return artifact


def zstd(content: bytes) -> bytes:
    return bytes(pa.Codec("zstd").compress(content, asbytes=True))


def pixels(size: int = 1024) -> np.ndarray:
    return np.random.default_rng(1).normal(1000, 30, (size, size)).astype(np.float32)


class TestDatastoreOfFilesPackedByGzip(DatastoreTests, FileIntakeTests, InventoryTests):
    def open(self, folder: Path, *, disassemble: tuple[str, ...] = ()) -> Datastore:
        compression = dict.fromkeys(("Exposure", "Image", "Uncertainty", "Wcs", "Header"), "gzip")
        return open_datastore({"compression": compression, "disassemble": disassemble}, folder)


class TestDatastoreOfTiledImages(DatastoreTests, FileIntakeTests, InventoryTests):
    def open(self, folder: Path, *, disassemble: tuple[str, ...] = ()) -> Datastore:
        compression = dict.fromkeys(("Exposure", "Image", "Uncertainty"), "tiles") | {"Header": "zstd"}
        return open_datastore({"compression": compression, "disassemble": disassemble}, folder)


# Writing, by configuration ---------------------------------------------------


@pytest.mark.parametrize(
    ("compression", "extension", "begins"),
    [
        ("none", ".fits", b"SIMPLE  ="),
        ("gzip", ".fits.gz", b"\x1f\x8b"),
        ("zstd", ".fits.zst", b"\x28\xb5\x2f\xfd"),
        ("bzip2", ".fits.bz2", b"BZh"),
        ("xz", ".fits.xz", b"\xfd7zXZ\0"),
        ("tiles", ".fits.fz", b"SIMPLE  ="),
    ],
)
def test_how_a_storage_class_is_compressed_is_configured_and_needs_no_word_to_read(
    tmp_path: Path, identity: dict[str, Any], compression: str, extension: str, begins: bytes
) -> None:
    datastore = open_datastore({"root": ".", "compression": {"Exposure": compression}}, tmp_path)
    exposure = example_exposure()
    artifact = put(datastore, exposure, **identity)
    assert artifact.path.endswith(extension)
    assert (tmp_path / artifact.path).read_bytes().startswith(begins)
    unaware = open_datastore({"root": "."}, tmp_path)
    id = id_in_name(Path(artifact.path))
    assert id is not None
    assert artifact.path in unaware.inventory.expected_paths(id, HINT, "Exposure", "calexp")
    assert_same_exposure(unaware.get((artifact,), "Exposure"), exposure)
    assert unaware.get((artifact,), "Exposure", "metadata")["OBSERVER"] == "Hypatia"
    np.testing.assert_array_equal(
        unaware.get((artifact,), "Exposure", "image", {"bbox": (3, 4, 5, 6)}), exposure.data[4:10, 3:8]
    )
    assert identify(tmp_path / artifact.path) == identity


@pytest.mark.parametrize("compression", ["gzip", "zstd", "tiles"])
def test_an_exposure_of_noise_and_masks_becomes_smaller(tmp_path: Path, compression: str) -> None:
    array = pixels(512)
    exposure = CCDData(
        array, unit="adu", mask=array > 1100, uncertainty=StdDevUncertainty(np.sqrt(array).round())
    )
    plain = put(open_datastore({}, tmp_path), exposure)
    compressed = open_datastore({"compression": {"calexp": compression, "Exposure": "none"}}, tmp_path)
    artifact = put(compressed, exposure)
    assert artifact.size < 0.75 * plain.size
    assert_same_exposure(compressed.get((artifact,), "Exposure"), exposure)


@settings(max_examples=60, deadline=None)
@given(
    arrays.arrays(
        st.sampled_from(["b1", "i1", "<i2", ">i2", "i4", "i8", "u1", "u2", "u4", "u8", "f4", "f8", ">f8"]),
        arrays.array_shapes(min_dims=1, max_dims=3, min_side=0, max_side=5),
    )
)
def test_tiles_lose_no_bit(array: np.ndarray) -> None:
    datastore = open_datastore({"type": "memory", "compression": {"Image": "tiles"}}, Path())
    found = datastore.get((put(datastore, array, "Image"),), "Image")
    assert found.dtype == array.dtype.newbyteorder("=")
    assert found.tobytes() == array.astype(found.dtype).tobytes()


def test_the_same_object_is_packed_into_the_same_bytes(tmp_path: Path) -> None:
    for compression in ("gzip", "zstd"):
        datastore = open_datastore({"compression": {"Header": compression}}, tmp_path)
        one, other = (put(datastore, fits.Header({"A": 1}), "Header") for _ in range(2))
        assert one.sha256 == other.sha256


def test_tables_and_headers_are_packed_too(tmp_path: Path) -> None:
    config = {"formatters": {"Table": "fits-table"}, "compression": {"Table": "gzip"}}
    datastore = open_datastore(config, tmp_path)
    artifact = put(datastore, Table({"x": [1, 2, 3]}), "Table")
    assert artifact.path.endswith(".fits.gz")
    assert list(datastore.get((artifact,), "Table", parameters={"rows": (1, 3)})["x"]) == [2, 3]


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (
            {"compression": {"Exposure": "gzipp"}},
            r"compression\.Exposure: .*'fits-exposure'.*'gzipp'\s+.*'gzip'",
        ),
        ({"compression": {"Wcs": "tiles"}}, r"compression\.Wcs: the formatter 'fits-wcs' doesn't"),
        ({"compression": {"Dict": "gzip"}}, r"compression\.Dict: the formatter 'json' doesn't"),
        ({"compression": {"calexp": "rar"}}, r"compression\.calexp: no formatter compresses by 'rar'"),
        ({"compression": {"t": "tiles"}, "formatters": {"t": "ecsv"}}, r"compression\.t: .*'ecsv'"),
        ({"compression": "gzip"}, r"main\.compression: is 'gzip', not a table"),
        ({"compression": {"Exposure": 9}}, r"main\.compression\.Exposure: is 9: expected `str`"),
    ],
)
def test_a_compression_that_a_format_has_not_is_refused_when_a_datastore_is_opened(
    tmp_path: Path, config: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        open_datastore(config, tmp_path)


def test_a_compression_that_the_format_of_a_dataset_has_not_is_refused_before_anything_is_written(
    tmp_path: Path,
) -> None:
    datastore = open_datastore({"compression": {"calexp": "tiles"}}, tmp_path)
    with pytest.raises(ConfigError, match="'json' can't compress by 'tiles'"):
        put(datastore, {"a": 1}, "Dict")
    assert list(datastore.inventory.paths()) == []


# Reading no more than is needed ------------------------------------------------


def test_of_a_tiled_image_the_tiles_of_a_section_are_read_and_no_others(tmp_path: Path) -> None:
    datastore = open_datastore({"compression": {"Image": "tiles"}}, tmp_path)
    array = pixels()
    artifact = put(datastore, array, "Image")
    datastore.get((artifact,), "Image", parameters={"bbox": (300, 500, 50, 50)})
    with counted_bytes() as read:
        section = datastore.get((artifact,), "Image", parameters={"bbox": (300, 500, 50, 50)})
        assert 0 < read() < 0.1 * artifact.size
    np.testing.assert_array_equal(section, array[500:550, 300:350])
    with counted_bytes() as read:
        assert datastore.get((artifact,), "Image", "bbox") == (0, 0, 1024, 1024)
        assert read() < 0.02 * artifact.size


# Names that lie ----------------------------------------------------------------


@pytest.mark.parametrize("name", ["a.fits", "a.fits.gz", "a.fits.fz", "a.txt", "a"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress, lzma.compress, zstd])
def test_a_file_is_what_its_bytes_say_whatever_its_name(
    tmp_path: Path, name: str, pack: Callable[[bytes], bytes]
) -> None:
    plain = tmp_path / "plain"
    fits.HDUList([fits.PrimaryHDU(), fits.ImageHDU(np.arange(12.0).reshape(3, 4))]).writeto(plain)
    file = tmp_path / name
    file.write_bytes(pack(plain.read_bytes()))
    datastore = open_datastore({}, tmp_path)
    for mode in (IngestMode.COPY, IngestMode.IN_PLACE):
        artifacts = datastore.intake.ingest(file, uuid4(), HINT, "Image", "raw", mode)
        np.testing.assert_array_equal(datastore.get(artifacts, "Image"), np.arange(12.0).reshape(3, 4))
        assert datastore.get(artifacts, "Image", "bbox") == (0, 0, 4, 3)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "it is empty"),
        (b"SIMPLE  =", "it is cut short"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "it is a PNG picture"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", "it is a JPEG picture"),
        (b"\n<!DOCTYPE html><html>404</html>", "it is an HTML page"),
        (b"<?xml version='1.0'?><VOTABLE/>", "it is XML"),
        (b"PK\x03\x04" + bytes(100), "it is a ZIP archive"),
        (b"\x80\x04\x95\x10", "it is a pickle"),
        (b"%PDF-1.7", "it is a PDF document"),
        (bytes(28_800), "it is nothing but zeros"),
        (b"anything else", "it is of a format that nobody here knows"),
        (gzip.compress(b"<html>not found</html>", mtime=0), "it is an HTML page"),
        (zstd(b"\x89PNG\r\n\x1a\n"), "it is a PNG picture"),
    ],
)
def test_what_is_not_fits_is_refused_by_what_it_is(tmp_path: Path, content: bytes, what: str) -> None:
    file = tmp_path / "raw.fits"
    file.write_bytes(content)
    datastore = open_datastore({}, tmp_path)
    for storage_class in ("Exposure", "Image", "Wcs", "Header"):
        with pytest.raises(FormatError, match=f"raw.fits.* can't be read as FITS: {what}"):
            datastore.intake.ingest(file, uuid4(), HINT, storage_class, "raw", IngestMode.COPY)
    assert list(datastore.inventory.paths()) == []


def test_what_is_read_is_found_by_content_then_by_name(tmp_path: Path) -> None:
    datastore = open_datastore({}, tmp_path)
    for name, content in (("a.json", b"a: 1\n"), ("a.yaml", b'{"a": 1}'), ("a.yaml", b"a: 1\n")):
        (tmp_path / name).write_bytes(content)
    (by_name,) = datastore.intake.ingest(
        tmp_path / "a.yaml", uuid4(), HINT, "Dict", "config", IngestMode.COPY
    )
    assert by_name.formatter == "yaml"
    Table({"x": [1]}).write(tmp_path / "table.dat", format="ascii.ecsv")
    (by_content,) = datastore.intake.ingest(
        tmp_path / "table.dat", uuid4(), HINT, "Table", "source", IngestMode.COPY
    )
    assert (by_content.formatter, by_content.path.rpartition(".")[2]) == ("ecsv", "ecsv")
    assert list(datastore.get((by_content,), "Table")["x"]) == [1]


# Bombs and damage ---------------------------------------------------------------


def endless(header: bytes, size: int) -> bytes:
    packer = zlib.compressobj(9, wbits=31)
    return packer.compress(header + bytes(size)) + packer.flush()


def test_what_unpacks_beyond_what_its_headers_say_is_refused_before_it_fills_the_disk(tmp_path: Path) -> None:
    plain, bomb = tmp_path / "plain", tmp_path / "bomb.fits"
    fits.PrimaryHDU(np.zeros((10, 10))).writeto(plain)
    bomb.write_bytes(endless(plain.read_bytes(), 300_000_000))
    assert bomb.stat().st_size < 400_000
    datastore = open_datastore({}, tmp_path)
    with counted_bytes() as read, pytest.raises(FormatError, match="goes on after its last HDU"):
        datastore.intake.ingest(bomb, uuid4(), HINT, "Image", "raw", IngestMode.COPY)
    assert read() < 100_000


def tiled_bomb(file: Path) -> None:
    """Say that a few tiles hold a thousand times as many pixels."""
    hdu = fits.CompImageHDU(np.zeros((64, 64), np.int16), compression_type="RICE_1")
    fits.HDUList([fits.PrimaryHDU(), hdu]).writeto(file)
    content = file.read_bytes()
    for axis in (1, 2):
        card = f"ZNAXIS{axis} =                   64".encode()
        assert card in content
        content = content.replace(card, f"ZNAXIS{axis} =                60000".encode())
    file.write_bytes(content)


def test_tiles_that_promise_more_than_they_can_hold_are_refused_before_memory_is_taken(
    tmp_path: Path,
) -> None:
    tiled_bomb(tmp_path / "bomb.fits")
    datastore = open_datastore({}, tmp_path)
    artifacts = datastore.intake.ingest(
        tmp_path / "bomb.fits", uuid4(), HINT, "Image", "raw", IngestMode.COPY
    )
    for parameters in ({}, {"bbox": (0, 0, 50_000, 50_000)}):
        with pytest.raises(FormatError, match=r"would unpack from \d+ to 7200000000 bytes"):
            datastore.get(artifacts, "Image", parameters=parameters)


@pytest.mark.parametrize("compression", ["gzip", "zstd", "bzip2", "xz", "tiles"])
def test_a_compressed_file_cut_short_is_refused(tmp_path: Path, compression: str) -> None:
    datastore = open_datastore({"root": ".", "compression": {"Image": compression}}, tmp_path)
    artifact = put(datastore, pixels(100), "Image")
    content = (tmp_path / artifact.path).read_bytes()
    for keep in (3, 20, 100, len(content) // 2, len(content) - 20):
        file = tmp_path / f"short-{keep}.fits"
        file.write_bytes(content[:keep])
        if compression == "tiles" and keep == len(content) - 20:
            continue  # the padding of the last block
        with pytest.raises(FormatError, match=file.name):
            datastore.intake.ingest(file, uuid4(), HINT, "Image", "raw", IngestMode.COPY)


@pytest.mark.parametrize("place", range(118, 126))
def test_a_bit_that_unpacks_to_a_file_without_its_checksum_s_keyword_is_noticed(
    tmp_path: Path, place: int
) -> None:
    datastore = open_datastore({"root": ".", "compression": {"Exposure": "zstd"}}, tmp_path)
    artifact = put(datastore, example_exposure(), id="3", run="run", data_id={"visit": 1})
    content = (tmp_path / artifact.path).read_bytes()
    for bit in range(8):
        flipped = bytearray(content)
        flipped[place] ^= 1 << bit
        (tmp_path / artifact.path).write_bytes(flipped)
        with pytest.raises(ChecksumError):
            datastore.get((artifact,), "Exposure")


@pytest.mark.parametrize("compression", ["gzip", "zstd", "tiles"])
def test_a_flipped_bit_of_a_compressed_file_is_never_read_as_something_else(
    tmp_path: Path, compression: str
) -> None:
    datastore = open_datastore({"root": ".", "compression": {"Exposure": compression}}, tmp_path)
    exposure = example_exposure()
    artifact = put(datastore, exposure, id="1", run="run", data_id={"visit": 1})
    content = (tmp_path / artifact.path).read_bytes()
    chance = random.Random(20151202)
    noticed = 0
    for _ in range(100):
        flipped = bytearray(content)
        flipped[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
        (tmp_path / artifact.path).write_bytes(flipped)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                found = datastore.get((artifact,), "Exposure")
            except (ChecksumError, FormatError):
                noticed += 1
            else:
                assert_same_exposure(found, exposure)
    assert noticed > (90 if compression == "tiles" else 99)

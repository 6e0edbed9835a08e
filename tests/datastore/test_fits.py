"""FITS images and exposures: ours, other people's, and broken ones."""

from __future__ import annotations

import gzip
import random
import warnings
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pytest
from astropy import units as u
from astropy.io import fits
from astropy.nddata import CCDData, InverseVariance, UnknownUncertainty, VarianceUncertainty
from astropy.wcs import WCS, DistortionLookupTable, Sip
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from butler.datastore import Datastore, open_datastore
from butler.datastore.fingerprint import fingerprint
from butler.datastore.formatters import packing
from butler.datastore.formatters.fits.file import check_fits, open_fits
from butler.datastore.physical_units import parse_unit
from butler.errors import ArtifactMissingError, ChecksumError, FormatError, StorageClassError
from butler.testing.datastore import assert_same_exposure, example_exposure
from butler.values import Artifact, IngestMode
from datastore.reading import counted_bytes

HINT = "run/calexp/calexp_1"

LATISS_RAW = "latiss/raw/2018-09-20/3018092000065-det000.fits"
LATISS_BIAS = "latiss/CALIB/bias/2018-09-21/bias-det000_2018-09-21.fits"
DECAM = "decam-images-a/testcase3/images/decam/CP/V4.8.2a/CP20140818/c4d_140818_232043_ooi_z_ls9.N12.fits"
HST_RAW = "hst-raw-1/j8bt05njq_raw.fits"
SAAO = "saao-ccd/a8280271.fits"


def put(
    datastore: Datastore, obj: Any, storage_class: str = "Exposure", **identity: Any
) -> tuple[Artifact, ...]:
    return datastore.put(obj, uuid4(), HINT, storage_class, "calexp", identity)


def in_place(datastore: Datastore, file: Path, storage_class: str = "Exposure") -> tuple[Artifact, ...]:
    return datastore.intake.ingest(file, uuid4(), HINT, storage_class, "raw", IngestMode.IN_PLACE)


# Round trips ---------------------------------------------------------------


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    arrays.arrays(
        st.sampled_from(["b1", "i1", "<i2", ">i2", "i4", "i8", "u1", "u2", "u4", "u8", "f4", "f8", ">f8"]),
        arrays.array_shapes(min_dims=1, max_dims=3, min_side=0, max_side=5),
    )
)
def test_an_image_comes_back_equal(array: np.ndarray) -> None:
    datastore = open_datastore({"type": "memory"}, Path())
    found = datastore.get(put(datastore, array, "Image"), "Image")
    np.testing.assert_array_equal(found, array)
    assert found.dtype == array.dtype.newbyteorder("=")
    assert found.flags.writeable


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 3),
    st.integers(0, 4),
    st.integers(1, 5),
    st.integers(1, 4),
    st.sampled_from(["b1", "i1", "u2", "f4"]),
)
def test_a_section_equals_the_slice_of_the_whole(x: int, y: int, width: int, height: int, dtype: str) -> None:
    array = np.arange(72).reshape(8, 9).astype(dtype)
    datastore = open_datastore({"type": "memory"}, Path())
    found = datastore.get(put(datastore, array, "Image"), "Image", parameters={"bbox": (x, y, width, height)})
    np.testing.assert_array_equal(found, array[y : y + height, x : x + width])
    assert found.dtype == array.dtype


def test_a_section_of_a_cube_is_cut_from_each_plane(datastore: Datastore) -> None:
    cube = np.arange(60.0).reshape(3, 4, 5)
    found = datastore.get(put(datastore, cube, "Image"), "Image", parameters={"bbox": (1, 2, 3, 1)})
    np.testing.assert_array_equal(found, cube[:, 2:3, 1:4])


@pytest.mark.parametrize(
    "array",
    [
        np.zeros(3, dtype=complex),
        np.zeros(3, dtype=np.float16),
        np.array(["text"]),
        np.array([None]),
        np.array(1.0),
        np.zeros(3, dtype="datetime64[s]"),
        np.ma.masked_array([1, 2], mask=[True, False]),
        [1, 2] * u.m,
    ],
    ids=str,
)
def test_an_array_that_fits_cannot_hold_is_refused(datastore: Datastore, array: np.ndarray) -> None:
    with pytest.raises(StorageClassError):
        put(datastore, array, "Image")
    assert list(datastore.inventory.paths()) == []


@pytest.mark.parametrize("kind", [VarianceUncertainty, InverseVariance, UnknownUncertainty])
def test_every_kind_of_uncertainty_comes_back(tmp_path: Path, kind: type) -> None:
    exposure = CCDData(np.ones((2, 3)), unit="adu", uncertainty=kind(np.full((2, 3), 0.5)))
    for layout in ([], ["Exposure"]):
        datastore = open_datastore({"type": "memory", "disassemble": layout}, tmp_path)
        assert_same_exposure(datastore.get(put(datastore, exposure), "Exposure"), exposure)


@settings(max_examples=30, deadline=None)
@given(
    st.dictionaries(
        st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", max_size=20).map("K{}".format),
        st.booleans()
        | st.integers(-(2**63), 2**63)
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=200).map(str.rstrip),
        max_size=8,
    )
)
def test_metadata_come_back_equal(metadata: dict[str, Any]) -> None:
    datastore = open_datastore({"type": "memory"}, Path())
    exposure = CCDData(np.zeros((2, 2)), unit="", meta=metadata)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = datastore.get(put(datastore, exposure, id="1", run="r"), "Exposure").meta
    assert dict(found) == metadata


@pytest.mark.parametrize("value", [{"a": 1}, [1, 2], float("nan"), "ünïcode", object, "new\nline"], ids=str)
def test_metadata_that_fits_cannot_hold_are_refused_by_name(datastore: Datastore, value: object) -> None:
    with pytest.raises(StorageClassError, match="OBSERVER"):
        put(datastore, CCDData(np.zeros((2, 2)), unit="adu", meta={"OBSERVER": value}))
    assert list(datastore.inventory.paths()) == []


def test_a_header_keeps_comments_history_and_order(datastore: Datastore) -> None:
    header = fits.Header()
    header["ZULU"] = (1, "first")
    header["COMMENT"] = "a comment"
    header["ALPHA"] = (2.5, "second")
    header["HISTORY"] = "once"
    header["HISTORY"] = "again"
    found = datastore.get(put(datastore, header, "Header", id="1"), "Header")
    assert [tuple(card) for card in found.cards] == [tuple(card) for card in header.cards]


def test_the_identity_is_in_the_file_and_not_in_the_object(
    datastore: Datastore, tmp_path: Path, identity: dict[str, Any]
) -> None:
    (artifact,) = artifacts = put(datastore, example_exposure(), **identity)
    with fits.open(tmp_path / "repo/data" / artifact.path, checksum=True) as hdus:
        assert hdus[0].header["BTLRID"] == identity["id"]
        assert hdus[0].header["BTLRTYPE"] == "calexp"
        assert list(hdus["BTLRINPUTS"].data["id"]) == identity["inputs"]
        assert all(hdu.verify_checksum() == 1 and hdu.verify_datasum() == 1 for hdu in hdus)
    assert not [key for key in datastore.get(artifacts, "Exposure").meta if key.startswith("BTLR")]


def test_an_exposure_with_a_psf_is_refused_rather_than_stored_without(datastore: Datastore) -> None:
    exposure = example_exposure()
    exposure.psf = np.ones((3, 3))
    with pytest.raises(StorageClassError, match="psf"):
        put(datastore, exposure)


# World coordinates ---------------------------------------------------------


def curved_wcs() -> WCS:
    wcs = example_exposure().wcs
    wcs.wcs.ctype = ["RA---TAN-SIP", "DEC--TAN-SIP"]
    order = np.zeros((3, 3))
    order[2, 0], order[0, 2] = 1e-3, 2e-3
    wcs.sip = Sip(order, order.T, None, None, wcs.wcs.crpix)
    return wcs


def tabulated_wcs() -> WCS:
    wcs = example_exposure().wcs
    ramp = np.linspace(0, 0.5, 20, dtype=np.float32).reshape(4, 5)
    wcs.cpdis1 = DistortionLookupTable(ramp, (1.0, 1.0), (1.0, 1.0), (10.0, 10.0))
    wcs.cpdis2 = DistortionLookupTable(ramp, (1.0, 1.0), (1.0, 1.0), (10.0, 10.0))
    return wcs


@pytest.mark.parametrize("make", [curved_wcs, tabulated_wcs])
@pytest.mark.parametrize("layout", [[], ["Exposure"]])
def test_distortions_survive_whole_and_cut(
    tmp_path: Path, make: Callable[[], WCS], layout: list[str]
) -> None:
    datastore = open_datastore({"disassemble": layout}, tmp_path)
    exposure = example_exposure()
    exposure.wcs = make()
    artifacts = put(datastore, exposure)
    x, y = np.array([12.0, 20.0]), np.array([11.0, 13.5])
    expected = exposure.wcs.all_pix2world(x, y, 0)
    assert np.abs(np.subtract(expected, exposure.wcs.wcs_pix2world(x, y, 0))).max() > 1e-8
    for wcs in (datastore.get(artifacts, "Exposure", "wcs"), datastore.get(artifacts, "Exposure").wcs):
        np.testing.assert_allclose(wcs.all_pix2world(x, y, 0), expected, rtol=1e-13)
    cut = datastore.get(artifacts, "Exposure", parameters={"bbox": (10, 11, 15, 8)})
    np.testing.assert_allclose(cut.wcs.all_pix2world(x - 10, y - 11, 0), expected, rtol=1e-13)


def test_a_wcs_alone_remembers_how_large_its_image_is(datastore: Datastore) -> None:
    wcs = example_exposure().wcs
    wcs.pixel_shape = (40, 30)
    found = datastore.get(put(datastore, wcs, "Wcs"), "Wcs")
    np.testing.assert_allclose(found.calc_footprint(), wcs.calc_footprint(), rtol=1e-13)


# Files that others wrote ---------------------------------------------------


def test_an_hst_exposure_has_pixels_errors_mask_and_wcs(datastore: Datastore, hubble: Path) -> None:
    exposure = datastore.get(in_place(datastore, hubble), "Exposure")
    with fits.open(hubble) as hdus:
        np.testing.assert_array_equal(exposure.data, hdus["SCI"].data)
        np.testing.assert_array_equal(exposure.uncertainty.array, hdus["ERR"].data)
        np.testing.assert_array_equal(exposure.flags, hdus["DQ"].data)
        np.testing.assert_array_equal(exposure.mask, hdus["DQ"].data != 0)
        expected = WCS(hdus["SCI"].header, hdus).pixel_to_world_values(10, 20)
    np.testing.assert_allclose(exposure.wcs.pixel_to_world_values(10, 20), expected)
    assert exposure.unit == exposure.uncertainty.unit == u.electron
    assert exposure.meta["EXPTIME"] == 60.0
    assert "CRVAL1" not in exposure.meta


def test_a_raw_hst_exposure_has_empty_planes(datastore: Datastore, real: Callable[[str], Path]) -> None:
    exposure = datastore.get(in_place(datastore, real(HST_RAW)), "Exposure")
    assert exposure.data.dtype == np.uint16
    assert exposure.unit == u.count
    assert exposure.wcs.has_celestial
    assert exposure.uncertainty is exposure.mask is exposure.flags is None


def test_a_decam_header_is_merged_from_primary_and_extension(
    datastore: Datastore, real: Callable[[str], Path]
) -> None:
    file = real(DECAM)
    metadata = datastore.get(in_place(datastore, file), "Exposure", "metadata")
    with fits.open(file) as hdus:
        assert metadata["EXPTIME"] == hdus[0].header["EXPTIME"]
        assert metadata["CCDNUM"] == hdus[1].header["CCDNUM"]
        expected = WCS(hdus[1].header).pixel_to_world_values(10, 20)
    wcs = datastore.get(in_place(datastore, file), "Exposure", "wcs")
    np.testing.assert_allclose(wcs.pixel_to_world_values(10, 20), expected)


def test_pixels_may_lie_in_the_primary_hdu(datastore: Datastore, real: Callable[[str], Path]) -> None:
    exposure = datastore.get(in_place(datastore, real(SAAO)), "Exposure")
    assert exposure.shape == (520, 536)
    assert exposure.wcs is None


@pytest.mark.parametrize(("name", "shape"), [(LATISS_RAW, (2048, 576)), (LATISS_BIAS, (4000, 4072))])
def test_compressed_images_are_read(
    datastore: Datastore, real: Callable[[str], Path], name: str, shape: tuple[int, int]
) -> None:
    artifacts = in_place(datastore, real(name))
    assert datastore.get(artifacts, "Exposure", "bbox") == (0, 0, shape[1], shape[0])
    whole = datastore.get(artifacts, "Exposure", "image")
    assert whole.shape == shape
    cut = datastore.get(artifacts, "Exposure", "image", {"bbox": (100, 200, 30, 20)})
    np.testing.assert_array_equal(cut, whole[200:220, 100:130])


@pytest.mark.parametrize("name", [HST_RAW, DECAM, SAAO, LATISS_RAW])
def test_what_was_read_from_others_is_stored_and_comes_back(
    datastore: Datastore, real: Callable[[str], Path], name: str
) -> None:
    exposure = datastore.get(in_place(datastore, real(name)), "Exposure")
    assert_same_exposure(datastore.get(put(datastore, exposure), "Exposure"), exposure)


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("ELECTRONS", u.electron),
        ("ELECTRONS/S", u.electron / u.s),
        ("COUNTS", u.count),
        ("DN", u.DN),
        ("ADU", u.adu),
        ("adu", u.adu),
        ("mJy", u.mJy),
        ("UNITLESS", u.dimensionless_unscaled),
        ("", u.dimensionless_unscaled),
        (None, u.dimensionless_unscaled),
    ],
)
def test_a_telescopes_spelling_of_a_unit_is_understood(text: str | None, unit: u.UnitBase) -> None:
    assert parse_unit(text) == unit


def test_an_unknown_unit_is_kept(datastore: Datastore, tmp_path: Path) -> None:
    file = tmp_path / "odd.fits"
    fits.ImageHDU(np.ones((2, 2)), fits.Header({"BUNIT": "furlongs per bushel!"})).writeto(file)
    exposure = datastore.get(in_place(datastore, file), "Exposure")
    assert exposure.unit.to_string() == "furlongs per bushel!"
    assert datastore.get(put(datastore, exposure), "Exposure").unit.to_string() == "furlongs per bushel!"


def test_a_wcs_that_cannot_be_understood_does_not_hide_the_pixels(
    datastore: Datastore, tmp_path: Path
) -> None:
    file = tmp_path / "odd.fits"
    fits.PrimaryHDU(np.ones((2, 2)), fits.Header({"CTYPE1": "RA---TAN", "CTYPE2": "DEC--SIN"})).writeto(file)
    with pytest.warns(UserWarning, match="WCS"):
        exposure = datastore.get(in_place(datastore, file), "Exposure")
    assert exposure.wcs is None
    assert exposure.shape == (2, 2)


# Reading no more than is needed --------------------------------------------


@pytest.mark.parametrize(
    ("component", "parameters", "share"),
    [
        ("wcs", {}, 0.03),
        ("metadata", {}, 0.03),
        ("bbox", {}, 0.03),
        ("unit", {}, 0.03),
        ("mask", {}, 0.25),
        ("image", {"bbox": (100, 200, 50, 50)}, 0.05),
        (None, {"bbox": (100, 200, 50, 50)}, 0.2),
    ],
)
def test_a_part_of_a_file_is_read_without_the_rest(
    datastore: Datastore, hubble: Path, component: str | None, parameters: dict[str, Any], share: float
) -> None:
    artifacts = in_place(datastore, hubble)
    datastore.get(artifacts, "Exposure", component, parameters)
    with counted_bytes() as read:
        datastore.get(artifacts, "Exposure", component, parameters)
        assert 0 < read() < share * artifacts[0].size


@pytest.mark.parametrize(
    "bbox",
    [
        *((-1, 0, 5, 5), (0, 0, 41, 5), (0, 26, 5, 5), (0, 0, 0, 5), (0, 0, 5, -1), (2**70, 0, 1, 1)),
        *((0, 0, 5), "abcd", None, (0.5, 0, 1, 1), 3, {"x": 1}),
    ],
)
def test_a_box_that_is_none_or_not_inside_is_refused(tmp_path: Path, bbox: object) -> None:
    for layout in ([], ["Exposure"]):
        datastore = open_datastore({"type": "memory", "disassemble": layout}, tmp_path)
        artifacts = put(datastore, example_exposure())
        with pytest.raises(StorageClassError, match="bbox"):
            datastore.get(artifacts, "Exposure", parameters={"bbox": bbox})


# Broken files --------------------------------------------------------------


def refused(datastore: Datastore, file: Path, storage_class: str = "Exposure") -> None:
    with pytest.raises(FormatError, match=file.name) as error:
        in_place(datastore, file, storage_class)
    assert error.value.hint
    recorded = Artifact("main", file.as_uri(), f"fits-{storage_class.lower()}", *fingerprint(file))
    with pytest.raises(FormatError, match=file.name):
        datastore.get((recorded,), storage_class)


@pytest.mark.parametrize("keep", [0, 1, 80, 2879, 2880, 20_000, 30_000, 4_223_103, 5_000_000, 10_529_791])
def test_a_file_cut_short_is_refused(datastore: Datastore, hubble: Path, tmp_path: Path, keep: int) -> None:
    file = tmp_path / "short.fits"
    file.write_bytes(hubble.read_bytes()[:keep])
    refused(datastore, file)


def test_a_file_without_its_last_padding_is_read(datastore: Datastore, hubble: Path, tmp_path: Path) -> None:
    file = tmp_path / "unpadded.fits"
    file.write_bytes(hubble.read_bytes()[:10_529_792])
    assert datastore.get(in_place(datastore, file), "Exposure").shape == (1024, 1024)


@pytest.mark.filterwarnings("ignore::astropy.utils.exceptions.AstropyUserWarning")
def test_a_file_is_held_against_its_headers_before_its_ingest_as_when_it_is_read(tmp_path: Path) -> None:
    """Of two thousand files with wrong bytes in a header, cut short or too long, the same are refused alike."""
    file = tmp_path / "broken.fits"
    table = fits.BinTableHDU.from_columns([fits.Column("x", "J", array=[1, 2])])
    hdus = [fits.PrimaryHDU(np.zeros((5, 7), np.int16)), fits.ImageHDU(np.ones((3, 4)), name="A"), table]
    fits.HDUList(hdus).writeto(file)
    good = file.read_bytes()
    headers = [at for at in range(0, len(good), 2880) if good[at : at + 8] in (b"SIMPLE  ", b"XTENSION")]
    chance = random.Random(1)
    outcomes = Counter[str]()
    for _ in range(2000):
        broken = bytearray(good)
        for _ in range(chance.randint(1, 3)):
            at = chance.choice(headers) + chance.randrange(80 * 12)
            broken[at] = chance.choice(b"0123456789 '=/TFNAXISENDGCOUPBTZ\0\xff-.+eE\n")
        if chance.random() < 0.2:
            del broken[chance.randrange(len(broken)) :]
        if chance.random() < 0.2:
            broken += bytes([chance.choice([0, 1])]) * chance.choice([10, 2880, 6000])
        file.write_bytes(broken)
        read = refusal_of(file, read_layout)
        assert refusal_of(file, check_fits) == read
        outcomes["refused" if read else "taken"] += 1
    assert min(outcomes["refused"], outcomes["taken"]) > 500


def read_layout(file: Path) -> None:
    with open_fits(file):
        pass


def refusal_of(file: Path, look: Callable[[Path], object]) -> str:
    try:
        look(file)
    except FormatError as error:
        return error.message
    return ""


@pytest.mark.parametrize(
    ("card", "lie"),
    [
        (b"NAXIS1  =                 1024", b"NAXIS1  =              9999999"),
        (b"NAXIS1  =                 1024", b"NAXIS1  =                   -5"),
        (b"NAXIS1  =                 1024", b"NAXIS1  =                  '5'"),
        (b"NAXIS1  =                 1024", b"NAXIS9  =                 1024"),
        (b"NAXIS2  =                 1024", b"NAXIS2  =                 1025"),
        (b"BITPIX  =                  -32", b"BITPIX  =                  -33"),
        (b"BITPIX  =                  -32", b"BITPIX  =                  -64"),
        (b"XTENSION= 'IMAGE   '", b"XTRNSION= 'IMAGE   '"),
        (b"SIMPLE  =", b"SAMPLE  ="),
        (b"PCOUNT  =                    0", b"PCOUNT  =           1000000000"),
    ],
)
def test_a_header_that_lies_is_refused(
    datastore: Datastore, hubble: Path, tmp_path: Path, card: bytes, lie: bytes
) -> None:
    content = hubble.read_bytes()
    assert card in content
    file = tmp_path / "lying.fits"
    file.write_bytes(content.replace(card, lie, 1))
    refused(datastore, file)


@pytest.mark.parametrize(
    "content",
    [b"", b"SIMPLE  =", b"\x89PNG\r\n", random.Random(1).randbytes(10_000), bytes(28_800), b"\x1f\x8b"],
)
def test_a_file_that_is_not_fits_is_refused(datastore: Datastore, tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "other.fits"
    file.write_bytes(content)
    refused(datastore, file)


def test_a_file_without_pixels_is_no_exposure(datastore: Datastore, tmp_path: Path) -> None:
    file = tmp_path / "empty.fits"
    fits.PrimaryHDU().writeto(file)
    with pytest.raises(FormatError, match="no image"):
        datastore.get(in_place(datastore, file), "Exposure")


def test_a_packed_file_is_read_and_half_of_it_is_refused(
    datastore: Datastore, hubble: Path, tmp_path: Path
) -> None:
    packed = gzip.compress(hubble.read_bytes(), 1)
    whole, half = tmp_path / "whole.fits.gz", tmp_path / "half.fits.gz"
    whole.write_bytes(packed)
    half.write_bytes(packed[: len(packed) // 2])
    artifacts = datastore.intake.ingest(whole, uuid4(), HINT, "Exposure", "raw", IngestMode.COPY)
    assert artifacts[0].path.endswith(".fits.gz")
    assert_same_exposure(
        datastore.get(artifacts, "Exposure"), datastore.get(in_place(datastore, hubble), "Exposure")
    )
    refused(datastore, half)


def test_a_file_that_unpacks_without_end_is_refused(
    datastore: Datastore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packing, "UNPACKED_BYTES", 1 << 20)
    file = tmp_path / "bomb.fits"
    file.write_bytes(gzip.compress(bytes(1 << 24)))
    refused(datastore, file)


def test_a_flipped_bit_is_never_read_as_something_else(tmp_path: Path) -> None:
    datastore = open_datastore({"root": "."}, tmp_path)
    exposure = example_exposure()
    (artifact,) = put(datastore, exposure, id="1", run="run", data_id={"visit": 1})
    content = (tmp_path / artifact.path).read_bytes()
    chance = random.Random(20151202)
    noticed = 0
    for _ in range(150):
        flipped = bytearray(content)
        flipped[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
        (tmp_path / artifact.path).write_bytes(flipped)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                found = datastore.get((artifact,), "Exposure")
            except FormatError:
                noticed += 1
            else:
                assert_same_exposure(found, exposure)
    assert noticed > 140


def test_a_file_of_another_size_than_recorded_is_refused(datastore: Datastore) -> None:
    artifacts = put(datastore, example_exposure())
    with pytest.raises(ChecksumError, match="recorded"):
        datastore.get((replace(artifacts[0], size=artifacts[0].size + 2880),), "Exposure")


def test_a_file_that_is_gone_is_missing_not_broken(datastore: Datastore, tmp_path: Path) -> None:
    artifacts = put(datastore, example_exposure())
    (tmp_path / "repo/data" / artifacts[0].path).unlink()
    with pytest.raises(ArtifactMissingError):
        datastore.get(artifacts, "Exposure", "wcs")

"""Every core storage class in HDF5, equal to what it is in its usual format; and files that are traps."""

from __future__ import annotations

import random
import warnings
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import h5py
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.nddata import CCDData, InverseVariance, NDUncertainty, StdDevUncertainty, VarianceUncertainty
from astropy.table import MaskedColumn, QTable, Table
from astropy.time import Time
from astropy.wcs import WCS, DistortionLookupTable, Sip
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from butler.datastore import Datastore, identify, open_datastore
from butler.datastore.storage_classes import CORE
from butler.errors import FormatError, StorageClassError
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
HDF5 = {"formatters": {each.name: "hdf5" for each in CORE}}


class TestDatastoreOfHdf5(DatastoreTests, FileIntakeTests, InventoryTests):
    def open(self, folder: Path, *, disassemble: tuple[str, ...] = ()) -> Datastore:
        formatters = {name: "hdf5" for name in HDF5["formatters"] if name not in {"Bytes", "Text", "Dict"}}
        return open_datastore({"formatters": formatters, "disassemble": disassemble}, folder)


class TestDatastoreOfCompressedHdf5InMemory(DatastoreTests, FileIntakeTests, InventoryTests):
    def open(self, folder: Path, *, disassemble: tuple[str, ...] = ()) -> Datastore:
        names = ("Exposure", "Image", "Uncertainty", "Wcs", "Header")
        config = {"formatters": dict.fromkeys(names, "hdf5"), "compression": dict.fromkeys(names, "gzip")}
        return open_datastore({"type": "memory", "disassemble": disassemble, **config}, folder)


@pytest.fixture
def hdf5(tmp_path: Path) -> Datastore:
    """Datastore that writes HDF5 whatever the storage class."""
    return open_datastore({"root": "store", **HDF5}, tmp_path)


def put(datastore: Datastore, obj: Any, storage_class: str, **identity: Any) -> Artifact:
    (artifact,) = datastore.put(obj, uuid4(), HINT, storage_class, "calexp", identity)
    return artifact


# The same in both ------------------------------------------------------------


def table() -> Table:
    return Table(
        {
            "id": np.arange(5),
            "flux": MaskedColumn(np.linspace(0, 1, 5, dtype=np.float32), mask=[0, 1, 0, 0, 1], unit="mJy"),
            "name": ["a", "", "ü🔭", "nul\0l", "blank "],
            "raw": [b"a", b"", b"\xff", b"b", b"c"],
            "good": [True, False, True, False, True],
            "position": np.arange(15.0).reshape(5, 3),
            "matrix": np.arange(20, dtype=np.int16).reshape(5, 2, 2),
        },
        meta={"author": "Hypatia", "n": [1, 2]},
    )


def rich_table() -> QTable:
    return QTable(
        {
            "when": Time([60000.0, 60001.5], format="mjd", scale="tai"),
            "where": SkyCoord([1.0, 2.0], [3.0, -4.0], unit="deg"),
            "length": [1.0, 2.0] * u.m,
        }
    )


def frame() -> pd.DataFrame:
    return pd.DataFrame(
        {"x": [1.0, None], "t": pd.to_datetime(["2026-01-01", None]), "s": ["a", None], "i": [1, 2]},
        index=["one", "two"],
    )


def arrow() -> pa.Table:
    return pa.table(
        {
            "when": pa.array([datetime(2026, 1, 1), None], pa.timestamp("us", tz="UTC")),
            "day": pa.array([date(2026, 1, 1), None]),
            "time": pa.array([time(1, 2, 3), None], pa.time64("us")),
            "lasted": pa.array([timedelta(seconds=1), None]),
            "half": pa.array(np.array([1, 2], np.float16)),
            "flag": pa.array([True, None]),
            "none": pa.nulls(2),
            "large": pa.array(["a", None], pa.large_string()),
            "pairs": pa.array([["a", "b"], ["c", None]], pa.list_(pa.string(), 2)),
            "a/b.c%": pa.array([1, 2], pa.uint8()),
            ".": pa.array([b"x\0", b"\0"]),
        },
        metadata={"key": "value"},
    )


OBJECTS: list[tuple[str, Callable[[], Any]]] = [
    ("Exposure", example_exposure),
    ("Image", lambda: np.arange(12, dtype=np.int16).reshape(3, 4)),
    ("Image", lambda: np.array([[True, False]])),
    ("Uncertainty", lambda: VarianceUncertainty(np.ones((2, 3)), unit="adu2")),
    ("Uncertainty", lambda: InverseVariance(np.ones((2, 3)))),
    ("PhysicalUnit", lambda: u.electron / u.s),
    ("Wcs", lambda: example_exposure().wcs),
    (
        "Header",
        lambda: fits.Header([("A", 1, "one"), ("COMMENT", "twice"), ("COMMENT", "x"), ("B", "y" * 99)]),
    ),
    ("Table", table),
    ("Table", rich_table),
    ("Table", lambda: Table({"x": [], "s": np.array([], "U3")})),
    ("DataFrame", frame),
    ("ArrowTable", arrow),
    ("ArrowTable", lambda: pa.table({})),
    ("Dict", lambda: {"a": [1, 2.5, None, True], "ü": {"b": "text"}}),
    ("List", lambda: [1, {"a": "b"}]),
    ("PropertyList", dict),
    ("Packages", lambda: {"astropy": "8.0"}),
    ("Text", lambda: "line\r\nline\n🔭\0"),
    ("Text", str),
    ("Bytes", lambda: bytes(range(256))),
    ("Bytes", bytes),
]


def assert_same(found: Any, expected: Any) -> None:
    match expected:
        case CCDData():
            assert_same_exposure(found, expected)
        case NDUncertainty():
            assert (type(found), found.unit) == (type(expected), expected.unit)
            np.testing.assert_array_equal(found.array, expected.array)
        case WCS():
            assert found.wcs.compare(expected.wcs, tolerance=1e-12)
        case fits.Header():
            assert [tuple(card) for card in found.cards] == [tuple(card) for card in expected.cards]
        case Table():
            assert type(found) is type(expected)
            assert found.colnames == expected.colnames
            assert found.meta == expected.meta
            assert (
                found.values_equal(expected).to_pandas().all(axis=None) if len(expected) else not len(found)
            )
            for name in expected.colnames:
                assert getattr(found[name], "unit", None) == getattr(expected[name], "unit", None)
        case pd.DataFrame():
            pd.testing.assert_frame_equal(found, expected)
        case pa.Table():
            assert found.equals(expected)
            assert found.schema.metadata == expected.schema.metadata
        case np.ndarray():
            assert found.dtype == expected.dtype
            np.testing.assert_array_equal(found, expected)
        case _:
            assert found == expected


@pytest.mark.parametrize(("storage_class", "make"), OBJECTS, ids=lambda value: str(value)[:20])
def test_an_object_is_the_same_through_hdf5_and_through_its_usual_format(
    tmp_path: Path, storage_class: str, make: Callable[[], Any]
) -> None:
    usual, hdf5 = open_datastore({}, tmp_path), open_datastore(HDF5, tmp_path)
    obj = make()
    one, other = put(usual, obj, storage_class), put(hdf5, obj, storage_class)
    assert other.path.endswith(".h5")
    assert_same(usual.get((one,), storage_class), obj)
    assert_same(hdf5.get((other,), storage_class), obj)
    # What wrote it is recorded, so either reads both.
    assert_same(usual.get((other,), storage_class), obj)


def test_there_is_an_object_of_every_core_storage_class_above() -> None:
    assert {name for name, _ in OBJECTS} == {each.name for each in CORE}


@settings(max_examples=60, deadline=None)
@given(
    arrays.arrays(
        st.sampled_from(["b1", "i1", "<i2", ">i2", "i4", "i8", "u1", "u8", "f2", "f4", "f8", ">f8", "c8"]),
        arrays.array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=5),
    )
)
def test_an_image_comes_back_bit_by_bit(array: np.ndarray) -> None:
    datastore = open_datastore({"type": "memory", **HDF5}, Path())
    found = datastore.get((put(datastore, array, "Image"),), "Image")
    assert found.dtype == array.dtype.newbyteorder("=")
    assert found.shape == array.shape
    assert found.tobytes() == array.astype(found.dtype).tobytes()


@pytest.mark.parametrize(
    "array",
    [
        np.array(["text"]),
        np.array([None]),
        np.array(1.0),
        np.zeros(3, dtype="datetime64[s]"),
        np.zeros(3, dtype=[("a", "i4")]),
        np.ma.masked_array([1, 2], mask=[True, False]),
        [1, 2] * u.m,
    ],
    ids=str,
)
def test_an_array_that_could_not_come_back_is_refused(hdf5: Datastore, array: np.ndarray) -> None:
    with pytest.raises(StorageClassError):
        put(hdf5, array, "Image")
    assert list(hdf5.inventory.paths()) == []


def test_a_column_without_a_place_is_refused_by_name(hdf5: Datastore) -> None:
    for column in (
        pa.array([[1], [2, 3]]),
        pa.array(["a", "a"]).dictionary_encode(),
        pa.array([{"a": 1}] * 2),
    ):
        with pytest.raises(StorageClassError, match="odd"):
            put(hdf5, pa.table({"odd": column}), "ArrowTable")
    with pytest.raises(StorageClassError, match="one name"):
        put(hdf5, pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["a", "a"]), "ArrowTable")
    with pytest.raises(StorageClassError, match="JSON"):
        put(hdf5, {"a": float("nan")}, "Dict")
    assert list(hdf5.inventory.paths()) == []


@pytest.mark.parametrize("curved", [True, False])
def test_distortions_survive_whole_and_cut(hdf5: Datastore, curved: bool) -> None:
    exposure = example_exposure()
    wcs = exposure.wcs.deepcopy()
    ramp = np.linspace(0, 0.5, 20, dtype=np.float32).reshape(4, 5)
    if curved:
        wcs.wcs.ctype = ["RA---TAN-SIP", "DEC--TAN-SIP"]
        order = np.zeros((3, 3))
        order[2, 0], order[0, 2] = 1e-3, 2e-3
        wcs.sip = Sip(order, order.T, None, None, wcs.wcs.crpix)
    else:
        wcs.cpdis1 = DistortionLookupTable(ramp, (1.0, 1.0), (1.0, 1.0), (10.0, 10.0))
        wcs.cpdis2 = DistortionLookupTable(ramp, (1.0, 1.0), (1.0, 1.0), (10.0, 10.0))
    exposure.wcs = wcs
    artifact = put(hdf5, exposure, "Exposure")
    x, y = np.array([12.0, 20.0]), np.array([11.0, 13.5])
    expected = wcs.all_pix2world(x, y, 0)
    assert np.abs(np.subtract(expected, wcs.wcs_pix2world(x, y, 0))).max() > 1e-8
    found = hdf5.get((artifact,), "Exposure", "wcs")
    np.testing.assert_allclose(found.all_pix2world(x, y, 0), expected, rtol=1e-13)
    cut = hdf5.get((artifact,), "Exposure", parameters={"bbox": (10, 11, 15, 8)})
    np.testing.assert_allclose(cut.wcs.all_pix2world(x - 10, y - 11, 0), expected, rtol=1e-13)


# Reading no more than is needed ------------------------------------------------


def large_exposure() -> CCDData:
    noise = np.random.default_rng(1).normal(1000, 30, (2048, 1024)).astype(np.float32)
    return CCDData(
        noise,
        unit="adu",
        mask=noise > 1100,
        uncertainty=StdDevUncertainty(noise / 10),
        wcs=example_exposure().wcs,
    )


@pytest.mark.parametrize("compression", ["none", "gzip"])
@pytest.mark.parametrize(
    ("component", "parameters", "share"),
    [
        ("wcs", {}, 0.03),
        ("metadata", {}, 0.03),
        ("bbox", {}, 0.03),
        ("unit", {}, 0.03),
        ("mask", {}, 0.2),
        ("image", {"bbox": (100, 200, 50, 50)}, 0.06),
        (None, {"bbox": (100, 200, 50, 50)}, 0.12),
    ],
)
def test_a_part_of_a_file_is_read_without_the_rest(
    tmp_path: Path, compression: str, component: str | None, parameters: dict[str, Any], share: float
) -> None:
    datastore = open_datastore({**HDF5, "compression": {"Exposure": compression}}, tmp_path)
    exposure = large_exposure()
    artifact = put(datastore, exposure, "Exposure")
    datastore.get((artifact,), "Exposure", component, parameters)
    with counted_bytes() as read:
        found = datastore.get((artifact,), "Exposure", component, parameters)
        assert 0 < read() < share * artifact.size
    if "bbox" in parameters:
        np.testing.assert_array_equal(getattr(found, "data", found), exposure.data[200:250, 100:150])


def test_columns_and_rows_are_read_without_the_rest(hdf5: Datastore) -> None:
    rows = 400_000
    source = Table({name: np.random.default_rng(1).normal(size=rows) for name in "abcd"})
    source["s"] = np.arange(rows).astype(str)
    artifact = put(hdf5, source, "Table")
    hdf5.get((artifact,), "Table", parameters={"columns": ["a"]})
    for parameters, share in (({"columns": ["b"]}, 0.25), ({"rows": (200_000, 200_010)}, 0.25)):
        with counted_bytes() as read:
            found = hdf5.get((artifact,), "Table", parameters=parameters)
            assert 0 < read() < share * artifact.size
        expected = source[parameters["columns"]] if "columns" in parameters else source[200_000:200_010]
        assert_same(found, expected)


def test_text_in_some_rows_is_that_of_those_rows(hdf5: Datastore) -> None:
    artifact = put(hdf5, table(), "Table")
    found = hdf5.get((artifact,), "Table", parameters={"columns": ["name", "flux", "matrix"], "rows": (1, 4)})
    assert list(found["name"]) == ["", "ü🔭", "nul\0l"]
    assert list(found["flux"].mask) == [True, False, False]
    np.testing.assert_array_equal(found["matrix"], table()["matrix"][1:4])
    with pytest.raises(StorageClassError, match=r"no column 'nam'\s+Did you mean 'name'"):
        hdf5.get((artifact,), "Table", parameters={"columns": ["nam"]})


# What others wrote, and traps ---------------------------------------------------


def ingested(datastore: Datastore, file: Path, storage_class: str = "Image") -> Any:
    return datastore.get(
        datastore.intake.ingest(file, uuid4(), HINT, storage_class, "raw", IngestMode.IN_PLACE), storage_class
    )


def test_an_image_of_another_program_is_read_whatever_its_name(hdf5: Datastore, tmp_path: Path) -> None:
    file = tmp_path / "image.fits"
    with h5py.File(file, "w") as other:
        other["pixels"] = np.arange(12.0).reshape(3, 4).astype(">f4")
        other.create_group("notes")
    unaware = open_datastore({"root": "store"}, tmp_path)
    (artifact,) = artifacts = unaware.intake.ingest(file, uuid4(), HINT, "Image", "raw", IngestMode.COPY)
    assert artifact.formatter == "hdf5"
    assert artifact.path.endswith(".h5")
    np.testing.assert_array_equal(hdf5.get(artifacts, "Image"), np.arange(12.0).reshape(3, 4))
    assert hdf5.get(artifacts, "Image", "bbox") == (0, 0, 4, 3)
    assert identify(file) is None
    with pytest.raises(FormatError, match="Butler didn't write it"):
        ingested(hdf5, file, "Exposure")


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """Something that another file must not bring in."""
    with h5py.File(tmp_path / "secret.h5", "w") as file:
        file["data"] = np.full((4, 4), 42.0)
    (tmp_path / "secret.bin").write_bytes(np.full(16, 42.0).tobytes())
    return tmp_path


def external_link(file: h5py.File, secret: Path) -> None:
    file["data"] = h5py.ExternalLink(str(secret / "secret.h5"), "/data")


def soft_link(file: h5py.File, secret: Path) -> None:
    file["away"] = h5py.ExternalLink(str(secret / "secret.h5"), "/")
    file["data"] = h5py.SoftLink("/away/data")


def external_storage(file: h5py.File, secret: Path) -> None:
    file.create_dataset("data", (4, 4), "f8", external=[(str(secret / "secret.bin"), 0, 128)])


def virtual_array(file: h5py.File, secret: Path) -> None:
    layout = h5py.VirtualLayout((4, 4), "f8")
    layout[:] = h5py.VirtualSource(str(secret / "secret.h5"), "data", (4, 4))
    file.create_virtual_dataset("data", layout)


@pytest.mark.parametrize("trap", [external_link, soft_link, external_storage, virtual_array])
@pytest.mark.parametrize("ours", [True, False])
def test_a_file_brings_in_no_other_file(
    hdf5: Datastore, secret: Path, trap: Callable[[h5py.File, Path], None], ours: bool
) -> None:
    file = secret / "trap.h5"
    with h5py.File(file, "w") as made:
        trap(made, secret)
        if ours:
            made.attrs["butler_format"] = 1
    with pytest.raises(FormatError, match=r"trap\.h5"):
        ingested(hdf5, file)
    recorded = Artifact("main", file.as_uri(), "hdf5", file.stat().st_size, b"")
    for component in (None, "bbox"):
        with pytest.raises(FormatError, match=r"trap\.h5"):
            hdf5.get((recorded,), "Image", component)


@pytest.mark.parametrize(
    "dtype",
    [
        h5py.ref_dtype,
        h5py.regionref_dtype,
        h5py.string_dtype(),
        h5py.vlen_dtype(np.int32),
        "S3",
        [("a", "i4")],
    ],
    ids=str,
)
def test_what_is_no_array_of_numbers_is_not_made_into_objects(
    hdf5: Datastore, tmp_path: Path, dtype: Any
) -> None:
    file = tmp_path / "odd.h5"
    with h5py.File(file, "w", libver=("v110", "v110")) as made:
        made.create_dataset("data", (3,), dtype)
        made.attrs["butler_format"] = 1
        made.attrs["butler_run"] = "text of variable length"
    with pytest.raises(FormatError, match=r"odd\.h5"):
        ingested(hdf5, file)
    assert identify(file) is None


@pytest.mark.parametrize("filled", [True, False])
def test_an_array_that_unpacks_to_more_than_its_bytes_can_hold_is_refused_before_memory_is_taken(
    hdf5: Datastore, tmp_path: Path, filled: bool
) -> None:
    file = tmp_path / "bomb.h5"
    with h5py.File(file, "w") as made:
        data = made.create_dataset(
            "data", (1 << 20, 1 << 14), "f8", chunks=(1 << 10, 1 << 10), compression="gzip"
        )
        if filled:
            data[0, 0] = 1
    assert file.stat().st_size < 20_000
    with pytest.raises(FormatError, match=r"would unpack from \d+ to 137438953472 bytes"):
        ingested(hdf5, file)


def test_of_a_sparse_array_a_section_is_refused_if_its_chunks_are_too_large(
    hdf5: Datastore, tmp_path: Path
) -> None:
    file = tmp_path / "bomb.h5"
    with h5py.File(file, "w") as made:
        made.create_dataset("data", (1 << 15, 1 << 14), "f4", chunks=(1 << 14, 1 << 14), compression="gzip")
    artifacts = hdf5.intake.ingest(file, uuid4(), HINT, "Image", "raw", IngestMode.IN_PLACE)
    with pytest.raises(FormatError, match="would unpack"):
        hdf5.get(artifacts, "Image", parameters={"bbox": (0, 0, 1, 1)})


def test_a_file_cut_short_or_of_another_kind_is_refused(hdf5: Datastore, tmp_path: Path) -> None:
    content = (tmp_path / "store" / put(hdf5, example_exposure(), "Exposure").path).read_bytes()
    for number, start in enumerate(
        (b"", b"\x89HDF\r\n\x1a\n", content[:100], content[: len(content) // 2], content[:-1], b"SIMPLE  = ")
    ):
        file = tmp_path / f"short-{number}.h5"
        file.write_bytes(start)
        with pytest.raises(FormatError, match=file.name):
            ingested(hdf5, file, "Exposure")


@pytest.mark.parametrize("compression", ["none", "gzip"])
def test_a_flipped_bit_is_never_read_as_something_else(tmp_path: Path, compression: str) -> None:
    datastore = open_datastore({"root": ".", **HDF5, "compression": {"Exposure": compression}}, tmp_path)
    exposure = example_exposure()
    artifact = put(datastore, exposure, "Exposure", id="1", run="run", data_id={"visit": 1})
    content = (tmp_path / artifact.path).read_bytes()
    chance = random.Random(20151202)
    noticed = 0
    for _ in range(300):
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
    assert noticed > 100


def test_any_reader_of_hdf5_finds_the_parts_by_their_names(hdf5: Datastore, tmp_path: Path) -> None:
    exposure = example_exposure()
    with h5py.File(tmp_path / "store" / put(hdf5, exposure, "Exposure", run="r/one").path) as file:
        np.testing.assert_array_equal(file["image"], exposure.data)
        np.testing.assert_array_equal(file["mask"], exposure.mask)
        np.testing.assert_array_equal(file["uncertainty"], exposure.uncertainty.array)
        assert b"OBSERVER= 'Hypatia '" in file["metadata"][0]
        assert file.attrs["butler_run"] == b"r/one"
    with h5py.File(tmp_path / "store" / put(hdf5, table(), "Table").path) as file:
        np.testing.assert_array_equal(file["data/columns/position"], table()["position"])
        np.testing.assert_array_equal(file["data/nulls/flux"], table()["flux"].mask)

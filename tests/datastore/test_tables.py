"""Tables in Parquet, ECSV and FITS, from astropy, pandas and Arrow."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord
from astropy.table import MaskedColumn, QTable, Table
from astropy.time import Time
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from pyarrow import parquet

from butler.datastore import Datastore, open_datastore
from butler.errors import FormatError, StorageClassError
from butler.values import Artifact, IngestMode

HINT = "run/src/src_1"
FORMATS = ("parquet", "ecsv", "fits-table")


def store(formatter: str) -> Datastore:
    return open_datastore({"type": "memory", "formatters": {"Table": formatter}}, Path())


def put(datastore: Datastore, table: Any, storage_class: str = "Table") -> tuple[Artifact, ...]:
    return datastore.put(table, uuid4(), HINT, storage_class, "src", {"id": "1", "run": "run"})


def assert_same_table(found: Table, expected: Table) -> None:
    assert found.colnames == expected.colnames
    assert len(found) == len(expected)
    assert dict(found.meta) == dict(expected.meta)
    for name in expected.colnames:
        one, other = found[name], expected[name]
        assert one.dtype == other.dtype.newbyteorder("="), name
        assert one.shape == other.shape, name
        assert getattr(one, "unit", None) == getattr(other, "unit", None)
        assert one.info.description == other.info.description
        mask = getattr(other, "mask", np.zeros(other.shape, dtype=bool))
        np.testing.assert_array_equal(getattr(one, "mask", np.zeros(one.shape, dtype=bool)), mask)
        np.testing.assert_array_equal(np.asarray(one)[~mask], np.asarray(other)[~mask])


COLUMNS = st.one_of(
    arrays.arrays(
        st.sampled_from(["b1", "i1", "<i2", ">i4", "i8", "u1", "u8", "f4", ">f8"]),
        st.sampled_from([(4,), (4, 2), (4, 3, 2)]),
    ),
    st.lists(st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=5), min_size=4, max_size=4).map(
        lambda texts: np.array([text.rstrip("\0") for text in texts])
    ),
    st.lists(st.binary(max_size=5).map(lambda each: each.rstrip(b"\0")), min_size=4, max_size=4).map(
        np.array
    ),
)


@settings(max_examples=80, deadline=None)
@given(
    st.dictionaries(st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,8}", fullmatch=True), COLUMNS, max_size=4),
    st.lists(st.booleans(), min_size=4, max_size=4),
    st.integers(0, 4),
    st.booleans(),
)
def test_any_table_comes_back_from_parquet_equal(
    columns: dict[str, np.ndarray], mask: list[bool], rows: int, masked: bool
) -> None:
    table = Table(columns, masked=masked, meta={"nested": {"a": [1, 2]}, "lower": True})[:rows]
    if masked:
        for name in table.colnames:
            table[name].mask = np.broadcast_to(
                np.array(mask[:rows], dtype=bool).reshape(-1, *[1] * (table[name].ndim - 1)),
                table[name].shape,
            )
    datastore = store("parquet")
    assert_same_table(datastore.get(put(datastore, table), "Table"), table)


def sources() -> QTable:
    return QTable(
        {
            "time": Time(np.arange(5) + 5e4, format="mjd", scale="tai"),
            "coord": SkyCoord(np.arange(5) * u.deg, np.arange(5) * u.deg),
            "flux": np.arange(5) * u.Jy,
            "count": MaskedColumn([1, 2, 3, 4, 5], mask=[0, 1, 0, 0, 1], description="how many"),
            "name": ["a", "b", "", "d", "e"],
        },
        meta={"run": 5},
    )


def test_times_coordinates_and_quantities_come_back_from_parquet(tmp_path: Path) -> None:
    datastore = store("parquet")
    found = datastore.get(put(datastore, sources()), "Table")
    assert (found["time"] == sources()["time"]).all()
    assert found["time"].scale == "tai"
    assert found["coord"].separation(sources()["coord"]).max() == 0
    assert (found["flux"] == sources()["flux"]).all()
    assert found["count"].info.description == "how many"
    assert list(found["count"].mask) == [False, True, False, False, True]


def test_a_parquet_file_is_readable_by_other_libraries(datastore: Datastore, tmp_path: Path) -> None:
    (artifact,) = put(datastore, sources())
    plain = parquet.read_table(tmp_path / "repo/data" / artifact.path)
    assert plain["count"].to_pylist() == [1, None, 3, 4, None]
    assert plain["flux"].to_pylist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("formatter", FORMATS)
def test_a_plain_table_comes_back_from_every_format(formatter: str) -> None:
    table = Table({"id": [3, 2, 1], "flux": np.array([1.5, np.nan, -np.inf])}, meta={"VERSION": 3})
    table["flux"].unit = "Jy"
    datastore = store(formatter)
    found = datastore.get(put(datastore, table), "Table")
    assert found.colnames == table.colnames
    np.testing.assert_array_equal(found["flux"], table["flux"])
    assert found["flux"].unit == u.Jy
    assert dict(found.meta) == {"VERSION": 3}


@pytest.mark.parametrize("formatter", FORMATS)
def test_a_table_without_rows_comes_back_from_every_format(formatter: str) -> None:
    table = Table({"id": np.zeros(0, dtype=np.int64), "name": np.zeros(0, dtype="S3")})
    datastore = store(formatter)
    found = datastore.get(put(datastore, table), "Table")
    assert found.colnames == ["id", "name"]
    assert len(found) == 0
    assert found["id"].dtype.kind == "i"


@pytest.mark.parametrize("formatter", FORMATS)
@pytest.mark.parametrize("rows", [(1, 3), (0, 0), (4, 99), slice(-2, None), slice(None), [2, 4], slice(3, 1)])
def test_columns_and_rows_equal_the_slice_of_the_whole(formatter: str, rows: Any) -> None:
    table = Table({"id": np.arange(5), "flux": np.arange(5) * 0.5, "name": ["a", "b", "c", "d", "e"]})
    datastore = store(formatter)
    found = datastore.get(
        put(datastore, table), "Table", parameters={"columns": ["flux", "id"], "rows": rows}
    )
    expected = table[rows if isinstance(rows, slice) else slice(*rows)]
    assert found.colnames == ["flux", "id"]
    assert list(found["id"]) == list(expected["id"])
    assert list(found["flux"]) == list(expected["flux"])


@pytest.mark.parametrize("formatter", FORMATS)
@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"columns": ["idd"]}, r"no column 'idd'\s+Did you mean 'id'"),
        ({"columns": ["id", "id"]}, "twice"),
        ({"rows": slice(0, 2, 2)}, "rows"),
        ({"rows": 3}, "rows"),
        ({"rows": (1, 2, 3)}, "rows"),
        ({"rows": ("a", "b")}, "rows"),
        ({"row": 3}, "Did you mean 'rows'"),
    ],
)
def test_columns_or_rows_that_are_none_are_refused(
    formatter: str, parameters: dict[str, Any], message: str
) -> None:
    datastore = store(formatter)
    artifacts = put(datastore, Table({"id": [1, 2, 3]}))
    with pytest.raises(StorageClassError, match=message):
        datastore.get(artifacts, "Table", parameters=parameters)


def test_a_column_of_times_is_chosen_by_its_own_name() -> None:
    datastore = store("parquet")
    found = datastore.get(
        put(datastore, sources()), "Table", parameters={"columns": ["time"], "rows": (3, 5)}
    )
    assert found.colnames == ["time"]
    assert (found["time"] == sources()["time"][3:]).all()


def test_a_part_of_a_parquet_file_is_read_without_the_rest(datastore: Datastore) -> None:
    numbers = np.random.default_rng(1)
    table = Table({name: numbers.random(300_000) for name in "abcdefgh"})
    artifacts = put(datastore, table)

    def bytes_read() -> int:
        return int(Path("/proc/self/io").read_text().split()[1])

    datastore.get(artifacts, "Table", parameters={"rows": (0, 1)})
    before = bytes_read()
    datastore.get(artifacts, "Table", parameters={"columns": ["a"], "rows": (200_000, 200_010)})
    assert bytes_read() - before < 0.06 * artifacts[0].size


def test_pandas_and_arrow_tables_come_back_equal(datastore: Datastore) -> None:
    frame = pd.DataFrame({"a": [1, 2], "s": ["x", None]}, index=pd.Index(["p", "q"], name="key"))
    pd.testing.assert_frame_equal(datastore.get(put(datastore, frame, "DataFrame"), "DataFrame"), frame)
    table = pa.table({"x": [1, None], "l": [[1], [2, 3]]}).replace_schema_metadata({"origin": "us"})
    found = datastore.get(put(datastore, table, "ArrowTable"), "ArrowTable")
    assert found.equals(table)
    assert found.schema.metadata == table.schema.metadata


def test_a_table_is_read_as_any_of_the_three_kinds(datastore: Datastore) -> None:
    artifacts = put(datastore, Table({"id": [1, 2, 3], "name": ["a", "b", "c"]}))
    assert list(datastore.get(artifacts, "DataFrame")["name"]) == ["a", "b", "c"]
    assert datastore.get(artifacts, "ArrowTable")["id"].to_pylist() == [1, 2, 3]
    frame = pd.DataFrame({"id": [1, 2], "name": ["a", None], "flux": [0.5, None]})
    found = datastore.get(put(datastore, frame, "DataFrame"), "Table")
    assert list(found["id"]) == [1, 2]
    assert list(found["name"].mask) == [False, True]


@pytest.mark.parametrize(
    ("formatter", "table"),
    [
        ("parquet", Table({"odd": np.array([{}, []], dtype=object)})),
        ("parquet", Table({"odd": np.array([1j])})),
        ("ecsv", Table({"a": [1]}, meta={"_butler": 1})),
        ("ecsv", Table({"a": [1]}, meta={"odd": object()})),
        ("fits-table", Table({"a": [1]}, meta={"odd": {"nested": 1}})),
        ("fits-table", Table({"a": ["ünï"]})),
        ("fits-table", Table({"a": Time([5e4], format="mjd")})),
    ],
)
def test_a_table_that_the_format_cannot_hold_is_refused(formatter: str, table: Table) -> None:
    datastore = store(formatter)
    with pytest.raises(StorageClassError):
        put(datastore, table)
    assert list(datastore.inventory.paths()) == []


@pytest.mark.parametrize("keep", [0, 4, 100, 0.5, 0.99])
def test_a_parquet_file_cut_short_is_refused(datastore: Datastore, tmp_path: Path, keep: float) -> None:
    (artifact,) = put(datastore, sources())
    whole = (tmp_path / "repo/data" / artifact.path).read_bytes()
    file = tmp_path / "short.parquet"
    file.write_bytes(whole[: int(keep * len(whole)) if isinstance(keep, float) else keep])
    with pytest.raises(FormatError, match=r"short\.parquet"):
        datastore.intake.ingest(file, uuid4(), HINT, "Table", "src", IngestMode.COPY)


def test_a_page_that_was_altered_is_noticed(datastore: Datastore, tmp_path: Path) -> None:
    (artifact,) = put(datastore, Table({"a": np.random.default_rng(1).random(10_000)}))
    file = tmp_path / "repo/data" / artifact.path
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    with pytest.raises(FormatError, match="src_1"):
        datastore.get((artifact,), "Table")


@pytest.mark.parametrize("content", [b"", b"id,flux\n1,2\n", b"# %ECSV 1.0\n# ---\n# - {", b"\xff\xfe"])
def test_what_is_not_ecsv_is_refused(tmp_path: Path, content: bytes) -> None:
    datastore = store("ecsv")
    file = tmp_path / "other.ecsv"
    file.write_bytes(content)
    artifacts = datastore.intake.ingest(file, uuid4(), HINT, "Table", "src", IngestMode.COPY)
    with pytest.raises(FormatError):
        datastore.get(artifacts, "Table")

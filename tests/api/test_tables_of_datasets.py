"""Lists of datasets as Arrow tables: streamed by COPY, and the same as the rows they are made of."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from butler import Butler, DatasetType
from butler.errors import CollectionNotFoundError, DatabaseUnavailableError, DatasetTypeNotFoundError
from butler.testing.databases import Database

DATA_ID = ["plain", "with, comma", 'with "quotes"', "NULL", "\\N", "naïve ☂"]


@pytest.fixture
def filled(butler: Butler) -> Butler:
    registry = butler.registry
    registry.definitions.register_units("label", [{"label": label} for label in DATA_ID])
    registry.definitions.register_camera(
        {"camera": "007", "sensors": [{"sensor": n, "sensor_name": f"S{n}"} for n in (1, 2)], "filters": []}
    )
    registry.definitions.register_units(
        "visit_range", [{"camera": "007", "visit_range": each} for each in ("1..3", "2..")]
    )
    registry.definitions.register_dataset_type(DatasetType("note", "Dict", ("label",)))
    registry.definitions.register_dataset_type(
        DatasetType("defects", "Dict", ("camera", "sensor", "visit_range"))
    )
    registry.definitions.register_dataset_type(DatasetType("census", "Dict", ()))
    butler.put_many([({}, {"label": label}) for label in DATA_ID], "note")
    butler.put_many(
        [
            ({}, {"camera": "007", "sensor": n, "visit_range": each})
            for n in (1, 2)
            for each in ("1..3", "2..")
        ],
        "defects",
    )
    butler.put({}, "census")
    return butler


@pytest.mark.parametrize("dataset_type", ["note", "defects", "census"])
def test_a_streamed_table_equals_one_of_rows_that_were_fetched(filled: Butler, dataset_type: str) -> None:
    streamed = filled.query.datasets(dataset_type)
    fetched = filled.query.datasets(dataset_type)
    assert len(fetched) > 0
    assert streamed.to_arrow().equals(fetched.to_arrow())
    assert streamed.to_arrow().schema == fetched.to_arrow().schema
    assert [ref.id.urn[9:] for ref in fetched] == streamed.to_arrow()["dataset_id"].to_pylist()


def test_texts_come_as_they_are(filled: Butler) -> None:
    table = filled.query.datasets("note").to_arrow()
    assert sorted(table["label"].to_pylist()) == sorted(DATA_ID)
    assert filled.query.datasets("defects").to_arrow()["camera"].to_pylist() == ["007"] * 4
    assert set(filled.query.datasets("defects").to_arrow()["visit_range"].to_pylist()) == {"1..3", "2.."}


def test_a_table_of_nothing_has_its_columns(filled: Butler) -> None:
    table = filled.query.datasets(
        "defects", sensor=2, visit_range="1..3", collections="u/me/first"
    ).to_arrow()
    nothing = filled.query.datasets("defects", visit_range="5..6").to_arrow()
    assert nothing.num_rows == 0
    assert nothing.schema == table.schema
    assert nothing.schema.field("sensor").type == pa.int64()


def test_of_two_collections_the_first_counts_in_a_stream_too(filled: Butler) -> None:
    filled.put({}, "note", label="plain", run="u/me/second")
    both = filled.query.datasets("note", collections=["u/me/second", "u/me/first"]).to_arrow()
    assert sorted(both["label"].to_pylist()) == sorted(DATA_ID)
    found = dict(zip(both["label"].to_pylist(), both["run"].to_pylist(), strict=True))
    assert found["plain"] == "u/me/second"
    assert found["NULL"] == "u/me/first"


def test_what_is_wrong_with_a_query_is_said_before_any_batch_is_taken(filled: Butler) -> None:
    with pytest.raises(DatasetTypeNotFoundError):
        filled.query.datasets("nothing").to_batches()
    with pytest.raises(CollectionNotFoundError):
        filled.query.datasets("note", collections="nowhere").to_batches()


def test_the_butlers_run_is_passed_over_in_a_stream_while_it_is_not_made(filled: Butler, repo: Path) -> None:
    with Butler(repo, run="u/me/later", collections="u/me/first") as later:
        assert later.query.datasets("census").to_arrow().num_rows == 1


def test_a_stream_that_is_not_read_to_its_end_leaves_no_connection_behind(filled: Butler) -> None:
    for _ in range(30):  # more than there may be at a time
        batches = filled.query.datasets("note").to_batches()
        next(batches)
        del batches
    assert filled.query.datasets("note").to_arrow().num_rows == len(DATA_ID)


def test_a_stream_begins_anew_where_the_pools_connection_proves_to_be_gone(
    filled: Butler, database: Database
) -> None:
    before = filled.query.datasets("note").to_arrow()
    database.connect("superuser").cursor().execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE usename = 'butler_writer' AND datname = current_database()"
    )
    assert filled.query.datasets("note").to_arrow().equals(before)


def test_a_stream_whose_server_stops_answering_says_that_it_is_not_whole(
    filled: Butler, database: Database
) -> None:
    # Far more than the eight megabytes that Arrow reads ahead.
    superuser = database.connect("superuser").cursor()
    superuser.execute(
        "INSERT INTO butler_internal.label (label)"
        " SELECT lpad(n::text, 250, 'x') FROM generate_series(1, 60000) AS n"
    )
    superuser.execute(
        "INSERT INTO butler_internal.dataset (dataset_id, run_id, dataset_type_id, label, created)"
        " SELECT gen_random_uuid(), d.run_id, d.dataset_type_id, l.label, d.created"
        " FROM butler_internal.dataset AS d, butler_internal.label AS l"
        " WHERE d.label = 'plain' AND length(l.label) > 200"
    )
    batches = filled.query.datasets("note").to_batches()
    next(batches)
    superuser.execute(
        "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
        " WHERE usename = 'butler_writer' AND datname = current_database()"
    )
    with pytest.raises(DatabaseUnavailableError):
        list(batches)

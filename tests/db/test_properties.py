"""Statements that hold for whatever is given, tried with what nobody would think of."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any
from uuid import UUID

import psycopg2
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from butler.testing.strategies import data_ids, given_data_ids, hostile_names, hostile_texts, json_values
from butler.units import UNITS, ValueType
from db.session import Session
from db.world import DATASET_TYPES, contents, datasets

few = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

likely = given_data_ids(
    *("Cam", "Spec", "S1", 1, 2, "1", "Cam-1", "1..3", "2..", "rings", 0, 17, "twilight", "r", "Cam-r")
)

MASK = "SELECT bit_or(1 << u.position) FROM butler.unit AS u JOIN butler.dataset_type_unit AS t USING (unit) WHERE t.dataset_type = %s"


@few
@given(st.sampled_from(sorted(DATASET_TYPES)), st.lists(likely | json_values(), max_size=4))
@example("raw", [{"camera": "Cam", "visit": 2**63 - 1, "sensor": 2**31}])
@example("raw", [{"camera": "Cam", "visit": "+1", "sensor": "-0"}])
@example("defects", [{"camera": "Cam", "sensor": 1, "visit_range": "999999999999999999..1"}])
@example("raw", [{"camera": "x" * 5000, "visit": 1, "sensor": 1}])
def test_reading_data_ids_gives_units_or_a_problem_and_never_fails(
    still: dict[str, Session], dataset_type: str, given_ids: list[Any]
) -> None:
    own = still["owner"]
    mask = own.scalar(MASK, dataset_type) or 0
    rows = own.rows(
        "SELECT to_jsonb(r) FROM butler_internal.read_data_ids(%s, %s) AS r ORDER BY r.row_number",
        mask,
        json.dumps(given_ids),
    )
    assert len(rows) == len(given_ids)
    units = set(own.column("SELECT unit FROM butler.dataset_type_unit WHERE dataset_type = %s", dataset_type))
    for (row,) in rows:
        if row["problem"] is None:
            assert {name for name, value in row["data_id"].items() if value is not None} == units
        else:
            assert re.fullmatch(r"UB\d{3}", row["problem"]["code"])
            assert row["problem"]["message"]
            assert row["problem"]["hint"]


@few
@given(st.data(), st.sampled_from(sorted(DATASET_TYPES)), st.booleans())
def test_data_ids_of_the_right_shape_are_read_as_they_are(
    still: dict[str, Session], data: st.DataObject, dataset_type: str, spelled: bool
) -> None:
    own = still["owner"]
    units = own.column("SELECT unit FROM butler.dataset_type_unit WHERE dataset_type = %s", dataset_type)
    given_ids = data.draw(st.lists(data_ids(units, spelled=spelled), min_size=1, max_size=3))
    rows = own.rows(
        "SELECT to_jsonb(r) FROM butler_internal.read_data_ids(%s, %s) AS r ORDER BY r.row_number",
        own.scalar(MASK, dataset_type) or 0,
        json.dumps(given_ids),
    )
    for (row,), data_id in zip(rows, given_ids, strict=True):
        assert row["problem"] is None
        written = {str(value) for value in data_id.values()}
        assert {str(row["data_id"][unit]) for unit in units if unit != "visit_range"} <= written


def answer(session: Session, function: str, *parameters: Any) -> Any:
    """Give what a function gives, or the code by which it refuses, and leave nothing."""
    session.rows("BEGIN")
    try:
        return session.table(function, *parameters)
    except psycopg2.Error as error:
        return error.pgcode
    finally:
        session.rows("ROLLBACK")


@few
@given(st.sampled_from(sorted(DATASET_TYPES)), st.lists(likely, min_size=1, max_size=3))
def test_what_is_prepared_can_be_put_and_what_is_not_is_refused_by_both(
    still: dict[str, Session], dataset_type: str, given_ids: list[Any]
) -> None:
    write = still["writer"]
    prepared = answer(write, "prepare_put", "r/one", dataset_type, given_ids)
    put = answer(write, "put", "r/one", datasets(dataset_type, *given_ids))
    if isinstance(prepared, str):
        assert (prepared[:2], put[:2]) == ("UB", "UB")
    else:
        assert [row["row_number"] for row in prepared] == [n for n, _ in enumerate(given_ids, 1)]
        assert put == [{"put": len(given_ids)}]


COLUMNS = list(UNITS)
separators = st.text(st.sampled_from("ab:1,|;'\"\\/é🔭0- \n\t"), max_size=6)
numbers = st.integers(0, 30)
whole_ids = st.fixed_dictionaries(
    {},
    optional={
        unit.name: {
            ValueType.TEXT: separators,
            ValueType.INTEGER: numbers,
            ValueType.RANGE: st.tuples(numbers, st.none() | st.integers(31, 60)),
        }[unit.value_type]
        for unit in UNITS.values()
    },
)


def digest_in_python(data_id: dict[str, Any]) -> UUID:
    """The same from its description: letter and value; texts after their length in bytes."""
    letters = dict(zip(COLUMNS, "cbfdvnrmtpxl", strict=True))
    text = ""
    for name in COLUMNS:
        value = data_id.get(name)
        if value is None:
            continue
        if isinstance(value, str):
            text += f"{letters[name]}{len(value.encode())}:{value}"
        elif isinstance(value, tuple):
            text += f"{letters[name]}{value[0]}-{'' if value[1] is None else value[1]}"
        else:
            text += f"{letters[name]}{value}"
    return UUID(hashlib.md5(text.encode()).hexdigest())


def digest(session: Session, data_id: dict[str, Any]) -> UUID:
    def bound(value: Any) -> Any:
        return f"[{value[0]},{'' if value[1] is None else value[1]})" if isinstance(value, tuple) else value

    marks = ", ".join(f"%s::{unit.sql_type}" for unit in UNITS.values())
    found: UUID = session.scalar(
        f"SELECT butler_common.data_id_digest({marks})", *(bound(data_id.get(name)) for name in COLUMNS)
    )
    return found


@few
@given(whole_ids, whole_ids)
@example({"camera": "a", "label": "b"}, {"camera": "a1:b"})
@example({"camera": "1:a"}, {"camera": "1", "abstract_filter": "a"})
@example({"sensor": 1, "visit": 11}, {"sensor": 11, "visit": 1})
@example({"visit_range": (1, None)}, {"visit_range": (1, 31)})
@example({"camera": ""}, {})
def test_digests_are_equal_exactly_for_equal_data_ids(
    still: dict[str, Session], one: dict[str, Any], other: dict[str, Any]
) -> None:
    own = still["owner"]
    assert (digest(own, one) == digest(own, other)) == (one == other)
    assert digest(own, one) == digest_in_python(one)


@few
@given(
    st.lists(
        st.dictionaries(
            st.sampled_from(
                [
                    "camera",
                    "visit",
                    "visit_name",
                    "exposure_time",
                    "region",
                    "obs_begin_tai",
                    "extra",
                    "night",
                ]
            )
            | hostile_texts(),
            json_values(),
            max_size=4,
        ),
        max_size=3,
    )
)
def test_rows_of_units_come_in_or_are_refused_and_leave_nothing(
    still: dict[str, Session], rows: list[Any]
) -> None:
    write = still["writer"]
    before = contents(still["owner"])
    write.rows("BEGIN")
    try:
        write.rows("SELECT butler.register_units('visit', %s)", json.dumps(rows))
    except psycopg2.Error as error:
        code = error.pgcode or ""
        assert code[:2] in ("UB", "23"), code
    finally:
        write.rows("ROLLBACK")
    assert contents(still["owner"]) == before


@few
@given(hostile_names(), hostile_names())
def test_a_collection_is_named_as_it_was_asked_or_refused(
    still: dict[str, Session], name: str, doc: str
) -> None:
    write = still["writer"]
    bad = (
        not name
        or len(name.encode()) > 255
        or any(not part or part in (".", "..") for part in name.split("/"))
    )
    write.rows("BEGIN")
    try:
        made = write.call("register_collection", name, "run", doc)
        assert not bad
        if made:
            assert write.rows("SELECT doc FROM butler.collection WHERE collection = %s", name) == [(doc,)]
            assert write.column("SELECT run FROM butler.run WHERE run = %s", name) == [name]
    except psycopg2.Error as error:
        code = error.pgcode
        assert code in ("UB305", "UB202")
        assert bad or code == "UB202" or re.search(r"[\x00-\x1f\x7f-\x9f]|^\s|\s$|\W", name)
    finally:
        write.rows("ROLLBACK")

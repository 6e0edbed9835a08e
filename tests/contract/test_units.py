"""The units are named once in Python and once in SQL; wherever else they are listed, the list is the same."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from db.session import Session

from butler import models
from butler.schema.objects import SqlObject, read_objects, sql_root
from butler.units import UNITS, Unit, ValueType

OBJECTS = read_objects(sql_root())
NAMES = list(UNITS)

LEFT_OUT = {
    # A range isn't given plainly: it needs reading.
    "common/units_given_plainly.sql": {"visit_range"},
    # The three that a sensor read in a visit has.
    "functions/data_ids/unknown_unit.sql": {"camera", "sensor", "visit"},
    # A calibration is valid for times, not for visits.
    "views/calibrations/calibration.sql": {"visit", "snap", "visit_range"},
}
"""Files whose one list isn't of all units: those that it leaves out."""

_ITEM = rf"(?:[a-z][a-z0-9_]*\.)?\b(?:p_)?(?:{'|'.join(NAMES)})\b(?:::| )?(?:text|integer|bigint|int8range)?"
_LIST = re.compile(rf"{_ITEM}(?:,\s*{_ITEM}){{7,}}")


def lists(sql: str) -> list[tuple[str, list[str]]]:
    """Give the lists of eight units or more that a file has, each with what stands before it."""
    sql = re.sub(r"^ *--.*$", "", sql, flags=re.MULTILINE)
    return [
        (sql[: found.start()], re.findall(rf"\b(?:p_)?({'|'.join(NAMES)})\b", found[0]))
        for found in _LIST.finditer(sql)
    ]


@pytest.mark.parametrize("obj", OBJECTS, ids=lambda obj: obj.path)
def test_a_list_of_the_units_has_each_once_in_their_order_where_it_doesn_t_sort(obj: SqlObject) -> None:
    wanted = [name for name in NAMES if name not in LEFT_OUT.get(obj.path, set())]
    for before, listed in lists(obj.sql):
        sorts = re.search(r"(ORDER BY\s+(?:[a-z]\.\w+,\s+)*|array_position\(\s*'\{)$", before)
        assert (sorted(listed) == sorted(wanted)) if sorts else (listed == wanted)


def test_a_list_that_lacks_a_unit_or_has_them_in_another_order_is_seen() -> None:
    whole = ", ".join(f"d.{name}" for name in NAMES)
    assert lists(f"SELECT {whole} FROM x") == [("SELECT ", NAMES)]
    ((before, listed),) = lists(f"SELECT d.state, {whole.replace('d.visit, ', '')} FROM x, y")
    assert (before, listed) == ("SELECT d.state, ", [name for name in NAMES if name != "visit"])
    declared = ",\n    ".join(f"p_{unit.name} {unit.sql_type}" for unit in UNITS.values())
    assert lists(f"f(\n    {declared}\n) RETURNS text\n-- {whole}") == [("f(\n    ", NAMES)]
    assert lists("SELECT camera, visit, sensor, skymap, tract, patch FROM sensor_patch_join") == []


def test_a_list_is_written_out_only_where_decision_16_says_so() -> None:
    counted = {obj.path: len(found) for obj in OBJECTS if (found := lists(obj.sql))}
    assert counted == {
        # Each unit is treated on its own.
        "common/data_id_digest.sql": 1,
        "common/unit_mask.sql": 1,
        "common/units_given_plainly.sql": 1,
        "functions/data_ids/unknown_unit.sql": 1,
        # The type itself, and rows made of it.
        "types/data_id.sql": 1,
        "functions/data_ids/read_data_ids.sql": 2,
        # Columns of tables and views.
        "functions/puts/merge_datasets.sql": 4,
        "functions/puts/put.sql": 1,
        "functions/puts/staged_existing.sql": 1,
        "functions/puts/staged_problems.sql": 1,
        "functions/queries/query_dataset_columns.sql": 1,
        "views/calibrations/calibration.sql": 1,
        "views/datasets/dataset.sql": 1,
        "views/datasets/removal.sql": 1,
        # The order in which datasets are listed.
        "functions/queries/compose_search.sql": 1,
    }


def test_the_database_has_the_units_that_python_has(still: dict[str, Session]) -> None:
    rows = still["owner"].rows("SELECT unit, value_type, view, requires FROM butler.unit ORDER BY position")
    assert rows == [(u.name, u.value_type, u.view, list(u.requires)) for u in UNITS.values()]
    assert still["owner"].column("SELECT position FROM butler.unit ORDER BY 1") == list(range(len(UNITS)))


ATTRIBUTES = """
    SELECT a.attname, format_type(a.atttypid, a.atttypmod) FROM pg_attribute AS a
    WHERE a.attrelid = %s::regclass AND a.attnum > 0 AND a.attname = ANY (%s) ORDER BY a.attnum
"""


@pytest.mark.parametrize("relation", ["butler_internal.data_id", "butler.dataset", "butler.removal"])
def test_a_row_that_has_the_units_has_them_in_their_order_by_their_types(
    still: dict[str, Session], relation: str
) -> None:
    columns = still["owner"].rows(ATTRIBUTES, relation, NAMES)
    assert columns == [(unit.name, unit.sql_type) for unit in UNITS.values()]


def test_the_model_of_a_dataset_has_each_unit() -> None:
    columns = models.Dataset.__table__.columns
    found = [(name, columns[name].type.compile().lower()) for name in NAMES]
    assert found == [(unit.name, unit.sql_type) for unit in UNITS.values()]


def value_of(unit: Unit) -> Any:
    return {ValueType.TEXT: "x", ValueType.INTEGER: 7, ValueType.RANGE: "7..9"}[unit.value_type]


@pytest.mark.parametrize("unit", UNITS.values(), ids=lambda unit: unit.name)
def test_each_unit_is_seen_by_what_takes_them_one_by_one(still: dict[str, Session], unit: Unit) -> None:
    """Its bit, its part of the digest, and its way from JSON to a row and back."""
    own, given, mask = still["owner"], json.dumps({unit.name: value_of(unit)}), 1 << NAMES.index(unit.name)
    every = ", ".join(f"(r.data_id).{name}" for name in NAMES)
    none = ", ".join(f"NULL::{each.sql_type}" for each in UNITS.values())
    ((bit, digest, again, back, problem),) = own.rows(
        f"SELECT butler_common.unit_mask({every}), r.digest, butler_common.data_id_digest({every}),"
        " butler_internal.data_id_json(r.data_id), r.problem"
        " FROM butler_internal.read_data_ids(%s, jsonb_build_array(%s::jsonb)) AS r",
        mask,
        given,
    )
    assert (bit, digest, back, problem) == (mask, again, json.loads(given), None)
    assert digest != own.scalar(f"SELECT butler_common.data_id_digest({none})")
    plain = own.scalar("SELECT butler_common.units_given_plainly(%s::jsonb)", given)
    assert plain == (None if unit.value_type is ValueType.RANGE else mask)
    assert isinstance(value_of(unit), unit.python_type)
    assert set(unit.requires) < set(NAMES[: NAMES.index(unit.name)]) | {"x"}

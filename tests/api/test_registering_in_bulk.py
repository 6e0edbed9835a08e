"""Datasets registered in bulk: a bad value is told of as such, and leaves nothing."""

from __future__ import annotations

from typing import Any

import pytest

from butler import Artifact, Butler, CollectionType, DatasetType
from butler.errors import InvalidDataIdError, UnitNotFoundError
from butler.registry.postgres import copy_in
from butler.values import new_dataset_id

GOOD = {"camera": "Cam", "sensor": 1, "visit_range": "1..5"}


@pytest.fixture
def butler(butler: Butler) -> Butler:
    butler.registry.definitions.register_camera(
        {"camera": "Cam", "sensors": [{"sensor": 1, "sensor_name": "S1"}], "filters": []}
    )
    butler.registry.definitions.register_units("visit_range", [{"camera": "Cam", "visit_range": "1..5"}])
    butler.registry.definitions.register_dataset_type(
        DatasetType("defects", "Dict", ("sensor", "visit_range"))
    )
    butler.registry.collections.register("bulk", CollectionType.RUN)
    return butler


def register(butler: Butler, *data_ids: dict[str, Any]) -> int:
    name = butler.datastore.name
    rows = []
    for data_id in data_ids:
        dataset_id = new_dataset_id()
        artifact = Artifact(name, f"bulk/defects_{dataset_id.hex}.json", "json", 2, bytes(32), "")
        rows.append((dataset_id, data_id, artifact))
    return butler.registry.puts.register("bulk", "defects", name, rows).new


@pytest.mark.parametrize(
    "wrong",
    [
        {"camera": "C\x00am"},
        {"camera": "C\ud800am"},
        {"visit_range": "5..2"},
        {"visit_range": "1..lunch"},
        {"visit_range": "1..10000000000000000000"},
        {"sensor": 10**30},
        {"sensor": 2**31},
        {"sensor": "one"},
        {"sensor": 1.5},
        {"sensor": [1]},
        {"exposure": 1},
    ],
)
def test_a_value_that_no_unit_can_have(butler: Butler, wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidDataIdError):
        register(butler, GOOD, {**GOOD, **wrong})
    assert len(butler.query.datasets("defects", collections="bulk")) == 0
    assert register(butler, GOOD) == 1


def test_what_the_rows_themselves_raise_is_raised(butler: Butler) -> None:
    def rows() -> Any:
        yield from ()
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        butler.registry.puts.register("bulk", "defects", butler.datastore.name, rows())


@pytest.fixture
def small_lots(monkeypatch: pytest.MonkeyPatch, butler: Butler) -> list[dict[str, Any]]:
    """Give the data IDs of four lots, the last of one row."""
    monkeypatch.setattr(copy_in, "_AT_ONCE", 3)
    ranges = [f"{first}..{first + 5}" for first in range(10, 110, 10)]
    butler.registry.definitions.register_units(
        "visit_range", [{"camera": "Cam", "visit_range": one} for one in ranges]
    )
    return [{**GOOD, "visit_range": one} for one in ranges]


def test_all_lots_are_registered(butler: Butler, small_lots: list[dict[str, Any]]) -> None:
    assert register(butler, *small_lots) == len(butler.query.datasets("defects", collections="bulk")) == 10


def test_a_bad_row_of_the_last_lot_is_named_and_keeps_all_out(
    butler: Butler, small_lots: list[dict[str, Any]]
) -> None:
    with pytest.raises(UnitNotFoundError) as caught:
        register(butler, *small_lots[:9], {**GOOD, "sensor": 9})
    assert set(caught.value.by_row()) == {9}
    assert len(butler.query.datasets("defects", collections="bulk")) == 0


def test_rows_that_fail_after_lots_were_handed_over_leave_nothing(
    butler: Butler, small_lots: list[dict[str, Any]]
) -> None:
    name = butler.datastore.name

    def rows() -> Any:
        for number, data_id in enumerate(small_lots):
            dataset_id = new_dataset_id()
            yield dataset_id, data_id, Artifact(name, f"bulk/{dataset_id.hex}", "json", 2, bytes(32))
            if number == 8:
                raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        butler.registry.puts.register("bulk", "defects", name, rows())
    assert len(butler.query.datasets("defects", collections="bulk")) == 0
    assert register(butler, *small_lots) == 10, "its connection is as good as before"


def test_what_the_run_has_is_passed_over_in_each_lot(
    butler: Butler, small_lots: list[dict[str, Any]]
) -> None:
    name = butler.datastore.name
    there = small_lots[1::3]
    register(butler, *there)
    found = butler.registry.lookup.find_in_run("bulk", "defects", there)
    rows = [
        (new_dataset_id(), data_id, Artifact(name, "bulk/a", "json", 2, bytes(32))) for data_id in small_lots
    ]
    registered = butler.registry.puts.register("bulk", "defects", name, rows, skip_existing=True)
    assert registered.new == 7
    assert registered.existing == {
        row[0]: existing for row, (_, existing) in zip(rows[1::3], found, strict=True)
    }


def test_no_lot_ends_amid_a_dataset(butler: Butler, small_lots: list[dict[str, Any]]) -> None:
    name = butler.datastore.name
    rows = []
    for data_id in small_lots:
        dataset_id = new_dataset_id()
        for component in ("wcs", "psf"):
            path = f"bulk/{dataset_id.hex}-{component}"
            rows.append((dataset_id, data_id, Artifact(name, path, "json", 2, bytes(32), component)))
    assert butler.registry.puts.register("bulk", "defects", name, rows).new == 10
    assert butler.registry.query("SELECT count(*) FROM artifact").scalar() == 20

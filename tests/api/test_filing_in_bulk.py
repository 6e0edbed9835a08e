"""Datasets filed in bulk: a bad value is told of as such, and leaves nothing."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from butler import Artifact, Butler, DatasetType
from butler.errors import InvalidDataIdError

GOOD = {"camera": "Cam", "sensor": 1, "visit_range": "1..5"}


@pytest.fixture
def butler(butler: Butler) -> Butler:
    butler.registry.register_camera(
        {"camera": "Cam", "sensors": [{"sensor": 1, "sensor_name": "S1"}], "filters": []}
    )
    butler.registry.register_units("visit_range", [{"camera": "Cam", "visit_range": "1..5"}])
    butler.registry.register_dataset_type(DatasetType("defects", "Dict", ("sensor", "visit_range")))
    butler.registry.register_collection("bulk", "run")
    return butler


def file(butler: Butler, *data_ids: dict[str, Any]) -> int:
    name = butler.datastore.name
    rows = []
    for data_id in data_ids:
        dataset_id = uuid4()
        artifact = Artifact(name, f"bulk/defects_{dataset_id.hex}.json", "json", 2, bytes(32), "")
        rows.append((dataset_id, data_id, artifact))
    return butler.registry.file_datasets("bulk", "defects", name, rows).new


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
        file(butler, GOOD, {**GOOD, **wrong})
    assert len(butler.query.datasets("defects", collections="bulk")) == 0
    assert file(butler, GOOD) == 1


def test_what_the_rows_themselves_raise_is_raised(butler: Butler) -> None:
    def rows() -> Any:
        yield from ()
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        butler.registry.file_datasets("bulk", "defects", butler.datastore.name, rows())

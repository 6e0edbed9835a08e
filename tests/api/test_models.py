from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import func, inspect, select
from sqlalchemy.exc import InvalidRequestError
from sqlalchemy.orm import selectinload

from butler import Butler, models
from butler.errors import NotSupportedError

SQUARE = [[10, 0], [11, 0], [11, 1], [10, 1]]


@pytest.fixture
def butler(butler: Butler) -> Butler:
    registry = butler.registry
    registry.definitions.register_camera(
        {"camera": "Cam", "sensors": [{"sensor": 1}], "filters": [{"physical_filter": "r"}]}
    )
    registry.definitions.register_units(
        "visit",
        [
            {"camera": "Cam", "visit": 1, "visit_name": "one", "physical_filter": "r", "exposure_time": 60},
            {"camera": "Cam", "visit": 2, "visit_name": "two", "exposure_time": 5},
        ],
    )
    registry.definitions.register_units(
        "observed_sensor", [{"camera": "Cam", "visit": 1, "sensor": 1, "region": SQUARE}]
    )
    registry.definitions.register_skymap(
        {
            "skymap": "sky",
            "tracts": [{"tract": 0, "region": SQUARE, "patches": [{"patch": 3, "region": SQUARE}]}],
        }
    )
    return butler


def test_every_view_of_the_contract_has_a_class_with_all_its_columns(butler: Butler) -> None:
    rows = butler.registry.query(
        "SELECT c.table_name AS view, c.column_name AS name FROM information_schema.columns AS c"
        " WHERE c.table_schema = 'butler'"
    )
    columns: dict[str, set[str]] = {}
    for row in rows:
        columns.setdefault(row.view, set()).add(row.name)
    for mapper in models.Base.registry.mappers:
        table: Any = mapper.local_table
        assert {column.name for column in table.columns} == columns[table.name], table.name


def test_visits_join_their_patches(butler: Butler) -> None:
    with butler.registry.session() as session:
        found = session.execute(
            select(models.Visit.visit, models.Patch.patch).join(models.Visit.patches)
        ).all()
        visits = session.scalars(select(models.Visit).join(models.Visit.patches)).all()
    assert found == [(1, 3)]
    assert [v.visit_name for v in visits] == ["one"]


def test_conditions_are_those_of_sql(butler: Butler) -> None:
    with butler.registry.session() as session:
        long = session.scalars(select(models.Visit.visit).where(models.Visit.exposure_time > 30)).all()
        near = session.scalars(
            select(models.ObservedSensor.visit).where(
                func.butler.sky_within(models.ObservedSensor.region, 10.5, 0.5, 0.1)
            )
        ).all()
    assert long == [1]
    assert near == [1]


def test_a_relationship_that_was_not_asked_for_is_not_loaded_behind_ones_back(butler: Butler) -> None:
    with butler.registry.session() as session:
        visit = session.scalars(select(models.Visit).where(models.Visit.visit == 1)).one()
        with pytest.raises(InvalidRequestError):
            _ = visit.sensors
        visit = session.scalars(
            select(models.Visit).where(models.Visit.visit == 1).options(selectinload(models.Visit.sensors)),
            execution_options={"populate_existing": True},
        ).one()
        assert [s.sensor for s in visit.sensors] == [1]


def test_nothing_can_be_written(butler: Butler) -> None:
    with butler.registry.session() as session:
        session.add(models.Label(label="x", doc=""))
        with pytest.raises(NotSupportedError):
            session.flush()


def test_every_relationship_makes_a_query(butler: Butler) -> None:
    with butler.registry.session() as session:
        for mapper in models.Base.registry.mappers:
            for relation in inspect(mapper.class_).relationships:
                session.execute(
                    select(func.count()).select_from(mapper.class_).join(getattr(mapper.class_, relation.key))
                )

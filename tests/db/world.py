"""A small observatory, registered once, that each test gets a copy of.

Two cameras with the same visit numbers, one sky map that both look at, and
dataset types that together use every unit.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg2
import pytest
from marking import age_marks
from pytest_postgresql.executors import NoopExecutor
from pytest_postgresql.factories import postgresql_noproc

from butler.testing.databases import fresh_database
from butler.testing.postgres import TemporaryServer
from butler.values import new_dataset_id, new_dataset_ids
from db.session import Session

DAY = timedelta(days=1)

DATASET_TYPES = {
    "raw": ["visit", "sensor"],
    "bias": ["sensor"],
    "flat": ["sensor", "physical_filter"],
    "visit_summary": ["visit"],
    "snap_image": ["snap"],
    "defects": ["visit_range", "sensor"],
    "coadd": ["patch", "abstract_filter"],
    "background": ["tract"],
    "sky_map": ["skymap"],
    "reference": ["sky_pixel"],
    "note": ["label"],
    "camera_geometry": ["camera"],
    "census": [],
}

BOX = [[10.0, 0.0], [10.2, 0.0], [10.2, 0.2], [10.0, 0.2]]


def square(ra: float, dec: float, size: float = 0.1) -> list[list[float]]:
    """Vertices of a square with its lower left corner there, degrees."""
    return [[ra, dec], [ra + size, dec], [ra + size, dec + size], [ra, dec + size]]


def camera(name: str, **more: Any) -> dict[str, Any]:
    return {
        "camera": name,
        "sensors": [
            {"sensor": n, "sensor_name": f"S{n}", "group": "R0", "nx": 2048, "ny": 4096} for n in (1, 2, 3)
        ],
        "filters": [
            {"physical_filter": f"{name}-{band}", "abstract_filter": band, "wavelength_min": 500.0 + n}
            for n, band in enumerate("gr")
        ],
        **more,
    }


def populate(writer: Session) -> None:
    writer.call(
        "register_camera", camera("Cam", extra={"gain": {"type": "float", "doc": "Gain.", "unit": "e/adu"}})
    )
    writer.call("register_camera", camera("Spec"))
    visits: list[dict[str, Any]] = [
        {
            "camera": name,
            "visit": visit,
            "visit_name": f"{name}-{visit}",
            "physical_filter": f"{name}-r",
            "obs_begin_tai": f"2026-01-0{visit}T00:00:37",
            "obs_end_tai": f"2026-01-0{visit}T00:01:07",
            "exposure_time": 30.0,
            "night": f"2026-01-0{visit}",
            "observation_type": "science",
            "region": BOX,
        }
        for name in ("Cam", "Spec")
        for visit in (1, 2, 3)
    ]
    visits[0]["extra"] = {"gain": 1.5}
    writer.call("register_units", "visit", visits)
    writer.call(
        "register_units",
        "observed_sensor",
        [
            {"camera": name, "visit": visit, "sensor": sensor, "region": square(10 + 0.1 * (sensor - 1), 0)}
            for name in ("Cam", "Spec")
            for visit in (1, 2)
            for sensor in (1, 2)
        ],
    )
    writer.call(
        "register_units",
        "snap",
        [{"camera": "Cam", "visit": 1, "snap": n, "exposure_time": 15.0} for n in (0, 1)],
    )
    writer.call(
        "register_units",
        "visit_range",
        [{"camera": "Cam", "visit_range": "1..3"}, {"camera": "Cam", "visit_range": "2.."}],
    )
    writer.call(
        "register_units",
        "visit_self_join",
        [{"camera_1": "Cam", "visit_1": 1, "camera_2": "Spec", "visit_2": 2}],
    )
    writer.call(
        "register_skymap",
        {
            "skymap": "rings",
            "tracts": [
                {
                    "tract": tract,
                    "region": square(10 + tract, 0, 1),
                    "patches": [
                        {"patch": n, "cell_x": n, "cell_y": 0, "region": square(10 + tract + 0.1 * n, 0.05)}
                        for n in (0, 1)
                    ],
                }
                for tract in (0, 1)
            ],
        },
    )
    writer.call("register_units", "sky_pixel", [{"sky_pixel": 17, "region": square(40, 40, 5)}])
    writer.call("register_units", "label", [{"label": "twilight"}])
    for name, units in DATASET_TYPES.items():
        writer.call("register_dataset_type", name, "Dict", units)
    writer.call("register_datastore", "main", "file:///data/")
    writer.call("register_collection", "r/one", "run")
    writer.call("register_collection", "r/two", "run")
    writer.call("register_collection", "best", "tagged")
    writer.call("register_collection", "all", "chained")


def put(
    writer: Session,
    dataset_type: str,
    *data_ids: dict[str, Any],
    run: str = "r/one",
    quantum: UUID | None = None,
) -> list[UUID]:
    """Put datasets, as the Butler does, with made-up artifacts; the run is made if need be."""
    given = datasets(dataset_type, *data_ids)
    writer.call("open_run", run)
    writer.call("put", run, given, quantum)
    return [UUID(each["dataset_id"]) for each in given]


def id_made(ago: timedelta = timedelta(0)) -> UUID:
    """Make a version 7 UUID as it would have been made so long ago."""
    milliseconds = round((time.time() - ago.total_seconds()) * 1000)
    number = milliseconds << 80 | int.from_bytes(os.urandom(10))
    return UUID(int=number & ~(0xF000 << 64 | 0xC000 << 48) | 0x7000 << 64 | 0x8000 << 48)


def dataset(
    dataset_type: str,
    data_id: Any,
    *components: str,
    dataset_id: UUID | None = None,
    datastore: str = "main",
    path: str | None = None,
) -> dict[str, Any]:
    """Give a dataset as `put` takes it, with made-up artifacts: one, or one a component."""
    made = dataset_id or new_dataset_id()
    return {
        "dataset_id": str(made),
        "dataset_type": dataset_type,
        "data_id": data_id,
        "artifacts": [
            {
                "datastore": datastore,
                "component": component,
                "path": path or f"r/{dataset_type}_{made.hex}{component and '-'}{component}.json",
                "formatter": "json",
                "size": 3,
                "sha256": hashlib.sha256(component.encode()).hexdigest(),
            }
            for component in components or ("",)
        ],
    }


def datasets(dataset_type: str, *data_ids: Any, datastore: str = "main") -> list[dict[str, Any]]:
    """Give datasets of one type as `put` takes them, with ids that ascend."""
    return [
        dataset(dataset_type, data_id, dataset_id=made, datastore=datastore)
        for data_id, made in zip(data_ids, new_dataset_ids(len(data_ids)), strict=True)
    ]


def contents(owner: Session, *registries: str) -> dict[str, int]:
    """Count the rows of every table."""
    schemas = [f"{name}_internal" for name in registries or ("butler",)]
    tables = owner.column(
        "SELECT c.oid::regclass::text FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace"
        " WHERE c.relkind = 'r' AND n.nspname = ANY (%s) ORDER BY 1",
        schemas,
    )
    counted = " UNION ALL ".join(f"SELECT '{table}', count(*) FROM {table}" for table in tables)
    return dict(owner.rows(counted))


def load_world(*, host: str, port: int, dbname: str, **_: Any) -> None:
    connection = psycopg2.connect(host=host, port=port, dbname=dbname, user="butler_writer")
    connection.autocommit = True
    populate(Session(connection))
    connection.close()
    owner = psycopg2.connect(host=host, port=port, dbname=dbname, user="butler_owner")
    owner.autocommit = True
    age_marks(owner)
    owner.close()


world_noproc = postgresql_noproc(dbname="world", depends_on="butler_noproc", load=[load_world])


@pytest.fixture(scope="session")
def butler_template(world_noproc: NoopExecutor) -> str:
    """The observatory instead of the empty database, for every test of the folder."""
    return world_noproc.template_dbname


@pytest.fixture
def write(database: Any) -> Session:
    return Session(database.connect("writer"))


@pytest.fixture
def read(database: Any) -> Session:
    return Session(database.connect("reader"))


@pytest.fixture
def own(database: Any) -> Session:
    return Session(database.connect("owner"))


@pytest.fixture(scope="session")
def still(butler_server: TemporaryServer, butler_template: str) -> Iterator[dict[str, Session]]:
    """Sessions in one database for all the tests that change nothing in it."""
    with fresh_database(butler_server, butler_template) as database:
        yield {role: Session(database.connect(role)) for role in ("owner", "writer", "reader")}

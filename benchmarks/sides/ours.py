"""Butler, as it comes: fsync and checksums on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from benchmarks import survey
from benchmarks.place import Place
from butler import Butler
from butler.config import RepositoryConfig
from butler.datastore.config import DatastoreConfig
from butler.datastore.storage.root_mark import MARK_NAME
from butler.maintenance.marks import examine, mark
from butler.registry.postgres.engine import one_transaction
from butler.roots import add_datastore
from butler.schema.login_roles import set_anew
from butler.schema.migrations import initialise, upgrade
from butler.values import DatasetType

UNITS = ("camera", "visit", "sensor")
METRIC, RAW = "metric", "raw"
FILLED = "filled"


def data_id(observed: survey.Observed) -> dict[str, Any]:
    """Give it as our data ID."""
    return {"camera": survey.CAMERA, "visit": observed.visit, "sensor": observed.sensor}


def open_butler(place: Place, run: str | None = None, collections: Iterable[str] = ()) -> Butler:
    """Open the repository."""
    return Butler(place.folder, run=run, collections=tuple(collections))


def adopt(place: Place) -> None:
    """Make the place's database, a copy, this place's own."""
    place.folder.mkdir(parents=True)
    RepositoryConfig(
        place.folder,
        {role: place.dsn(f"butler_{role}") for role in ("owner", "writer", "reader")},
        datastores={"main": DatastoreConfig.from_plain({"root": str(place.data)})},
    ).write()
    with one_transaction(place.dsn()) as connection:  # a copy hasn't the settings of its database
        initialise(connection)
    with open_butler(place) as butler:
        if butler.datastore.name in butler.registry.definitions.datastores():
            _mark_anew(place, butler)


def _mark_anew(place: Place, butler: Butler) -> None:
    """Have the root bear the copy's mark, instead of that of the copy before."""
    (place.data / MARK_NAME).unlink(missing_ok=True)
    examined = examine(butler.registry, butler.datastore, empty=True)
    with one_transaction(place.dsn("butler_owner")) as connection:
        mark(connection, examined)


def make(place: Place) -> None:
    """Make a repository with the survey's units, in an empty database."""
    with one_transaction(place.dsn()) as connection:
        initialise(connection)
        set_anew(connection)
    with one_transaction(place.dsn("butler_owner")) as connection:
        upgrade(connection)
    adopt(place)
    visits = list(survey.visits(survey.visits_needed(place.survey)))
    with open_butler(place) as butler:
        registry = butler.registry
        add_datastore(registry, butler.datastore)
        registry.definitions.register_camera(_camera())
        for name in (METRIC, RAW):
            registry.definitions.register_dataset_type(DatasetType(name, "Dict", UNITS))
        registry.definitions.register_units("visit", [_visit(visit) for visit in visits])
        sensors = _observed_sensors(visits)
        while rows := list(islice(sensors, 10_000)):
            registry.definitions.register_units("observed_sensor", rows)


def fill(place: Place) -> None:
    """Ingest the survey's raws in place."""
    files = survey.raw_files(place.raws, place.survey)
    with open_butler(place, FILLED) as butler:
        butler.ingest(
            zip(files, map(data_id, survey.observed(place.survey)), strict=True), RAW, mode="in-place"
        )


def _camera() -> dict[str, Any]:
    return {
        "camera": survey.CAMERA,
        "sensors": [{"sensor": number, "sensor_name": f"D{number:03d}"} for number in range(survey.SENSORS)],
        "filters": [
            {"physical_filter": name, "abstract_filter": band} for name, band in survey.FILTERS.items()
        ],
    }


def _visit(visit: survey.Visit) -> dict[str, Any]:
    return {
        "camera": survey.CAMERA,
        "visit": visit.visit,
        "visit_name": f"v{visit.visit}",
        "physical_filter": visit.physical_filter,
        "night": visit.night.isoformat(),
        "seq_num": visit.seq_num,
        "observation_type": "science",
        "exposure_time": survey.EXPOSURE_SECONDS,
        "obs_begin_tai": visit.begin.isoformat(),
        "obs_end_tai": visit.end.isoformat(),
        "region": visit.region,
    }


def _observed_sensors(visits: Iterable[survey.Visit]) -> Iterator[dict[str, Any]]:
    for visit in visits:
        for sensor, region in visit.sensor_regions():
            yield {"camera": survey.CAMERA, "visit": visit.visit, "sensor": sensor, "region": region}

"""LSST's daf_butler at its defaults."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import astropy.time
from lsst.daf.butler import (
    Butler,
    Config,
    DataCoordinate,
    DatasetRef,
    DatasetType,
    FileDataset,
    Timespan,
)
from lsst.sphgeom import ConvexPolygon, LonLat, UnitVector3d

from benchmarks import survey
from benchmarks.place import Place

METRIC, RAW = "metric", "raw"
FILLED = "filled"


def metric_id(observed: survey.Observed) -> dict[str, Any]:
    """Give it as the peer's data ID of a processed visit."""
    return {"instrument": survey.CAMERA, "visit": observed.visit, "detector": observed.sensor}


def open_butler(place: Place, run: str | None = None, collections: Iterable[str] = ()) -> Any:
    """Open the repository to write."""
    chosen = {"collections": list(collections)} if collections else {}
    return Butler.from_config(str(place.folder), writeable=True, run=run, **chosen)


def make(place: Place) -> None:
    """Make a repository with the survey's units, in an empty database."""
    import psycopg

    with psycopg.connect(place.dsn(), autocommit=True) as connection:
        connection.execute("CREATE EXTENSION btree_gist")
    settings = Config()
    settings["registry", "db"] = place.dsn()
    Butler.makeRepo(str(place.folder), settings)
    butler = open_butler(place)
    _register_units(butler, list(survey.visits(survey.visits_needed(place.survey))))
    butler.registry.registerDatasetType(_metric(butler))
    butler.registry.registerDatasetType(_raw(butler))


def fill(place: Place) -> None:
    """Ingest the survey's raws in place."""
    files = survey.raw_files(place.raws, place.survey)
    butler = open_butler(place, FILLED)
    butler.collections.register(FILLED)
    butler.ingest(*to_ingest(butler, files, survey.observed(place.survey), FILLED), transfer="direct")


def to_ingest(butler: Any, files: Iterable[Any], sensors: Iterable[survey.Observed], run: str) -> list[Any]:
    """Give the files as the peer's `ingest` takes them."""
    raw = _raw(butler)
    return [
        FileDataset(
            path=str(file),
            refs=[
                DatasetRef(
                    raw,
                    DataCoordinate.standardize(
                        {
                            "instrument": survey.CAMERA,
                            "exposure": observed.visit,
                            "detector": observed.sensor,
                        },
                        universe=butler.dimensions,
                        dimensions=raw.dimensions,
                    ),
                    run=run,
                )
            ],
        )
        for file, observed in zip(files, sensors, strict=True)
    ]


def _metric(butler: Any) -> Any:
    units = butler.dimensions.conform(["instrument", "visit", "detector"])
    return DatasetType(METRIC, units, "StructuredDataDict")


def _raw(butler: Any) -> Any:
    units = butler.dimensions.conform(["instrument", "exposure", "detector"])
    return DatasetType(RAW, units, "StructuredDataDict")


def _register_units(butler: Any, visits: list[survey.Visit]) -> None:
    camera = {"instrument": survey.CAMERA}
    insert = butler.registry.insertDimensionData
    insert(
        "instrument",
        {
            "name": survey.CAMERA,
            "visit_max": 10**7,
            "visit_system": 0,
            "exposure_max": 10**7,
            "detector_max": survey.SENSORS,
            "class_name": "none",
        },
    )
    for name, band in survey.FILTERS.items():
        insert("physical_filter", camera | {"name": name, "band": band})
    insert(
        "detector",
        *[
            camera | {"id": number, "full_name": f"D{number:03d}", "name_in_raft": f"S{number}", "raft": "R"}
            for number in range(survey.SENSORS)
        ],
    )
    insert("visit_system", camera | {"id": 0, "name": "one-to-one"})
    nights = {visit.night: visit for visit in visits if visit.seq_num == 0}
    insert(
        "day_obs",
        *[
            camera | {"id": _day(night), "timespan": _span(first.begin, first.begin.replace(hour=23))}
            for night, first in nights.items()
        ],
    )
    insert("group", *[camera | {"name": f"g{visit.visit}"} for visit in visits])
    insert("exposure", *[camera | _exposure(visit) for visit in visits])
    insert("visit", *[camera | _visit(visit) for visit in visits])
    insert("visit_definition", *[camera | {"exposure": v.visit, "visit": v.visit} for v in visits])
    insert("visit_system_membership", *[camera | {"visit": v.visit, "visit_system": 0} for v in visits])
    for visit in visits:
        insert(
            "visit_detector_region",
            *[
                camera | {"visit": visit.visit, "detector": sensor, "region": _region(corners)}
                for sensor, corners in visit.sensor_regions()
            ],
        )


def _exposure(visit: survey.Visit) -> dict[str, Any]:
    return {
        "id": visit.visit,
        "obs_id": f"exp{visit.visit:06d}",
        "group": f"g{visit.visit}",
        "observation_type": "science",
        "seq_start": visit.seq_num,
        "seq_end": visit.seq_num,
        "dark_time": survey.EXPOSURE_SECONDS,
        "tracking_ra": visit.ra,
        "tracking_dec": visit.dec,
        "sky_angle": 0.0,
        "has_simulated": False,
        "can_see_sky": True,
    } | _common(visit)


def _visit(visit: survey.Visit) -> dict[str, Any]:
    return {"id": visit.visit, "name": f"v{visit.visit}", "region": _region(visit.region)} | _common(visit)


def _common(visit: survey.Visit) -> dict[str, Any]:
    return {
        "physical_filter": visit.physical_filter,
        "day_obs": _day(visit.night),
        "seq_num": visit.seq_num,
        "exposure_time": survey.EXPOSURE_SECONDS,
        "observation_reason": "survey",
        "target_name": "field",
        "science_program": "bench",
        "azimuth": 0.0,
        "zenith_angle": 30.0,
        "timespan": _span(visit.begin, visit.end),
    }


def _day(night: Any) -> int:
    return int(night.strftime("%Y%m%d"))


def _span(begin: Any, end: Any) -> Any:
    return Timespan(*(astropy.time.Time(time.isoformat(), scale="tai") for time in (begin, end)))


def _region(corners: survey.Corners) -> Any:
    return ConvexPolygon([UnitVector3d(LonLat.fromDegrees(ra, dec)) for ra, dec in corners])

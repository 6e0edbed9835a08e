"""What a raw file is, by its header: visit, sensor, filter, times, pointing, region."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from pathlib import Path
from typing import Any

from butler.cameras.definition import CameraDefinition
from butler.cameras.examination import Finding, examine, mismatch
from butler.cameras.fits_file import read_headers
from butler.cameras.footprint import Footprint
from butler.cameras.headers import FileHeaders
from butler.errors import ButlerError, ConfigError

__all__ = ["FileReport", "Finding", "Observation", "check", "match", "observe", "recognise"]

_NOT_IN_VISIT = ("sensor", "snap", "region", "dataset_type", "findings", "extra")


@dataclass(frozen=True)
class FileReport:
    """What a camera's definition makes of one file.

    Parameters
    ----------
    path : `~pathlib.Path`
        The file.
    findings : `tuple` [`Finding`]
        One a field; none if the file couldn't be read.
    problem : `str`
        Why the file can't be ingested; empty if it can.
    """

    path: Path
    findings: tuple[Finding, ...] = ()
    problem: str = ""

    @property
    def ok(self) -> bool:
        """Whether the file can be ingested."""
        return not self.problem


@dataclass(frozen=True)
class Observation:
    """One exposure of one sensor.

    Parameters
    ----------
    camera : `str`
        The camera's name.
    visit, sensor : `int`
        Their numbers, unique in the camera only.
    visit_name : `str`
        The visit's name.
    physical_filter : `str`, optional
        The name of the filter that it was observed through.
    night : `datetime.date`
        The date of the evening, by the camera's rule.
    obs_begin_tai, obs_end_tai : `datetime.datetime`
        TAI, without zone, microseconds.
    exposure_time, dark_time : `float`
        Seconds.
    observation_type, observation_reason, target_name, science_program : `str`, optional
        As the header has them, tables applied.
    seq_num, snap : `int`, optional
        Number in the night or sequence, and in the visit.
    tracking_ra, tracking_dec : `float`, optional
        Boresight in degrees, ICRS.
    sky_angle, azimuth, zenith_angle : `float`, optional
        Degrees.
    airmass : `float`, optional
        No unit.
    seeing : `float`, optional
        Arcseconds.
    can_see_sky, has_simulated : `bool`, optional
        As in the common schema.
    region : `tuple`, optional
        Vertices (right ascension, declination) of the sensor's outline, ICRS,
        degrees; `None` where the header has no celestial WCS.
    extra : `~collections.abc.Mapping`
        What this camera alone has.
    dataset_type : `str`, optional
        What the file is, by the camera's rules.
    findings : `tuple` [`Finding`]
        Where every value came from.
    """

    camera: str
    visit: int
    visit_name: str
    sensor: int
    night: date
    obs_begin_tai: datetime
    obs_end_tai: datetime
    exposure_time: float
    physical_filter: str | None = None
    dark_time: float | None = None
    observation_type: str | None = None
    observation_reason: str | None = None
    target_name: str | None = None
    science_program: str | None = None
    seq_num: int | None = None
    snap: int | None = None
    tracking_ra: float | None = None
    tracking_dec: float | None = None
    sky_angle: float | None = None
    azimuth: float | None = None
    zenith_angle: float | None = None
    airmass: float | None = None
    seeing: float | None = None
    can_see_sky: bool | None = None
    has_simulated: bool | None = None
    region: Footprint | None = None
    extra: Mapping[str, bool | int | float | str] = field(default_factory=dict)
    dataset_type: str | None = None
    findings: tuple[Finding, ...] = field(default=(), compare=False, repr=False)

    def visit_row(self) -> dict[str, Any]:
        """Give the row of the visit: the columns of view ``visit`` that have a value, ready for JSON.

        Files of one visit give equal rows where their headers agree on the
        visit; nothing of a single sensor is in it.
        """
        row = {one.name: getattr(self, one.name) for one in fields(self) if one.name not in _NOT_IN_VISIT}
        if self.extra:
            row["extra"] = dict(self.extra)
        return {
            name: value.isoformat() if isinstance(value, date) else value
            for name, value in row.items()
            if value is not None
        }

    def observed_sensor_row(self) -> dict[str, Any]:
        """Give the row of the sensor in the visit, ready for JSON; region as [[ra, dec], …] or null."""
        return {
            "camera": self.camera,
            "visit": self.visit,
            "sensor": self.sensor,
            "region": None if self.region is None else [list(vertex) for vertex in self.region],
        }

    def snap_row(self) -> dict[str, Any] | None:
        """Give the row of the snap, ready for JSON; `None` where the visit has no snaps."""
        if self.snap is None:
            return None
        return {"camera": self.camera, "visit": self.visit, "snap": self.snap}

    def data_id(self) -> dict[str, str | int]:
        """Give the data ID of the file: camera, visit and sensor."""
        return {"camera": self.camera, "visit": self.visit, "sensor": self.sensor}


def observe(definition: CameraDefinition, file: Path) -> Observation:
    """Say what a file is; only its headers are read.

    Parameters
    ----------
    definition : `CameraDefinition`
        The camera that it is of; `match` finds it.
    file : `~pathlib.Path`
        A FITS file, which may be packed by gzip, bzip2, xz or zstd.

    Raises
    ------
    FormatError
        If it isn't FITS or is cut short.
    ConfigError, InvalidNameError, InvalidRegionError
        If the definition doesn't fit the file, or a value in its header can't
        be right; the message names file, field, keyword and value.
    """
    return _observation(definition, read_headers(Path(file)))


def recognise(definitions: Iterable[CameraDefinition], file: Path) -> Observation:
    """Find the camera that a file is of, and say what it is; its headers are read once.

    Raises
    ------
    ConfigError, FormatError, InvalidNameError, InvalidRegionError
        As `match` and `observe` do.
    """
    headers = read_headers(Path(file))
    return _observation(_matching(definitions, headers), headers)


def _observation(definition: CameraDefinition, headers: FileHeaders) -> Observation:
    examination = examine(definition, headers)
    if examination.errors:
        raise examination.errors[0]
    values = examination.values
    return Observation(
        camera=definition.name,
        extra={name: values.pop(name) for name in definition.extra if name in values},
        findings=tuple(examination.findings),
        **values,
    )


def check(definition: CameraDefinition, files: Iterable[Path]) -> list[FileReport]:
    """Report, file by file, what is found, guessed, missing and wrong; bad files too."""
    reports = []
    for file in map(Path, files):
        try:
            examination = examine(definition, read_headers(file))
        except ButlerError as error:
            reports.append(FileReport(file, problem=error.message))
            continue
        problem = examination.errors[0].message if examination.errors else ""
        reports.append(FileReport(file, tuple(examination.findings), problem))
    return reports


def match(definitions: Iterable[CameraDefinition], file: Path) -> CameraDefinition:
    """Find the camera that a file is of.

    Raises
    ------
    ConfigError
        If it is none's, or several's.
    FormatError
        If it isn't FITS or is cut short.
    """
    return _matching(definitions, read_headers(Path(file)))


def _matching(definitions: Iterable[CameraDefinition], headers: FileHeaders) -> CameraDefinition:
    known = list(definitions)
    fitting = [one for one in known if not mismatch(one, headers)]
    if len(fitting) == 1:
        return fitting[0]
    names = ", ".join(one.name for one in fitting or known) or "none is known"
    count = "several cameras" if fitting else "no camera that is known"
    asked = dict.fromkeys(keyword for one in known for keyword in one.headers.match)
    said = {keyword: found.value for keyword in asked if (found := headers.get(keyword)) is not None}
    says = f"It says {said}" if said else f"It says nothing of {', '.join(asked) or 'its camera'}"
    raise ConfigError(
        f"{headers.path}: is of {count}: {names}",
        hint=f"{says}; name the camera, or write its YAML with `butler camera draft`.",
        details={"file": str(headers.path), "cameras": [one.name for one in fitting or known]},
    )

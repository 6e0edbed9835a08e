"""One file under one camera's definition: every field's value, and where it came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal

from butler.cameras.conversion import convert, number_by_begin, tai_datetime, utc_datetime
from butler.cameras.definition import CameraDefinition
from butler.cameras.footprint import footprint
from butler.cameras.headers import FileHeaders, HeaderValue
from butler.cameras.quiet import quiet_astropy
from butler.cameras.rules import FIELDS, FieldRule, VisitRule, as_text, find, rule_type, said_by_image
from butler.cameras.translation import translate
from butler.errors import ButlerError, ConfigError, InvalidRegionError

if TYPE_CHECKING:
    from astropy.time import Time

__all__ = ["Examination", "Finding", "examine", "mismatch"]

_DERIVED = ("visit_name", "sensor", "obs_end")
_REQUIRED = ("visit", "sensor", "obs_begin", "exposure_time")


@dataclass(frozen=True)
class Finding:
    """What became of one field of one file.

    Parameters
    ----------
    field : `str`
        Its name.
    status : `str`
        ``found``; ``guessed``, where it follows from other fields; ``missing``;
        or ``wrong``.
    value : any
        The value, in the field's unit; `None` if there is none.
    source : `str`
        Keyword and HDU, file name, or rule.
    reason : `str`
        Why it is wrong or missing, or what to know about it.
    """

    field: str
    status: Literal["found", "guessed", "missing", "wrong"]
    value: Any = None
    source: str = ""
    reason: str = ""


@dataclass
class Examination:
    """What was found so far.

    Parameters
    ----------
    headers : `FileHeaders`
        Of the file.
    values : `dict`
        Field → value, as in `butler.cameras.observation.Observation`.
    findings : `list` [`Finding`]
        One a field.
    errors : `list` [`ButlerError`]
        What keeps it from being ingested; its messages name the file.
    times : `dict`
        ``obs_begin`` and ``obs_end`` as `astropy.time.Time`, where the header
        has them.
    """

    headers: FileHeaders
    values: dict[str, Any] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    errors: list[ButlerError] = field(default_factory=list)
    times: dict[str, Time] = field(default_factory=dict)

    def accept(self, name: str, value: Any, source: str, *, guessed: bool = False, note: str = "") -> None:
        """Take a value."""
        self.values[name] = value
        self.findings.append(Finding(name, "guessed" if guessed else "found", value, source, note))

    def lack(self, name: str, reason: str) -> None:
        """Note that there is no value."""
        self.findings.append(Finding(name, "missing", reason=reason))
        if name in _REQUIRED:
            self._refuse(ConfigError(reason), name)

    def refuse(self, name: str, error: ButlerError, source: str = "") -> None:
        """Note that the value can't be right, which keeps the file from being ingested."""
        reason = f"{source}: {error.message}" if source else error.message
        self.findings.append(Finding(name, "wrong", source=source, reason=error.message))
        self._refuse(type(error)(reason, hint=error.hint), name)

    def _refuse(self, error: ButlerError, name: str) -> None:
        self.errors.append(
            type(error)(
                f"{self.headers.path}: {name}: {error.message}",
                hint=error.hint or "Correct the rule in the camera's YAML, or the header.",
                details={"file": str(self.headers.path), "field": name},
            )
        )


def mismatch(definition: CameraDefinition, headers: FileHeaders) -> str:
    """Say why a file isn't of a camera; nothing if it is.

    The match is by header alone: the name of a file isn't evidence.
    """
    try:
        headers = headers.with_image(definition.headers.image_hdu)
        said = {keyword: headers.get(keyword) for keyword in definition.headers.match}
    except ConfigError as error:
        return error.message
    for keyword, values in definition.headers.match.items():
        found = said[keyword]
        if found is None:
            return f"{keyword} isn't in its header"
        if as_text(found.value) not in values:
            return f"{keyword} is {as_text(found.value)[:60]!r}, not {' or '.join(map(repr, values))}"
    return ""


def examine(definition: CameraDefinition, headers: FileHeaders) -> Examination:
    """Apply a definition's rules to the headers of a file.

    Nothing is raised for what a header says: see ``errors`` of the result.

    Raises
    ------
    NotSupportedError
        If the definition names a translator and its package isn't installed.
    """
    if reason := mismatch(definition, headers):
        examination = Examination(headers)
        examination.refuse("camera", ConfigError(f"the file isn't of {definition.name}: {reason}"))
        return examination
    examination = Examination(headers.with_image(definition.headers.image_hdu))
    with quiet_astropy():
        _examine_fields(definition, examination)
        _refuse_several_sensors(definition, examination)
        _derive(definition, examination)
        _examine_region(examination)
    _examine_dataset_type(definition, examination)
    return examination


def _examine_fields(definition: CameraDefinition, examination: Examination) -> None:
    value_types = {**FIELDS, **{name: declared.type for name, declared in definition.extra.items()}}
    rules = definition.headers.fields
    translated = _translated(definition, examination, [name for name in value_types if name not in rules])
    for name, value_type in value_types.items():
        rule = rules.get(name) or rule_type(value_type)()
        if _by_begin(rule) or (name not in rules and name not in translated and name in _DERIVED):
            continue
        try:
            found = find(rule, examination.headers) if name in rules else translated.get(name)
        except ButlerError as error:
            examination.refuse(name, error)
            continue
        if found is None:
            examination.lack(name, _where(rule) if name in rules else _no_rule(definition))
            continue
        try:
            value = (
                found.value if _is_time(found.value) else convert(value_type, found.value, rule, definition)
            )
        except ButlerError as error:
            examination.refuse(name, error, found.source)
            continue
        note = f"occurs {found.repeated} times, the first counts" if found.repeated > 1 else ""
        if value_type == "time":
            examination.times[name] = value
            examination.findings.append(Finding(name, "found", tai_datetime(value), found.source, note))
        else:
            examination.accept(name, value, found.source, note=note)


def _refuse_several_sensors(definition: CameraDefinition, examination: Examination) -> None:
    """Refuse a file whose images are of several sensors: it would be filed as the first one's."""
    headers, rule = examination.headers, definition.headers.fields.get("sensor")
    if definition.headers.image_hdu != "first" or rule is None or "sensor" not in examination.values:
        return
    if not said_by_image(rule, headers):
        return  # what tells it is said once for the whole file
    sensors = {examination.values["sensor"]: headers.image}
    for index in range(1, len(headers.hdus)):
        if len(headers.axes(index)) < 2:
            continue
        image = headers.with_image(index)
        try:
            # What names no sensor itself, as errors and masks often don't, isn't the primary header's.
            found = find(rule, image) if said_by_image(rule, image) else None
            sensor = found and convert("sensor", found.value, rule, definition)
        except ButlerError:  # what it says is no sensor
            continue
        if found is not None:
            sensors.setdefault(sensor, index)
    if len(sensors) > 1:
        examination.findings = [f for f in examination.findings if f.field != "sensor"]
        examination.refuse(
            "sensor",
            ConfigError(
                "the file has images of several: "
                + ", ".join(f"{sensor} in HDU {index}" for sensor, index in sensors.items()),
                hint="Ingest each with its part, by Butler.ingest: (path, data ID, 'EXTNAME,EXTVER'). If only"
                " one is meant, name it as image_hdu in the camera's YAML.",
            ),
        )


def _translated(
    definition: CameraDefinition, examination: Examination, fields: list[str]
) -> Mapping[str, HeaderValue]:
    translator = definition.headers.translator
    if translator is None:
        return {}
    try:
        values = translate(translator, examination.headers, fields)
    except ConfigError as error:
        examination.refuse("translator", error)
        return {}
    return {name: HeaderValue(value, f"translator {translator}") for name, value in values.items()}


def _derive(definition: CameraDefinition, examination: Examination) -> None:
    """Add what follows from other fields, and bring the times to TAI."""
    values = examination.values
    begin, end = (examination.times.get(name) for name in ("obs_begin", "obs_end"))
    seen = {finding.field for finding in examination.findings}
    if "sensor" not in seen:
        if len(definition.sensors) == 1:
            examination.accept("sensor", definition.sensors[0].sensor, "the only sensor", guessed=True)
        else:
            examination.lack("sensor", "the camera has several and its YAML has no rule for it")
    if begin is not None:
        _derive_from_begin(definition, examination, begin, end)
    elif "visit" not in seen:
        examination.lack("visit", "it is numbered by its begin, which isn't known")
    if "visit_name" not in values and "visit" in values and not _wrong(examination, "visit_name"):
        examination.findings = [f for f in examination.findings if f.field != "visit_name"]
        examination.accept("visit_name", str(values["visit"]), "its number", guessed=True)


def _derive_from_begin(
    definition: CameraDefinition, examination: Examination, begin: Time, end: Time | None
) -> None:
    values = examination.values
    if _by_begin(definition.headers.fields.get("visit")):
        examination.accept("visit", number_by_begin(begin), "its begin in UTC, to 10 ms")
    offset = definition.night_offset_hours
    night = (utc_datetime(begin) + timedelta(hours=offset)).date()
    examination.accept("night", night, f"its begin in UTC {offset:+g} h")
    values["obs_begin_tai"] = tai_datetime(begin)
    if end is not None:
        values["obs_end_tai"] = tai_datetime(end)
        if values["obs_end_tai"] < values["obs_begin_tai"]:
            examination.refuse("obs_end", ConfigError(f"{end.isot} is before the begin, {begin.isot}"))
    elif "exposure_time" in values and not _wrong(examination, "obs_end"):
        examination.findings = [f for f in examination.findings if f.field != "obs_end"]
        values["obs_end_tai"] = values["obs_begin_tai"] + timedelta(seconds=values["exposure_time"])
        examination.findings.append(
            Finding("obs_end", "guessed", values["obs_end_tai"], "its begin and exposure time")
        )


def _examine_region(examination: Examination) -> None:
    try:
        region = footprint(examination.headers)
    except InvalidRegionError as error:
        # A file with a wild WCS is still an observation; it only has no place on the sky.
        examination.findings.append(Finding("region", "wrong", source="WCS", reason=error.message))
        return
    if region is None:
        examination.lack("region", "the image's header has no celestial WCS")
    else:
        examination.accept("region", region, "WCS and NAXIS")


def _examine_dataset_type(definition: CameraDefinition, examination: Examination) -> None:
    for rule in definition.headers.dataset_types:
        try:
            if not rule.holds(examination.headers):
                continue
        except ConfigError as error:
            examination.refuse("dataset_type", error)
            return
        examination.accept("dataset_type", rule.dataset_type, "the rule of the camera's YAML")
        return
    examination.lack("dataset_type", "no rule of the camera's YAML holds")


def _no_rule(definition: CameraDefinition) -> str:
    if definition.headers.translator is not None:
        return f"translator {definition.headers.translator} says nothing of it"
    return "the camera's YAML has no rule for it"


def _by_begin(rule: FieldRule | None) -> bool:
    return isinstance(rule, VisitRule) and rule.number == "datetime"


def _where(rule: FieldRule) -> str:
    if rule.file_name is not None:
        return f"the file's name doesn't fit {rule.file_name!r}"
    return f"{' or '.join(rule.keyword) or ' and '.join(rule.join)} has no value in its header"


def _wrong(examination: Examination, name: str) -> bool:
    return any(finding.field == name and finding.status == "wrong" for finding in examination.findings)


def _is_time(value: object) -> bool:
    return not isinstance(value, bool | int | float | str)

"""A camera as plain data, from its YAML file or from the database."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from msgspec import Meta, Struct, field, json, structs
from msgspec.structs import asdict, force_setattr

from butler.cameras.rules import (
    FIELDS,
    DatasetTypeRule,
    Hdu,
    Name,
    ScaledRule,
    Text,
    Texts,
    checked_rule,
    rule_type,
)
from butler.errors import ConfigError, nearest
from butler.strict import After, Chosen, Document, KeyPath, read, read_yaml

__all__ = ["CameraDefinition", "ExtraField", "HeaderMap", "PhysicalFilter", "Sensor", "camera_schema"]

Named = TypeVar("Named")

_EXTRA_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
_VISIT_COLUMNS = (
    "camera",
    "night",
    "public_after",
    "region",
    "s_region",
    "extra",
    "ra",
    "dec",
    *(f"obs_{end}_{scale}" for end in ("begin", "end") for scale in ("tai", "utc", "mjd")),
)
_REQUIRED_FIELDS = ("visit", "obs_begin", "exposure_time")
_MAX_INTEGER = 2**31 - 1
_MAX_WAVELENGTH_NM = 1e12


def _stripped(texts: tuple[str, ...], _where: str) -> tuple[str, ...]:
    return tuple(text.strip() for text in texts)


def _some_match(match: dict[str, tuple[str, ...]], _where: str) -> dict[str, tuple[str, ...]]:
    if not match or not all(match.values()):
        raise ConfigError("fits every file", hint="Write the keyword that tells it: 'INSTRUME: …'.")
    return match


def _extra_name(name: str, _where: str) -> str:
    if not _EXTRA_NAME.fullmatch(name) or name in FIELDS or name in _VISIT_COLUMNS:
        raise ConfigError(
            "can't be the name of an extra field",
            hint="Use lower case letters, digits and underscores, and no name that all cameras' visits have.",
        )
    return name


def _rule_of(_rule: Any, path: KeyPath, camera: Any) -> Any:
    """Choose the type of a field's rule by what the field's values are."""
    extra = camera.get("extra") if isinstance(camera, Mapping) else None
    declared = extra.items() if isinstance(extra, Mapping) else ()
    value_types = {
        **FIELDS,
        **{name: each.get("type") for name, each in declared if isinstance(each, Mapping)},
    }
    name = str(path[-1])
    if name not in value_types:
        raise ConfigError("isn't a key known here", hint=nearest(name, map(str, value_types)))
    return checked_rule(str(value_types[name]))


def _unique_sensors(sensors: tuple[Sensor, ...], _where: str) -> tuple[Sensor, ...]:
    _refuse_repeats(str(sensor.sensor) for sensor in sensors)
    _refuse_repeats(sensor.sensor_name for sensor in sensors)
    return sensors


def _unique_filters(filters: tuple[PhysicalFilter, ...], _where: str) -> tuple[PhysicalFilter, ...]:
    _refuse_repeats(name for one in filters for name in dict.fromkeys((one.physical_filter, *one.aliases)))
    return filters


def _refuse_repeats(names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise ConfigError(f"names {name!r} twice", hint="Names and aliases are unique in a camera.")
        seen.add(name)


MatchKey = Annotated[Text, After(lambda keyword, _where: keyword.strip().upper())]

Whole = Annotated[int, Meta(ge=0, le=_MAX_INTEGER)]
Pixels = Annotated[int, Meta(ge=1, le=_MAX_INTEGER)]
Nanometres = Annotated[float, Meta(ge=0, le=_MAX_WAVELENGTH_NM)]
Corner = tuple[float, float]


class Sensor(Struct, frozen=True):
    """One sensor of a camera.

    Parameters
    ----------
    sensor : `int`
        Its number, unique in the camera.
    sensor_name : `str`
        Its name, unique in the camera; by default the number.
    group : `str`, optional
        Raft or other group.
    purpose : `str`, optional
        Such as science, guider, wavefront.
    nx, ny : `int`, optional
        Pixels along a row and along a column.
    corners : `tuple`, optional
        Four corners (x, y) in the focal plane, in mm.
    """

    sensor: Whole
    sensor_name: Name = ""
    group: Name | None = None
    purpose: Name | None = None
    nx: Pixels | None = None
    ny: Pixels | None = None
    corners: tuple[Corner, Corner, Corner, Corner] | None = None

    def __post_init__(self) -> None:
        if not self.sensor_name:
            force_setattr(self, "sensor_name", str(self.sensor))


class PhysicalFilter(Struct, frozen=True):
    """One filter of a camera.

    Parameters
    ----------
    physical_filter : `str`
        Its name, unique in the camera.
    abstract_filter : `str`, optional
        The band it stands for.
    wavelength_min, wavelength_max : `float`, optional
        Where it lets light through, in nm.
    aliases : `tuple` [`str`]
        What headers call it.
    """

    physical_filter: Name
    abstract_filter: Name | None = None
    wavelength_min: Nanometres | None = None
    wavelength_max: Nanometres | None = None
    aliases: Annotated[Texts, After(_stripped)] = ()

    def __post_init__(self) -> None:
        low, high = self.wavelength_min, self.wavelength_max
        if low is not None and high is not None and low >= high:
            raise ConfigError(
                f"is {high:g}, not above wavelength_min, {low:g}", details={"at": ("wavelength_max",)}
            )


class ExtraField(Struct, frozen=True):
    """A field of a visit that one camera alone has.

    Parameters
    ----------
    type : `str`
        What its values are.
    doc : `str`
        What it is.
    unit : `str`
        Of its value, empty if it has none.
    """

    type: Literal["text", "integer", "float", "boolean"]
    doc: str = ""
    unit: str = ""


class HeaderMap(Struct, frozen=True, kw_only=True):
    """How the files of a camera say what they are.

    Parameters
    ----------
    match : `dict` [`str`, `tuple` [`str`]]
        Keyword → values of which a file of this camera has one; all keywords must fit.
    image_hdu : `str` or `int`
        The HDU with the sensor's image: ``first`` with two axes, a name, a number.
    translator : `str`, optional
        A class of the package astro-metadata-translator, for fields without a rule.
    fields : `dict` [`str`, `FieldRule`]
        Field → where its value stands and how it is written.
    dataset_types : `tuple` [`DatasetTypeRule`]
        What a file is; the first that holds.
    """

    match: Annotated[dict[MatchKey, Annotated[Texts, After(_stripped)]], After(_some_match)]
    image_hdu: Hdu = "first"
    translator: str | None = None
    fields: dict[str, Annotated[Any, Chosen(_rule_of)]]
    dataset_types: tuple[DatasetTypeRule, ...] = ()

    def __post_init__(self) -> None:
        needed = () if self.translator else _REQUIRED_FIELDS
        if missing := [name for name in needed if name not in self.fields]:
            raise ConfigError(
                f"lacks {', '.join(missing)}",
                hint="Without these a file can't be ingested; say where each stands.",
                details={"at": ("fields",)},
            )


class CameraDefinition(Struct, frozen=True, kw_only=True, dict=True):
    """Everything that Butler knows of a camera.

    Parameters
    ----------
    name : `str`
        Its name.
    doc : `str`
        What it is, in a sentence.
    night_offset_hours : `float`
        Hours that are added to the UTC of an exposure's begin before the date is taken, to name its night;
        −12 for an observatory at Greenwich.
    sensors : `tuple` [`Sensor`]
        At least one.
    filters : `tuple` [`PhysicalFilter`]
        None for a camera without filters.
    extra : `dict` [`str`, `ExtraField`]
        Fields of a visit that this camera alone has; they become columns of the view ``visit_<camera>``.
    headers : `HeaderMap`
        How its files say what they are.
    """

    name: Name = field(name="camera")
    doc: str = ""
    night_offset_hours: Annotated[float, Meta(ge=-48, le=48)] = -12.0
    sensors: Annotated[tuple[Sensor, ...], Meta(min_length=1), After(_unique_sensors)]
    filters: Annotated[tuple[PhysicalFilter, ...], After(_unique_filters)] = ()
    extra: dict[Annotated[str, After(_extra_name)], ExtraField] = {}
    headers: HeaderMap

    @classmethod
    def read(cls, path: Path) -> CameraDefinition:
        """Read a camera's YAML file, whose shape is that of `to_json`.

        Only ``camera``, ``sensors``, ``headers.match`` and ``headers.fields``
        are required.

        Raises
        ------
        ConfigError
            If it isn't plain YAML, or a key is unknown, missing, or has a
            value that isn't allowed; the message names file, line and key.
        InvalidNameError
            If a name in it breaks the rules for names.
        """
        return cls.from_document(read_yaml(Path(path)))

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> CameraDefinition:
        """Read what `to_json` gave.

        Raises
        ------
        ConfigError, InvalidNameError
            As `read` does.
        """
        return cls.from_document(Document(value, "definition of the camera"))

    @classmethod
    def from_document(cls, document: Document) -> CameraDefinition:
        """Read a definition out of a document.

        Raises
        ------
        ConfigError, InvalidNameError
            As `read` does.
        """
        definition: CameraDefinition = read(document, cls, for_database=True)
        return definition

    def to_json(self) -> dict[str, Any]:
        """Give the definition as plain data.

        Returns
        -------
        definition : `dict`
            ::

                {"camera": str, "doc": str, "night_offset_hours": float,
                 "sensors": [{"sensor": int, "sensor_name": str, "group": str|null, "purpose": str|null,
                              "nx": int|null, "ny": int|null, "corners": [[x, y], ×4]|null}],
                 "filters": [{"physical_filter": str, "abstract_filter": str|null,
                              "wavelength_min": nm|null, "wavelength_max": nm|null, "aliases": [str]}],
                 "extra": {name: {"type": text|integer|float|boolean, "doc": str, "unit": str}},
                 "headers": {"match": {KEYWORD: [str]}, "image_hdu": str|int, "translator": str|null,
                             "fields": {field: {what `FieldRule` says, defaults left out}},
                             "dataset_types": [{"dataset_type": str, "file_name": pattern,
                                                "keyword": str, "equals": [str]}]}}

            A field is one of `butler.cameras.rules.FIELDS` or a name in ``extra``.
        """
        headers = self.headers
        plain = {each.encode_name: getattr(self, each.name) for each in structs.fields(self)}
        plain["headers"] = {
            **asdict(headers),
            "fields": {name: rule.to_json() for name, rule in headers.fields.items()},
            "dataset_types": [rule.to_json() for rule in headers.dataset_types],
        }
        decoded: dict[str, Any] = json.decode(json.encode(plain))
        return decoded

    def find_sensor(self, written: str) -> Sensor:
        """Find a sensor by its number or name.

        Raises
        ------
        ConfigError
            If the camera has none such.
        """
        return _found(written, self._sensors, f"sensor of camera {self.name}")

    def find_filter(self, written: str) -> PhysicalFilter:
        """Find a filter by its name or an alias.

        Raises
        ------
        ConfigError
            If the camera has none such.
        """
        return _found(written, self._filters, f"filter of camera {self.name}")

    @cached_property
    def _sensors(self) -> Mapping[str, Sensor]:
        # A number wins over a name that looks like one.
        return {
            **{sensor.sensor_name: sensor for sensor in self.sensors},
            **{str(sensor.sensor): sensor for sensor in self.sensors},
        }

    @cached_property
    def _filters(self) -> Mapping[str, PhysicalFilter]:
        return {name: one for one in self.filters for name in (one.physical_filter, *one.aliases)}


def _found(written: str, known: Mapping[str, Named], what: str) -> Named:
    if (named := known.get(written)) is not None:
        return named
    from difflib import get_close_matches

    near = get_close_matches(written, known, 3) or list(known)[:10]
    raise ConfigError(
        f"{written!r} is no {what}",
        hint=f"Known are {', '.join(near)} …; add it to the camera's YAML." if near else "It has none.",
        details={"value": written},
    )


def camera_schema() -> dict[str, Any]:
    """Give the JSON Schema of a camera's YAML file."""
    from butler.strict.schema import json_schema

    rules = {name: rule_type(value_type) for name, value_type in FIELDS.items()}
    schema = json_schema("a camera", CameraDefinition, *dict.fromkeys((*rules.values(), ScaledRule)))
    schema["$defs"]["HeaderMap"]["properties"]["fields"] |= {
        "properties": {name: {"$ref": f"#/$defs/{rule.__name__}"} for name, rule in rules.items()},
        "additionalProperties": {"$ref": f"#/$defs/{ScaledRule.__name__}"},
    }
    return schema

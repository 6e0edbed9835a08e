"""A camera as plain data, from its YAML file or from the database."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from butler.cameras.plain_data import Node, read_yaml
from butler.cameras.rules import FIELDS, SQL_TYPES, DatasetTypeRule, FieldRule, hdu_choice
from butler.errors import ConfigError

__all__ = ["CameraDefinition", "ExtraField", "HeaderMap", "PhysicalFilter", "Sensor"]

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
_MAX_SENSOR = 2**31 - 1
_MAX_WAVELENGTH_NM = 1e12


@dataclass(frozen=True)
class Sensor:
    """One sensor of a camera.

    Parameters
    ----------
    sensor : `int`
        Its number, unique in the camera.
    sensor_name : `str`
        Its name, unique in the camera.
    group : `str`, optional
        Raft or other group.
    purpose : `str`, optional
        Such as science, guider, wavefront.
    nx, ny : `int`, optional
        Pixels along a row and along a column.
    corners : `tuple`, optional
        Four corners (x, y) in the focal plane, in mm.
    """

    sensor: int
    sensor_name: str
    group: str | None = None
    purpose: str | None = None
    nx: int | None = None
    ny: int | None = None
    corners: tuple[tuple[float, float], ...] | None = None

    @classmethod
    def from_node(cls, node: Node) -> Sensor:
        """Read a sensor; its name is its number where none is given."""
        given = node.record(("sensor",), ("sensor_name", "group", "purpose", "nx", "ny", "corners"))
        number = given["sensor"].integer(0, _MAX_SENSOR)
        return cls(
            sensor=number,
            sensor_name=given["sensor_name"].name("sensor") if "sensor_name" in given else str(number),
            group=given["group"].name("sensor group") if "group" in given else None,
            purpose=given["purpose"].name("purpose") if "purpose" in given else None,
            nx=given["nx"].integer(1, _MAX_SENSOR) if "nx" in given else None,
            ny=given["ny"].integer(1, _MAX_SENSOR) if "ny" in given else None,
            corners=_corners(given["corners"]) if "corners" in given else None,
        )

    def to_json(self) -> dict[str, Any]:
        """Give it as plain data, nulls included."""
        return {**vars(self), "corners": self.corners and [list(corner) for corner in self.corners]}


@dataclass(frozen=True)
class PhysicalFilter:
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

    physical_filter: str
    abstract_filter: str | None = None
    wavelength_min: float | None = None
    wavelength_max: float | None = None
    aliases: tuple[str, ...] = ()

    @classmethod
    def from_node(cls, node: Node) -> PhysicalFilter:
        """Read a filter."""
        given = node.record(
            ("physical_filter",), ("abstract_filter", "wavelength_min", "wavelength_max", "aliases")
        )
        low, high = (
            given[key].number(0, _MAX_WAVELENGTH_NM) if key in given else None
            for key in ("wavelength_min", "wavelength_max")
        )
        if low is not None and high is not None and low >= high:
            raise given["wavelength_max"].wrong(f"is {high:g}, not above wavelength_min, {low:g}")
        return cls(
            physical_filter=given["physical_filter"].name("filter"),
            abstract_filter=given["abstract_filter"].name("band") if "abstract_filter" in given else None,
            wavelength_min=low,
            wavelength_max=high,
            aliases=tuple(a.scalar_text().strip() for a in given["aliases"].one_or_more())
            if "aliases" in given
            else (),
        )

    def to_json(self) -> dict[str, Any]:
        """Give it as plain data, nulls included."""
        return {**vars(self), "aliases": list(self.aliases)}


@dataclass(frozen=True)
class ExtraField:
    """A field of a visit that one camera alone has.

    Parameters
    ----------
    type : `str`
        Of its values: text, integer, float or boolean.
    doc : `str`
        What it is.
    unit : `str`
        Of its value, empty if it has none.
    """

    type: str
    doc: str = ""
    unit: str = ""

    @classmethod
    def from_node(cls, node: Node) -> ExtraField:
        """Read a field."""
        given = node.record(("type",), ("doc", "unit"))
        return cls(
            type=given["type"].choice(SQL_TYPES),
            doc=given["doc"].text() if "doc" in given else "",
            unit=given["unit"].text() if "unit" in given else "",
        )


@dataclass(frozen=True)
class HeaderMap:
    """How the files of a camera say what they are.

    Parameters
    ----------
    match : `~collections.abc.Mapping` [`str`, `tuple` [`str`]]
        Keyword → values of which a file of this camera has one; all keywords
        must fit.
    image_hdu : `str` or `int`
        The HDU with the sensor's image: ``first`` with two axes, a name, a number.
    translator : `str`, optional
        A class of astro-metadata-translator that gives the fields for which
        there is no rule.
    fields : `~collections.abc.Mapping` [`str`, `FieldRule`]
        Field → rule.
    dataset_types : `tuple` [`DatasetTypeRule`]
        Tried in turn; the first that holds says what the file is.
    """

    match: Mapping[str, tuple[str, ...]]
    image_hdu: str | int = "first"
    translator: str | None = None
    fields: Mapping[str, FieldRule] = field(default_factory=dict)
    dataset_types: tuple[DatasetTypeRule, ...] = ()

    @classmethod
    def from_node(cls, node: Node, extra: Mapping[str, ExtraField]) -> HeaderMap:
        """Read a header map whose fields are the standard ones and some extra ones."""
        given = node.record(("match", "fields"), ("image_hdu", "translator", "dataset_types"))
        kinds = {**FIELDS, **{name: declared.type for name, declared in extra.items()}}
        rules = given["fields"].record((), tuple(kinds))
        translator = given["translator"].text() if "translator" in given else None
        needed = () if translator else _REQUIRED_FIELDS
        if missing := [name for name in needed if name not in rules]:
            raise given["fields"].wrong(
                f"lacks {', '.join(missing)}", "Without these a file can't be filed; say where each stands."
            )
        match = {
            keyword.strip().upper(): tuple(item.scalar_text().strip() for item in values.one_or_more())
            for keyword, values in given["match"].mapping().items()
        }
        if not all(match.values()) or not match:
            raise given["match"].wrong("fits every file", "Write the keyword that tells it: 'INSTRUME: …'.")
        return cls(
            match=match,
            image_hdu=hdu_choice(given["image_hdu"]) if "image_hdu" in given else "first",
            translator=translator,
            fields={name: FieldRule.from_node(rule, kinds[name]) for name, rule in rules.items()},
            dataset_types=tuple(DatasetTypeRule.from_node(item) for item in given["dataset_types"].items())
            if "dataset_types" in given
            else (),
        )

    def to_json(self) -> dict[str, Any]:
        """Give it as plain data."""
        return {
            "match": {keyword: list(values) for keyword, values in self.match.items()},
            "image_hdu": self.image_hdu,
            "translator": self.translator,
            "fields": {name: rule.to_json() for name, rule in self.fields.items()},
            "dataset_types": [rule.to_json() for rule in self.dataset_types],
        }


@dataclass(frozen=True)
class CameraDefinition:
    """Everything that Butler knows of a camera.

    Parameters
    ----------
    name : `str`
        Its name.
    doc : `str`
        What it is, in a sentence.
    night_offset_hours : `float`
        The night of an observation is the date of its begin in UTC plus these
        hours; −12 for an observatory at Greenwich.
    sensors : `tuple` [`Sensor`]
        At least one.
    filters : `tuple` [`PhysicalFilter`]
        None for a camera without filters.
    extra : `~collections.abc.Mapping` [`str`, `ExtraField`]
        Fields of a visit that this camera alone has.
    headers : `HeaderMap`
        How its files say what they are.
    """

    name: str
    headers: HeaderMap
    sensors: tuple[Sensor, ...]
    doc: str = ""
    night_offset_hours: float = -12.0
    filters: tuple[PhysicalFilter, ...] = ()
    extra: Mapping[str, ExtraField] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> CameraDefinition:
        """Read a camera's YAML file, whose shape is that of `to_json`.

        Only ``camera``, ``sensors``, ``headers.match`` and ``headers.fields``
        are required.

        Raises
        ------
        ConfigError
            If it isn't plain YAML, or a key is unknown, missing, or has a
            value that isn't allowed; the message names file and key.
        InvalidNameError
            If a name in it breaks the rules for names.
        """
        return cls.from_node(read_yaml(Path(path)))

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> CameraDefinition:
        """Read what `to_json` gave.

        Raises
        ------
        ConfigError, InvalidNameError
            As `read` does.
        """
        return cls.from_node(Node(value, "definition of the camera"))

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
        return {
            "camera": self.name,
            "doc": self.doc,
            "night_offset_hours": self.night_offset_hours,
            "sensors": [sensor.to_json() for sensor in self.sensors],
            "filters": [one.to_json() for one in self.filters],
            "extra": {name: dict(vars(declared)) for name, declared in self.extra.items()},
            "headers": self.headers.to_json(),
        }

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

    @classmethod
    def from_node(cls, node: Node) -> CameraDefinition:
        """Read a definition out of a document.

        Raises
        ------
        ConfigError, InvalidNameError
            As `read` does.
        """
        given = node.record(
            ("camera", "sensors", "headers"), ("doc", "night_offset_hours", "filters", "extra")
        )
        extra = _extra(given["extra"]) if "extra" in given else {}
        sensors = tuple(Sensor.from_node(item) for item in given["sensors"].items())
        if not sensors:
            raise given["sensors"].wrong("is empty", "A camera has at least one sensor.")
        filters = (
            tuple(PhysicalFilter.from_node(item) for item in given["filters"].items())
            if "filters" in given
            else ()
        )
        _refuse_repeats(given["sensors"], (str(sensor.sensor) for sensor in sensors))
        _refuse_repeats(given["sensors"], (sensor.sensor_name for sensor in sensors))
        if filters:
            names = (name for one in filters for name in dict.fromkeys((one.physical_filter, *one.aliases)))
            _refuse_repeats(given["filters"], names)
        offset = given.get("night_offset_hours")
        return cls(
            name=given["camera"].name("camera"),
            doc=given["doc"].text() if "doc" in given else "",
            night_offset_hours=-12.0 if offset is None else offset.number(-48, 48),
            sensors=sensors,
            filters=filters,
            extra=extra,
            headers=HeaderMap.from_node(given["headers"], extra),
        )

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
    near = difflib.get_close_matches(written, known, 3) or list(known)[:10]
    raise ConfigError(
        f"{written!r} is no {what}",
        hint=f"Known are {', '.join(near)} …; add it to the camera's YAML." if near else "It has none.",
        details={"value": written},
    )


def _extra(node: Node) -> dict[str, ExtraField]:
    fields: dict[str, ExtraField] = {}
    for name, declared in node.mapping().items():
        if not _EXTRA_NAME.fullmatch(name) or name in FIELDS or name in _VISIT_COLUMNS:
            raise declared.wrong(
                "can't be the name of an extra field",
                "Use lower case letters, digits and underscores, and no name that all cameras' visits have.",
            )
        fields[name] = ExtraField.from_node(declared)
    return fields


def _corners(node: Node) -> tuple[tuple[float, float], ...]:
    corners = [tuple(number.number() for number in corner.items()) for corner in node.items()]
    if len(corners) != 4 or any(len(corner) != 2 for corner in corners):
        raise node.wrong("isn't four corners", "Write [[x, y], [x, y], [x, y], [x, y]] in mm.")
    return tuple((corner[0], corner[1]) for corner in corners)


def _refuse_repeats(node: Node, names: Iterator[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise node.wrong(f"names {name!r} twice", "Names and aliases are unique in a camera.")
        seen.add(name)

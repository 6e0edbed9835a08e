"""The reference of keys, the schemas for editors and the reader say the same."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from msgspec import Struct

from butler.cameras.definition import CameraDefinition, HeaderMap, camera_schema
from butler.cameras.rules import (
    ANGLE_UNITS,
    DURATION_UNITS,
    FIELDS,
    AngleRule,
    DurationRule,
    FieldRule,
    ScaledRule,
    TimeRule,
    VisitRule,
)
from butler.config import ConfigFile, Database, Dsns, config_schema
from butler.datastore.config import DatastoreSettings
from butler.datastore.storage.posix import PosixOptions
from butler.strict import keys_of, parse_yaml

from .pages import PROJECT, examples

PAGE = (PROJECT / "docs" / "configuration.md").read_text(encoding="utf-8")
CONFIG, CAMERA = Draft202012Validator(config_schema()), Draft202012Validator(camera_schema())
WRITTEN = [each for each in examples("docs/configuration.md") if each.language == "yaml"]


def schema_of(content: Any) -> Draft202012Validator:
    return CAMERA if "camera" in content else CONFIG


@pytest.mark.parametrize("schema", [CONFIG, CAMERA])
def test_a_schema_is_one_and_describes_every_key(schema: Draft202012Validator) -> None:
    assert isinstance(schema.schema, Mapping)
    Draft202012Validator.check_schema(schema.schema)
    tables = [schema.schema, *schema.schema["$defs"].values()]
    assert not [
        (table["title"], key)
        for table in tables
        for key, each in table["properties"].items()
        if not each.get("description")
    ]
    assert all(table["description"] and table["additionalProperties"] is False for table in tables)


@pytest.mark.parametrize("file", sorted((PROJECT / "cameras").glob("*.yaml")), ids=lambda file: file.name)
def test_every_shipped_camera_fits_the_schema(file: Path) -> None:
    CAMERA.validate(parse_yaml(file.read_bytes(), file.name).value)


@pytest.mark.parametrize("example", WRITTEN, ids=str)
def test_every_example_fits_its_schema(example: Any) -> None:
    content = parse_yaml(example.text.encode(), str(example)).value
    schema_of(content).validate(content)


@pytest.mark.parametrize(
    "text",
    [
        "registri: butler",
        "datastore: {root: data}",
        "datastores: {}",
        "datastores: {main: {rot: data}}",
        "datastores: {main: {type: memory, root: data}}",
        "datastores: {main: {mode: 416}}",
        "datastores: {main: {mode: '0666'}}",
        "database: {dsn: {wrter: x}}",
        "camera: x",
        "{camera: x, sensors: [], headers: {match: {A: b}, fields: {}}}",
        "{camera: x, sensors: [{sensor: 1}], headers: {match: {A: b}, fields: {visit: {format: mjd}}}}",
        "{camera: x, sensors: [{sensor: 1}], headers: {match: {A: b}, fields: {visit: {number: roman}}}}",
    ],
)
def test_an_editor_is_told_of_what_the_reader_refuses(text: str) -> None:
    content = parse_yaml(text.encode(), "x").value
    assert not schema_of(content).is_valid(content)


def rows(heading: str) -> dict[str, str]:
    """Keys of the tables below a heading, with the rest of their rows."""
    section = PAGE.split(f"{heading}\n", 1)[1].split("\n#", 1)[0]
    found: dict[str, str] = {}
    for names, rest in re.findall(r"^\| ((?:`[^`]+`(?:, )?)+) \| (.*)$", section, re.MULTILINE):
        found |= dict.fromkeys(re.findall("`([^`]+)`", names), rest)
    return found


def keys(kind: type[Struct], prefix: str = "") -> Iterator[str]:
    return (prefix + name for name in keys_of(kind))


def test_the_reference_of_the_repository_names_every_key_and_no_other() -> None:
    assert rows("## The repository").keys() == {
        *(set(keys(ConfigFile)) - {"database"}),
        *keys(Database, "database."),
        *keys(Dsns, "database.dsn."),
        *keys(DatastoreSettings),
        *keys(PosixOptions),
    }


@pytest.mark.parametrize(("key", "default"), [("registry", "butler"), ("type", "posix"), ("root", "data")])
def test_the_reference_names_the_defaults(key: str, default: str) -> None:
    assert rows("## The repository")[key].startswith(f"`{default}` |")
    (known,) = {
        each.default
        for kind in (ConfigFile, DatastoreSettings, PosixOptions)
        for name, each in keys_of(kind).items()
        if name == key
    }
    assert known == default


def test_the_reference_of_cameras_names_every_key_field_and_unit() -> None:
    named = rows("## Cameras")
    rules = (FieldRule, VisitRule, TimeRule, DurationRule, AngleRule, ScaledRule)
    assert named.keys() == {
        *(set(keys(CameraDefinition)) - {"headers"}),
        *keys(HeaderMap, "headers."),
        *(key for kind in rules for key in keys(kind)),
    }
    text = PAGE.split("The fields are", 1)[1].split("A rule:", 1)[0]
    assert set(re.findall("`([^`]+)`", text)) == {*FIELDS, "extra"}
    assert all(unit in named["unit"] for unit in (*ANGLE_UNITS, *DURATION_UNITS))


@pytest.mark.parametrize(("kind", "units"), [(AngleRule, ANGLE_UNITS), (DurationRule, DURATION_UNITS)])
def test_every_unit_of_a_rule_can_be_converted(kind: type[Struct], units: dict[str, float]) -> None:
    schema = camera_schema()["$defs"][kind.__name__]["properties"]["unit"]
    words = next(each["enum"] for each in schema["anyOf"] if "enum" in each)
    assert set(words) == set(units)

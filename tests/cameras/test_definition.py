"""A camera is a YAML file and nothing else, and a wrong one is refused by file and key."""

from __future__ import annotations

import copy
import json
import pickle
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import butler.cameras
from butler.cameras import CameraDefinition
from butler.errors import ConfigError, InvalidNameError

from .conftest import MADE_UP

Write = Callable[[Any], Path]


def changed(keys: str, value: Any) -> dict[str, Any]:
    """Change one value of the made-up camera, named by its path of keys."""
    definition: dict[str, Any] = copy.deepcopy(MADE_UP)
    place: Any = definition
    *path, last = [int(key) if key.isdigit() else key for key in keys.split(".")]
    for key in path:
        place = place[key]
    place[last] = value
    return definition


def test_every_shipped_camera_survives_the_way_through_json(shipped: dict[str, CameraDefinition]) -> None:
    assert set(shipped) == {"ACS", "DECam", "LATISS", "STE3"}
    for definition in shipped.values():
        assert CameraDefinition.from_json(json.loads(json.dumps(definition.to_json()))) == definition
        assert pickle.loads(pickle.dumps(definition)) == definition


def test_no_camera_is_known_by_name_in_the_code(shipped: dict[str, CameraDefinition]) -> None:
    code = "\n".join(file.read_text() for file in Path(butler.cameras.__file__).parent.rglob("*.py"))
    words = {*shipped, "HST", "HRC", "SAAO", "LSST"}
    assert not [word for word in words if re.search(rf"\b{word}\b", code, re.IGNORECASE)]


def test_json_has_the_shape_that_the_database_reads(shipped: dict[str, CameraDefinition]) -> None:
    definition = shipped["DECam"].to_json()
    assert list(definition) == [
        "camera", "doc", "night_offset_hours", "sensors", "filters", "extra", "headers",
    ]  # fmt: skip
    assert definition["sensors"][41] == {
        "sensor": 42,
        "sensor_name": "N11",
        "group": "N",
        "purpose": "science",
        "nx": 2048,
        "ny": 4096,
        "corners": None,
    }
    assert definition["filters"][2] == {
        "physical_filter": "r DECam SDSS c0002 6415.0 1480.0",
        "abstract_filter": "r",
        "wavelength_min": 567.5,
        "wavelength_max": 715.5,
        "aliases": ["r"],
    }
    assert set(definition["extra"]["proposer"]) == {"type", "doc", "unit"}


def test_a_definition_read_from_yaml_equals_the_one_from_json(write_yaml: Write) -> None:
    assert CameraDefinition.read(write_yaml(MADE_UP)) == CameraDefinition.from_json(MADE_UP)


def test_corners_are_kept(write_yaml: Write) -> None:
    square = [[-10, -10], [10, -10], [10, 10], [-10, 10.5]]
    definition = CameraDefinition.read(write_yaml(changed("sensors.0.corners", square)))
    assert definition.sensors[0].corners == ((-10, -10), (10, -10), (10, 10), (-10, 10.5))


@pytest.mark.parametrize(
    ("keys", "value", "where", "reason"),
    [
        ("sensor", [], "sensor", "Did you mean 'sensors'"),
        ("sensors", [], "sensors", "is empty"),
        ("sensors", "left", "sensors", "not a list"),
        ("sensors.0.sensor", "7", "sensors[0].sensor", "is '7': expected `int`"),
        ("sensors.0.sensor", True, "sensors[0].sensor", "is True: expected `int`"),
        ("sensors.0.sensor", 10**50, "sensors[0].sensor", "more than 40 digits"),
        ("sensors.0.nx", 0, "sensors[0].nx", "is 0: expected `int` >= 1"),
        ("sensors.1.sensor", 7, "sensors", "names '7' twice"),
        ("sensors.1.sensor_name", "left", "sensors", "names 'left' twice"),
        ("sensors.0.corners", [[0, 0]], "sensors[0].corners", "has 1 items, not 4"),
        ("sensors.0.colour", "red", "sensors[0].colour", "isn't a key known here"),
        ("filters.0.wavelength_min", float("nan"), "filters[0].wavelength_min", "finite"),
        ("night_offset_hours", float("inf"), "night_offset_hours", "finite"),
        ("night_offset_hours", "noon", "night_offset_hours", "is 'noon': expected `float`"),
        ("extra.mood.type", "jsonb", "extra.mood.type", "text, integer, float, boolean"),
        ("extra.Mood; DROP TABLE visit", {"type": "text"}, "extra.Mood; DROP TABLE visit", "extra field"),
        ("extra.airmass", {"type": "float"}, "extra.airmass", "extra field"),
        ("extra.obs_begin_tai", {"type": "text"}, "extra.obs_begin_tai", "extra field"),
        ("headers.match", {}, "headers.match", "fits every file"),
        ("headers.match.INSTRUME", [], "headers.match", "fits every file"),
        (
            "headers.fields",
            {"visit": {"keyword": "SHOT"}},
            "headers.fields",
            "lacks obs_begin, exposure_time",
        ),
        ("headers.fields.vist", {"keyword": "A"}, "headers.fields.vist", "Did you mean 'visit'"),
        ("headers.fields.visit", {"keyword": "A", "constant": 1}, "headers.fields.visit", "exactly one of"),
        ("headers.fields.visit", {}, "headers.fields.visit", "exactly one of"),
        ("headers.fields.visit", {"keyword": "A\nB"}, "headers.fields.visit.keyword", "FITS keyword"),
        ("headers.fields.visit.unit", "deg", "headers.fields.visit.unit", "isn't a key known here"),
        ("headers.fields.visit.number", "roman", "headers.fields.visit.number", "integer, base36, datetime"),
        ("headers.fields.exposure_time.unit", "deg", "headers.fields.exposure_time.unit", "s, ms, min"),
        ("headers.fields.obs_begin.time_scale", "ut1", "headers.fields.obs_begin.time_scale", "utc, tai"),
        ("headers.fields.visit.regex", "(", "headers.fields.visit.regex", "regular expression"),
        ("headers.fields.visit.regex", "[0-9]", "headers.fields.visit.regex", "has no group"),
        ("headers.fields.visit.regex", "(a+)+$", "headers.fields.visit.regex", "may take too long"),
        ("headers.fields.visit.regex", r"(a+\\)+$", "headers.fields.visit.regex", "may take too long"),
        ("headers.fields.visit.regex", "(" + "a?" * 30 + "a{30})", "headers.fields.visit.regex", "too long"),
        ("headers.fields.visit.regex", "(a|a)" * 20, "headers.fields.visit.regex", "may take too long"),
        ("headers.dataset_types.0.keyword", "OBSTYPE", "headers.dataset_types[0]", "keyword and equals"),
    ],
)
def test_a_wrong_value_is_refused_by_file_and_key(
    write_yaml: Write, keys: str, value: Any, where: str, reason: str
) -> None:
    path = write_yaml(changed(keys, value))
    with pytest.raises(ConfigError) as refusal:
        CameraDefinition.read(path)
    assert re.match(rf"{re.escape(str(path))}:\d+: {re.escape(where)}: ", str(refusal.value))
    assert reason in str(refusal.value)


@pytest.mark.parametrize(
    "name",
    ["", "a\nb", "a\0b", " left", "left ", "x" * 256, "é" * 128, "..", "../../etc/passwd", "a\\b", "a/b"],
)
@pytest.mark.parametrize("keys", ["camera", "sensors.0.sensor_name", "filters.0.physical_filter"])
def test_a_name_that_paths_or_rows_cannot_carry_is_refused(write_yaml: Write, keys: str, name: str) -> None:
    with pytest.raises(InvalidNameError, match=re.escape(keys.rsplit(".", 1)[-1])):
        CameraDefinition.read(write_yaml(changed(keys, name)))


def test_a_name_may_be_an_emoji_and_has_one_spelling(write_yaml: Write) -> None:
    assert CameraDefinition.read(write_yaml(changed("camera", "🔭"))).name == "🔭"
    assert CameraDefinition.read(write_yaml(changed("camera", "Ame\u0301lie"))).name == "Am\u00e9lie"


@pytest.mark.parametrize(
    "text",
    [
        "camera: !!python/object/apply:os.system ['touch {here}/run']",
        "camera: !!python/name:os.system",
        "camera: !include /etc/passwd",
        "camera: [" + "[" * 5000 + "]" * 5000 + "]",
        "a: &a [x, x]\nb: &b [*a, *a]\ncamera: [*b, *b]",
        "camera: &a one",
        "camera: one\ncamera: two",
        "camera: {[1, 2]: 3}",
        "camera: {? {a: b} : c}",
        "camera: 'never closed",
        "camera: one\n---\ncamera: two",
        "- camera",
        "",
        "null: 1",
        "camera: 2013-99-99",
        "camera: 0x",
        "camera: " + "9" * 5000,
        "# " + "x" * 1_000_001,
        "camera: \x01",
    ],
)
def test_yaml_that_runs_code_expands_or_hides_is_refused(
    write_yaml: Write, tmp_path: Path, text: str
) -> None:
    path = write_yaml(text.replace("{here}", str(tmp_path)))
    with pytest.raises(ConfigError, match=re.escape(str(path))):
        CameraDefinition.read(path)
    assert not (tmp_path / "run").exists()


def test_a_file_that_is_not_text_or_not_there_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bytes.yaml").write_bytes(b"\xff\xfe\x00\xd8\x00")
    for name in ("bytes.yaml", "nowhere.yaml", ".", "nul\0.yaml"):
        with pytest.raises(ConfigError):
            CameraDefinition.read(tmp_path / name)

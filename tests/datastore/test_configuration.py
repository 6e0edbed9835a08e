"""Opening datastores from configuration, and third parties' parts."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from butler.datastore import identify, open_datastore
from butler.datastore.storage_classes import CORE, storage_class
from butler.errors import ConfigError, StorageClassError
from butler.testing.datastore import example_exposure

ID = UUID("0199c5d0-0000-7000-8000-000000000001")


def test_a_datastore_needs_no_configuration(tmp_path: Path) -> None:
    datastore = open_datastore({}, tmp_path)
    assert datastore.name == "main"
    assert datastore.root == (tmp_path / "data").as_uri() + "/"


def test_the_root_may_lie_elsewhere(tmp_path: Path) -> None:
    datastore = open_datastore({"root": str(tmp_path / "a b")}, Path("/nowhere"))
    assert datastore.root == (tmp_path / "a b").as_uri() + "/"


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"rot": "x"}, r"datastores\.main\.rot.*\s+Did you mean 'root'"),
        ({"type": "memory", "root": "x"}, r"datastores\.main\.root: isn't a key known here"),
        ({"type": "posixx"}, r"datastores\.main\.type: .*'posixx'\s+Did you mean 'posix'"),
        ({"type": 3}, r"datastores\.main\.type: is 3, not a storage type"),
        ({"name": "main"}, r"datastores\.main\.name: isn't a key known here"),
        ({"root": ""}, r"datastores\.main\.root: is ''"),
        ({"root": "a\0b"}, r"datastores\.main\.root"),
        ({"group": True}, r"datastores\.main\.group: is True: expected `int | str`"),
        ({"group": ""}, r"datastores\.main\.group: is ''"),
        ({"group": -1}, r"datastores\.main\.group: is -1"),
        ({"group": 2**32 - 1}, r"datastores\.main\.group: is 4294967295"),
        ({"group": "a\0b"}, r"datastores\.main\.group: "),
        ({"root": "file:///data"}, r"datastores\.main\.root: 'file:///data' is not a folder"),
        ({"mode": 416}, r"datastores\.main\.mode: 416 is not a mode\s+Give it as a text"),
        ({"mode": "rw-r-----"}, r"datastores\.main\.mode: 'rw-r-----'"),
        ({"mode": "0666"}, r"datastores\.main\.mode: '0666' is not a mode for artifacts"),
        ({"mode": "0755"}, r"datastores\.main\.mode: '0755'"),
        ({"mode": "0040"}, r"datastores\.main\.mode: '0040'"),
        ({"templates": "x"}, r"datastores\.main\.templates: is 'x', not a table"),
        ({"templates": {"raw": 3}}, r"datastores\.main\.templates\.raw: is 3: expected `str`"),
        (
            {"formatters": {"raw": "fitz-image"}},
            r"datastores\.main\.formatters\.raw: .*'fitz-image'\s+Did you mean 'fits-image'",
        ),
        ({"formatters": {3: "json"}}, r"datastores\.main\.formatters\.3"),
        ({"disassemble": "Exposure"}, r"datastores\.main\.disassemble: is 'Exposure', not a list"),
        ({"disassemble": [1]}, r"datastores\.main\.disassemble"),
    ],
)
def test_a_wrong_configuration_is_refused_by_the_name_of_its_key(
    tmp_path: Path, config: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        open_datastore(config, tmp_path)


@pytest.mark.parametrize(
    "template",
    [
        *("", "/abs", "a/../b", "../a", "a//b", "a/", ".", "a b", "a\0b", "a\\b", "ü", "~/{run}"),
        *("{run", "run}", "{}", "{run!r}", "{run.x}", "{0}", "{run:>10}", "{{run}}"),
    ],
)
def test_a_template_that_could_not_be_filled_safely_is_refused(tmp_path: Path, template: str) -> None:
    with pytest.raises(ConfigError, match=r"datastores\.main\.templates\.raw"):
        open_datastore({"templates": {"raw": template}}, tmp_path)


def test_a_template_is_found_by_dataset_type_then_storage_class_then_default(tmp_path: Path) -> None:
    templates = {
        "raw": "raw/{visit}",
        "Exposure": "exposures/{run}/{visit}",
        "default": "{run}/{dataset_type}",
    }
    datastore = open_datastore({"templates": templates}, tmp_path)
    assert datastore.template("raw", "Exposure") == "raw/{visit}"
    assert datastore.template("calexp", "Exposure") == "exposures/{run}/{visit}"
    assert datastore.template("log", "Text") == "{run}/{dataset_type}"
    assert "{data_id}" in open_datastore({}, tmp_path).template("raw", "Exposure")


def test_old_files_are_read_after_template_and_formatter_have_changed(tmp_path: Path) -> None:
    before = open_datastore({"formatters": {"Dict": "json"}}, tmp_path)
    artifacts = before.put({"a": 1}, ID, "old/place", "Dict", "config", {})
    after = open_datastore({"formatters": {"Dict": "yaml"}, "templates": {"default": "new/{run}"}}, tmp_path)
    assert after.get(artifacts, "Dict") == {"a": 1}
    assert artifacts[0].path in after.inventory.expected_paths(ID, "old/place", "Dict", "config")


def test_a_dataset_types_formatter_goes_before_its_storage_classes(tmp_path: Path) -> None:
    datastore = open_datastore({"formatters": {"Dict": "json", "config": "yaml"}}, tmp_path)
    assert datastore.put({}, ID, "a", "Dict", "config", {})[0].path.endswith(".yaml")
    assert datastore.put({}, ID, "a", "Dict", "packages", {})[0].path.endswith(".json")


def test_a_dataset_type_is_disassembled_by_its_own_name(tmp_path: Path) -> None:
    datastore = open_datastore({"disassemble": ["calexp"]}, tmp_path)
    exposure = example_exposure()
    assert len(datastore.put(exposure, ID, "a", "Exposure", "calexp", {})) == 7
    assert len(datastore.put(exposure, ID, "a", "Exposure", "raw", {})) == 1


def test_every_storage_class_names_parts_that_exist() -> None:
    for each in CORE:
        for part in each.components.values():
            assert storage_class(part).name == part
        assert set(each.derived.values()) <= {"", *each.components}
        assert isinstance(each.load_type(), type)


def test_an_unknown_storage_class_is_refused_with_near_names() -> None:
    with pytest.raises(StorageClassError, match=r"'Exposur'\s+Did you mean 'Exposure'"):
        storage_class("Exposur")


# What a file says about itself ---------------------------------------------


@pytest.mark.parametrize(
    ("storage_class", "formatter", "make"),
    [
        ("Exposure", "fits-exposure", example_exposure),
        ("Image", "fits-image", lambda: example_exposure().data),
        ("Wcs", "fits-wcs", lambda: example_exposure().wcs),
        ("Table", "fits-table", lambda: _table()),
        ("Table", "parquet", lambda: _table()),
        ("Table", "ecsv", lambda: _table()),
        ("Dict", "json", lambda: {"a": 1}),
        ("List", "json", lambda: [1]),
        ("Dict", "yaml", lambda: {"a": 1}),
        ("Exposure", "hdf5", example_exposure),
        ("Image", "hdf5", lambda: example_exposure().data),
        ("Wcs", "hdf5", lambda: example_exposure().wcs),
        ("Table", "hdf5", lambda: _table()),
        ("Text", "hdf5", lambda: "text"),
        ("PhysicalUnit", "hdf5", lambda: example_exposure().unit),
    ],
)
def test_a_file_says_what_it_is_under_any_name(
    tmp_path: Path, identity: dict[str, Any], storage_class: str, formatter: str, make: Callable[[], Any]
) -> None:
    datastore = open_datastore({"root": ".", "formatters": {storage_class: formatter}}, tmp_path)
    identity["more"] = {"why": ["tests"]}
    (artifact,) = datastore.put(make(), ID, "a/b", storage_class, "calexp", identity)
    renamed = (tmp_path / artifact.path).rename(tmp_path / "renamed")
    assert identify(renamed) == identity


def _table() -> Any:
    from astropy.table import Table

    return Table({"a": [1, 2]})


def test_a_component_says_that_it_is_one(tmp_path: Path, identity: dict[str, Any]) -> None:
    datastore = open_datastore({"root": ".", "disassemble": ["Exposure"]}, tmp_path)
    artifacts = datastore.put(example_exposure(), ID, "a/b", "Exposure", "calexp", identity)
    components = sorted(artifact.component for artifact in artifacts)
    for artifact in artifacts:
        part = {"component": artifact.component}
        said = {"id": str(ID)} if artifact.component == "unit" else identity | {"components": components}
        assert identify(tmp_path / artifact.path) == said | part


@pytest.mark.parametrize(
    ("storage_class", "obj"), [("Text", "text"), ("Bytes", b"{"), ("Bytes", b"SIMPLE  =")]
)
def test_a_file_without_room_for_it_is_known_by_its_name(
    tmp_path: Path, storage_class: str, obj: Any
) -> None:
    datastore = open_datastore({"root": "."}, tmp_path)
    (artifact,) = datastore.put(obj, ID, "a/b", storage_class, "log", {"id": str(ID)})
    assert identify(tmp_path / artifact.path) == {"id": str(ID)}


def test_a_file_cut_short_still_says_what_it_is(tmp_path: Path, identity: dict[str, Any]) -> None:
    datastore = open_datastore({"root": "."}, tmp_path)
    (artifact,) = datastore.put(example_exposure(), ID, "a/b", "Exposure", "calexp", identity)
    file = tmp_path / artifact.path
    file.write_bytes(file.read_bytes()[:12_000])
    del identity["inputs"]
    assert identify(file) == identity


@pytest.mark.parametrize(
    "content", [b"", b"anything", b"{", b"SIMPLE  =", b"PAR1", b"# %ECSV", b"\x1f\x8b", b'{"a": 1}']
)
def test_a_file_that_says_nothing_is_unknown(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "unknown.fits"
    file.write_bytes(content)
    assert identify(file) is None


# Third parties -------------------------------------------------------------

PLUGIN = """
from msgspec import Struct, defstruct

from butler.datastore.formatters import Formatter
from butler.datastore.storage import MemoryStorage, Storage
from butler.datastore.storage_classes import StorageClass

class Shouting(Formatter):
    name = "shouting"
    extensions = (".loud",)

    def write(self, obj, path, identity, *, storage_class):
        path.write_text(str(obj).upper())

    def read(self, path, *, storage_class, component, parameters):
        from fractions import Fraction
        return Fraction(path.read_text())

class Colours(Struct, frozen=True):
    '''Files of a colour.

    Parameters
    ----------
    colour : `str`
        What colour they have.
    '''

    colour: str = "grey"

    def __post_init__(self):
        if self.colour == "infrared":
            raise ValueError("infrared is no colour")

class Volatile(MemoryStorage):
    options = Colours

class Forgetful(MemoryStorage):
    options = frozenset({"colour"})

class Unfinished(Storage):
    options = Colours

    @classmethod
    def from_config(cls, name, options, repo):
        return cls()

class Greedy(MemoryStorage):
    options = defstruct("Options", [("templates", str)])

CLASSES = (StorageClass("Ratio", "fractions.Fraction", "shouting"),)
"""

FITTING = """
[butler.formatters]
shouting = thirdparty:Shouting
[butler.storages]
volatile = thirdparty:Volatile
[butler.storage_classes]
thirdparty = thirdparty:CLASSES
"""

WRONG = """
[butler.formatters]
broken = thirdparty:Nothing
abstract = butler.datastore.formatters:Formatter
[butler.storages]
volatile = thirdparty:Volatile
forgetful = thirdparty:Forgetful
unfinished = thirdparty:Unfinished
greedy = thirdparty:Greedy
confused = thirdparty:Shouting
"""

USE = """
from fractions import Fraction
from pathlib import Path
from uuid import uuid4
from butler.datastore import open_datastore
datastore = open_datastore({"type": "volatile", "colour": "blue"}, Path())
artifacts = datastore.put(Fraction(2, 3), uuid4(), "a", "Ratio", "ratio", {})
assert artifacts[0].path.endswith(".loud"), artifacts
assert datastore.get(artifacts, "Ratio") == Fraction(2, 3)
assert artifacts[0].path in [path for path in datastore.inventory.paths()]
"""

REFUSED = """
import sys, json
from pathlib import Path
from butler.datastore import open_datastore
from butler.errors import ConfigError
for config in json.loads(sys.argv[1]):
    try:
        open_datastore(config, Path())
    except ConfigError as error:
        print(" ".join(str(error).split()))
"""

SCHEMA = "import json; from butler.config import config_schema; print(json.dumps(config_schema()))"


@pytest.fixture
def third_party(tmp_path: Path) -> Callable[..., str]:
    """Run a program where a package with plug-ins is installed, and give what it prints."""
    (tmp_path / "thirdparty.py").write_text(PLUGIN)
    metadata = tmp_path / "thirdparty-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: thirdparty\nVersion: 1.0\n")

    def run(entry_points: str, program: str, *arguments: str) -> str:
        (metadata / "entry_points.txt").write_text(entry_points)
        used = subprocess.run(
            [sys.executable, "-c", program, *arguments],
            env=os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])},
            capture_output=True,
            text=True,
            check=False,
        )
        assert used.returncode == 0, used.stderr
        return used.stdout

    return run


def test_third_parties_add_formatters_storages_and_storage_classes(third_party: Callable[..., str]) -> None:
    third_party(FITTING, USE)


def test_the_options_of_a_third_partys_storage_are_described_to_editors(
    third_party: Callable[..., str],
) -> None:
    schema = json.loads(third_party(FITTING, SCHEMA))
    assert {"$ref": "#/$defs/volatile"} in schema["properties"]["datastores"]["additionalProperties"]["anyOf"]
    assert schema["$defs"]["volatile"]["properties"]["colour"] == {
        "type": "string",
        "default": "grey",
        "description": "What colour they have.",
    }


def test_a_third_partys_part_that_does_not_fit_is_refused_by_name_package_and_remedy(
    third_party: Callable[..., str],
) -> None:
    expected = [
        ({"formatters": {"Dict": "broken"}}, r"'broken' .* can't be loaded: .* thirdparty 1\.0"),
        (
            {"formatters": {"Dict": "abstract"}},
            r"'abstract' of thirdparty 1\.0 is of an older or incomplete interface: .* lacks ",
        ),
        ({"type": "volatile", "color": "blue"}, r"main\.color: isn't a key known here .*'colour'"),
        ({"type": "volatile", "colour": 3}, r"main\.colour: is 3: expected `str`"),
        ({"type": "volatile", "colour": "infrared"}, r"datastores\.main: infrared is no colour"),
        (
            {"type": "forgetful"},
            r"'forgetful' .* thirdparty 1\.0 declares its options as frozenset.*Struct",
        ),
        (
            {"type": "unfinished"},
            r"'unfinished' of thirdparty 1\.0 is of an older .* lacks create, delete, exists, ",
        ),
        ({"type": "greedy"}, r"'greedy' .* has an option 'templates', as every datastore has"),
        ({"type": "confused"}, r"'confused' .* is no Storage .*butler\.datastore\.storage"),
    ]
    said = third_party(WRONG, REFUSED, json.dumps([config for config, _ in expected])).splitlines()
    assert len(said) == len(expected)
    for line, (_, message) in zip(said, expected, strict=True):
        assert re.search(message, line), line

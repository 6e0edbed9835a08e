"""Third parties' parts that don't fit: written for an older interface, incomplete, or something else."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

MODULE = """
from butler.datastore.formatters import Formatter
from butler.datastore.storage import MemoryStorage, Storage
from butler.datastore.storage_classes import StorageClass


class Complete(Formatter):
    name = "complete"
    extensions = (".complete",)

    def write(self, obj, path, identity, *, storage_class):
        path.write_text(obj)

    def read(self, path, *, storage_class, component, parameters):
        return path.read_text()


class Older(Complete):
    name = "older"

    def write(self, obj, path, identity):
        path.write_text(obj)


class Incomplete(Formatter):
    extensions = (".incomplete",)

    def identify(self, path):
        return None


class Misnamed(Complete):
    name = "another"


class Failing(Complete):
    name = "failing"

    def __init__(self):
        raise RuntimeError("no licence")


class Volatile(Storage):
    options = frozenset({"root"})

    def paths(self):
        return iter(())

    def size(self, path):
        return 0


class Unconfigured(MemoryStorage):
    from_config = Storage.from_config


ONE_CLASS = StorageClass("Ratio", "fractions.Fraction", "complete")
SAME_NAME = (StorageClass("Text", "builtins.str", "complete"),)
"""

DATASTORE = "open_datastore({{'name': 'main', 'type': {name!r}}}, Path())"
FORMATTER = "formatter_named({name!r}, 'a test')"
STORAGE_CLASS = "storage_class({name!r})"

REFUSALS = {
    "a formatter that lacks a name and two methods": (
        ("formatters", "incomplete", "odd:Incomplete"),
        FORMATTER,
        "plug-in 'incomplete' of oddities 0.3 is of an older or incomplete interface:"
        " odd:Incomplete lacks read, write, name\n"
        "  Upgrade or uninstall it; its author finds what is wanted in butler.datastore.formatters.base.Formatter.",
    ),
    "a formatter whose method takes other arguments": (
        ("formatters", "older", "odd:Older"),
        FORMATTER,
        "odd:Older lacks write(obj, path, identity, storage_class)\n",
    ),
    "a formatter of another name": (
        ("formatters", "misnamed", "odd:Misnamed"),
        FORMATTER,
        "formatter 'misnamed' calls itself 'another'",
    ),
    "a formatter that can't be made": (
        ("formatters", "failing", "odd:Failing"),
        FORMATTER,
        "formatter 'failing' can't be made: no licence",
    ),
    "a formatter that is something else": (
        ("formatters", "function", "os.path:join"),
        FORMATTER,
        "plug-in 'function' of oddities 0.3: os.path:join is no Formatter",
    ),
    "a formatter that isn't there": (
        ("formatters", "gone", "odd:Gone"),
        FORMATTER,
        "plug-in 'gone' of 'butler.formatters' can't be loaded: module 'odd' has no attribute 'Gone'\n"
        "  Repair or uninstall oddities 0.3, which provides odd:Gone.",
    ),
    "a storage that lacks methods": (
        ("storages", "volatile", "odd:Volatile"),
        DATASTORE,
        "plug-in 'volatile' of oddities 0.3 is of an older or incomplete interface: odd:Volatile lacks"
        " create, delete, exists, is_temporary, local, modified, root, sweep, from_config\n",
    ),
    "a storage that no configuration makes": (
        ("storages", "unconfigured", "odd:Unconfigured"),
        DATASTORE,
        "odd:Unconfigured lacks from_config\n",
    ),
    "a storage that is a formatter": (
        ("storages", "formatter", "odd:Complete"),
        DATASTORE,
        "plug-in 'formatter' of oddities 0.3: odd:Complete is no Storage",
    ),
    "a storage class that isn't in a sequence": (
        ("storage_classes", "odd", "odd:ONE_CLASS"),
        STORAGE_CLASS,
        "plug-in 'odd': odd:ONE_CLASS isn't a sequence of storage classes",
    ),
    "a storage class that there is already": (
        ("storage_classes", "odd", "odd:SAME_NAME"),
        STORAGE_CLASS,
        "plug-in 'odd' defines storage class 'Text' a second time",
    ),
}


@pytest.mark.parametrize("plugin", REFUSALS)
def test_a_plugin_that_does_not_fit_is_refused_by_name_with_what_it_lacks(
    tmp_path: Path, plugin: str
) -> None:
    (group, name, value), use, message = REFUSALS[plugin]
    (tmp_path / "odd.py").write_text(MODULE)
    metadata = tmp_path / "oddities-0.3.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: oddities\nVersion: 0.3\n")
    (metadata / "entry_points.txt").write_text(f"[butler.{group}]\n{name} = {value}\n")
    program = f"""
from pathlib import Path
from butler.datastore import open_datastore, storage_class
from butler.datastore.formatters import formatter_named
from butler.errors import ConfigError
try:
    {use.format(name=name)}
except ConfigError as error:
    print(error)
"""
    used = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert used.stderr == ""
    assert message in used.stdout

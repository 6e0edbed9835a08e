"""Third parties' parts that don't fit: written for an older interface, incomplete, or something else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable
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

PROGRAM = """
import json
from pathlib import Path
from butler.datastore import open_datastore, storage_class
from butler.datastore.formatters import formatter_named
from butler.errors import ConfigError

def refusal(use):
    try:
        use()
    except ConfigError as error:
        return str(error)

answers = {}
"""

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
        " create, delete, exists, is_temporary, local, mark, modified, root, sweep, from_config\n",
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


def with_plugins(
    folder: Path, plugins: Iterable[tuple[str, str, str]], program: str
) -> subprocess.CompletedProcess[str]:
    """Install plug-ins, each a group, a name and a value, as one package, and run a program."""
    folder.mkdir()
    (folder / "odd.py").write_text(MODULE)
    metadata = folder / "oddities-0.3.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: oddities\nVersion: 0.3\n")
    entries: dict[str, str] = {}
    for group, name, value in plugins:
        entries[group] = f"{entries.get(group, '')}{name} = {value}\n"
    (metadata / "entry_points.txt").write_text(
        "".join(f"[butler.{group}]\n{named}" for group, named in entries.items())
    )
    return subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(folder), *sys.path])},
        capture_output=True,
        text=True,
        check=True,
    )


def answers(folder: Path, plugins: Iterable[str]) -> dict[str, str]:
    """Install these plug-ins, and use each in one process."""
    program, entries = PROGRAM, []
    for plugin in plugins:
        entry, use, _ = REFUSALS[plugin]
        entries.append(entry)
        program += f"answers[{plugin!r}] = refusal(lambda: {use.format(name=entry[1])})\n"
    used = with_plugins(folder, entries, f"{program}print(json.dumps(answers))")
    found: dict[str, str] = json.loads(used.stdout)
    return found


@pytest.fixture(scope="module")
def refused(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What is said to each plug-in; storage classes are all read together, so that each needs its own process."""
    alone = [[plugin] for plugin, ((group, *_), *_) in REFUSALS.items() if group == "storage_classes"]
    together = [plugin for plugin in REFUSALS if [plugin] not in alone]
    folder = tmp_path_factory.mktemp("plugins")
    return {
        plugin: said
        for number, plugins in enumerate([together, *alone])
        for plugin, said in answers(folder / str(number), plugins).items()
    }


@pytest.mark.parametrize("plugin", REFUSALS)
def test_a_plugin_that_does_not_fit_is_refused_by_name_with_what_it_lacks(
    refused: dict[str, str], plugin: str
) -> None:
    message = REFUSALS[plugin][-1]
    assert message in refused[plugin]


def test_a_formatter_that_fails_is_in_nobody_s_way_but_his_who_names_it(tmp_path: Path) -> None:
    (tmp_path / "leaves.py").write_text("raise SystemExit(3)\n")
    used = with_plugins(
        tmp_path / "plugins",
        [("formatters", "failing", "odd:Failing"), ("formatters", "leaving", "leaves:Formatter")],
        f"import sys; sys.path.append({str(tmp_path)!r})\n"
        "from butler.datastore.formatters import formatters_of\n"
        "print(*(each.name for each in formatters_of('Text')))",
    )
    assert "text" in used.stdout.split()
    assert "formatter 'failing' can't be made: no licence" in used.stderr
    assert "plug-in 'leaving' of 'butler.formatters' can't be loaded: 3" in used.stderr

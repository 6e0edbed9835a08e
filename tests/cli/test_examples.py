"""Every example of every help text, on a repository of its own server."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import pytest
import typer
from typer.testing import CliRunner

import butler.cli
from butler.cli.application import application
from butler.cli.commands import SUMMARIES
from butler.cli.query import UNIT_VIEWS
from butler.embedded import EmbeddedServer

from .conftest import Command, write_inputs

SCENARIO = """
butler create demo
butler -r demo status
butler status
butler status --format json
butler config show
butler config show --format json
butler config check
butler config schema -o butler.schema.json
butler camera add peepshow.yaml
butler camera add peepshow.yaml --replace
butler camera draft night1/shot1.fits night1/shot2.fits -o draft.yaml
butler camera check peepshow.yaml night1/shot1.fits
butler camera check Peepshow night1/shot1.fits --format json
butler camera schema -o camera.schema.json
butler camera list
butler -r demo camera list
butler skymap add rings.yaml
butler skymap add rings.json --replace
butler skymap list
butler ingest night1 --dry-run
butler ingest night1/shot1.fits night1/shot2.fits
butler ingest night1 --skip-existing --on-error continue --report night1.ecsv
butler ingest raw night1/shot1.fits --camera Peepshow --mode in-place --run Peepshow/linked
butler dataset-type add stats Dict --unit visit
butler dataset-type add calexp Exposure --unit visit --unit sensor --doc 'Calibrated exposure.'
butler dataset-type list
butler dataset-type list 'cal*'
butler dataset-type show calexp
butler ingest stats stats.json --data-id camera=Peepshow --data-id visit=12 --run u/me/first
butler put stats stats.json camera=Peepshow visit=13 --run u/me/first
butler get raw camera=Peepshow visit=12 sensor=7 -c Peepshow/raw -o raw.fits
butler get raw camera=Peepshow visit=12 sensor=7 -c Peepshow/raw --bbox 1,1,3,2 -o cut.fits
butler get stats camera=Peepshow visit=12 -c u/me/first -o -
butler uri raw camera=Peepshow visit=12 sensor=7 --collections Peepshow/raw
butler query datasets raw
butler query datasets raw camera=Peepshow visit=12 --collections Peepshow/raw --uri
butler query datasets raw --format csv -o raws.csv
butler query data-ids raw
butler query data-ids raw --unit visit -f json
{each unit's own}
butler collection list
butler collection list 'Peep*' --type run
butler collection show Peepshow/raw
butler collection create good-seeing --type tagged --doc 'Seeing < 1 arcsec'
butler associate good-seeing raw visit=12 --collections Peepshow/raw --dry-run
butler associate good-seeing raw camera=Peepshow visit=12 --collections Peepshow/raw
butler disassociate good-seeing raw camera=Peepshow visit=12
butler collection chain Peepshow/defaults u/me/first Peepshow/raw
butler collection freeze Peepshow/raw
butler collection freeze Peepshow/raw --release
butler collection hold u/me/first --for 30d --reason 'the archive of 2019'
butler collection hold u/me/first --release
butler collection holds
butler du
butler du --by type --format json
butler du 'Peep*' --by collection
butler log
butler log --since 8h --operation remove
butler log --collection Peepshow/raw --format json
butler verify
butler verify --fast --format json
butler verify --incremental --for 2h
butler verify --repair --dry-run
butler verify --repair --yes --older-than 0s --report repairs.jsonl
butler reap --dry-run
butler reap --format json
butler reap --gone node7
butler unstore raw visit=12 --collections Peepshow/raw --dry-run
butler unstore raw camera=Peepshow visit=12 -c Peepshow/raw --reason 'on tape' --yes
butler trash list
butler trash list --format json
butler restore --run Peepshow/raw
butler remove raw visit=12 --collections Peepshow/raw --dry-run
butler remove raw camera=Peepshow visit=12 -c Peepshow/raw --reason clouds --yes
butler restore --run Peepshow/raw --type raw --dry-run
butler trash delay
butler trash delay '14 days'
butler trash empty --dry-run
butler trash empty --now --yes
butler collection remove good-seeing --dry-run
butler collection remove Peepshow/raw --datasets --reason 'wrong camera' --dry-run
butler identify cut.fits
butler identify cut.fits --format json
butler sql
butler sql 'SELECT visit, exposure_time FROM visit ORDER BY visit'
butler sql 'SELECT run, count(*) FROM dataset GROUP BY run' --format csv -o runs.csv
butler datastore add archive
butler datastore list
butler datastore list --format json
butler datastore show main
butler datastore mark --dry-run
butler datastore mark main
butler datastore relocate main new-disk/data --dry-run
butler datastore relocate main new-disk/data --check all
butler layer create mydb_alice
butler --layer mydb_alice collection list
butler layer list
butler layer drop mydb_alice --yes
butler db init --sql --login survey_admin
butler db downgrade 0001 --dry-run
butler db downgrade 0001 --yes
butler db upgrade
butler db check
butler db grant
butler db prune --older-than 1000d --dry-run
butler db prune --older-than 1000d --yes
butler db backup before-upgrade --dry-run
butler db backup before-upgrade
butler db restore before-upgrade --replace --dry-run
butler db restore before-upgrade --replace --yes
butler db dsn
butler db status
butler db status --format json
butler db start
butler db start --share
butler db start --listen 127.0.0.1
butler db stop
"""


def every_command(command: typer.core.TyperGroup, *path: str) -> Iterator[tuple[str, ...]]:
    context = typer.Context(command)
    for name in command.list_commands(context):
        found = command.get_command(context, name)
        if isinstance(found, typer.core.TyperGroup):
            yield from every_command(found, *path, name)
        else:
            yield (*path, name)


COMMANDS = list(every_command(typer.main.get_group(application)))


def help_of(*path: str) -> str:
    # Wide, as an example must not be wrapped.
    return CliRunner().invoke(application, [*path, "--help"], terminal_width=200).stdout


def examples_of(*path: str) -> list[str]:
    return re.findall(r"^ +(butler .*)$", help_of(*path), re.MULTILINE)


def scenario() -> Iterator[str]:
    for line in SCENARIO.strip().splitlines():
        if line == "{each unit's own}":
            for view in UNIT_VIEWS:
                yield from examples_of("query", view)
        else:
            yield line


@pytest.fixture(scope="module")
def land() -> Iterator[Path]:
    """A folder that the server's user can enter, which pytest's own is not."""
    with tempfile.TemporaryDirectory(prefix="butler-cli-") as folder:
        Path(folder).chmod(0o755)
        write_inputs(Path(folder))
        yield Path(folder)
        EmbeddedServer(Path(folder, "demo")).destroy()


@pytest.fixture(scope="module")
def done(land: Path) -> dict[str, tuple[int, str]]:
    """Exit status and output of each line of the scenario, run in order."""
    results = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(land)
        for line in scenario():
            if line == "butler datastore add archive":
                with (land / "demo/butler.yaml").open("a") as file:
                    file.write("  archive: {root: archive}\ndefault: main\n")
            if line.startswith("butler datastore relocate"):
                shutil.copytree(land / "demo/data", land / "new-disk/data", dirs_exist_ok=True)
            if line == "butler sql":  # it becomes psql
                ran = subprocess.run(
                    [sys.executable, "-m", "butler", "-r", "demo", "sql"],
                    input="SELECT 'from psql'",
                    capture_output=True,
                    text=True,
                    check=False,
                )
                results[line] = ran.returncode, ran.stdout + ran.stderr
            else:
                result = Command(Path("demo"))(*shlex.split(line)[1:])
                results[line] = result.exit_code, result.output
    return results


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_the_examples_of_each_help_are_true(path: tuple[str, ...], done: dict[str, tuple[int, str]]) -> None:
    examples = examples_of(*path)
    assert examples, f"the help of butler {' '.join(path)} has no example"
    for line in examples:
        if "example.org" not in line:  # a server that isn't there
            status, output = done[line]
            assert status == 0, f"{line}\n{output}"


def test_the_examples_of_the_first_help_are_true(done: dict[str, tuple[int, str]]) -> None:
    assert [done[line][0] for line in examples_of()] == [0, 0, 0]


def test_psql_is_opened_as_the_reader(done: dict[str, tuple[int, str]]) -> None:
    assert "from psql" in done["butler sql"][1]


def test_the_first_help_says_of_each_command_what_its_own_help_says() -> None:
    for name, summary in SUMMARIES.items():
        assert f"  {summary}\n" in help_of(name)


def test_every_module_that_offers_a_command_is_one() -> None:
    offering = {
        module.name.replace("_", "-")
        for module in iter_modules(butler.cli.__path__)
        if hasattr(import_module(f"butler.cli.{module.name}"), "app")
    }
    assert offering == SUMMARIES.keys()


def test_the_first_help_names_the_exit_statuses() -> None:
    text = " ".join(help_of().split())
    assert (
        "0 done; 1 it failed, or the answer is no; 2 the command isn't written right; 3 done in part" in text
    )

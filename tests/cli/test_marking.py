"""``butler datastore mark``: what is said, what is refused, and that a plan refuses what the deed does."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from butler import Butler
from butler.config import RepositoryConfig
from butler.datastore.config import DatastoreConfig
from butler.datastore.marks import encode_mark
from butler.values import Mark

from .conftest import Command

NAME = ".butler-datastore.json"


@pytest.fixture
def root(filled: Butler, repo: Path) -> Path:
    return repo / "data"


def said(root: Path) -> dict[str, str]:
    found: dict[str, str] = json.loads((root / NAME).read_text())
    return found


def recorded(butler: Butler) -> str:
    return str(butler.registry.query("SELECT mark FROM datastore WHERE datastore = 'main'").scalar())


def write(root: Path, content: bytes) -> None:
    (root / NAME).unlink(missing_ok=True)
    (root / NAME).write_bytes(content)


def test_get_says_that_the_root_is_not_there(
    filled: Butler, root: Path, command: Command, tmp_path: Path
) -> None:
    root.rename(root.with_name("unmounted"))
    for output in ("out.json", "out.yaml"):
        result = command(
            "get", "stats", "camera=Peepshow", "visit=12", "-c", "u/me/first", "-o", tmp_path / output
        )
        assert result.exit_code == 1
        assert "the root of datastore 'main'" in result.stderr
        assert "isn't there" in result.stderr
    compared = command("verify")
    assert compared.exit_code == 1
    assert compared.stderr.startswith("error: nothing is done with datastore 'main': its root ")


def test_a_dry_run_says_what_is_there_and_changes_nothing(
    filled: Butler, root: Path, command: Command
) -> None:
    (root / "loose").write_text("")
    before = said(root)
    planned = command("datastore", "mark", "--dry-run")
    assert planned.exit_code == 0
    assert "bears its mark" in planned.stdout
    assert planned.stdout.split()[-1] == "1", "a file that no dataset has"
    assert planned.stderr == "datastore main would be marked anew\n"
    assert said(root) == before
    done = command("datastore", "mark", "main")
    assert done.stdout == planned.stdout
    assert done.stderr == "datastore main is marked anew\n"
    assert said(root) != before
    assert said(root)["mark"] == recorded(filled)
    assert "orphan" in command("verify").stdout


def theirs(root: Path) -> None:
    write(root, encode_mark(Mark(uuid4(), "main", uuid4())))


def unmounted(root: Path) -> None:
    root.rename(root.with_name("unmounted"))
    root.mkdir()


def obstructed(root: Path) -> None:
    (root / NAME).unlink()
    (root / NAME).mkdir()


def nested(root: Path) -> None:
    (root / "u/nested").mkdir(parents=True)
    (root / "u/nested/butler.yaml").touch()


REFUSED: dict[str, tuple[Callable[[Path], object], str]] = {
    "another's": (theirs, "of datastore 'main' of installation"),
    "half a mark": (lambda root: write(root, b"{"), "can't be read"),
    "a folder": (obstructed, "isn't a regular file"),
    "not mounted": (unmounted, "is empty"),
    "gone": (lambda root: root.rename(root.with_name("unmounted")), "isn't there"),
    "a cluster": (lambda root: (root / "PG_VERSION").touch(), "PG_VERSION"),
    "a repository below": (nested, "u/nested"),
    "open to all": (lambda root: root.chmod(0o777), "open to all"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_plan_refuses_what_the_deed_does_and_nothing_changes(
    filled: Butler, root: Path, command: Command, what: str
) -> None:
    spoil, message = REFUSED[what]
    spoil(root)
    before = recorded(filled), sorted(path for path in root.parent.rglob("*"))
    for options in ((), ("--dry-run",)):
        refused = command("datastore", "mark", "main", *options)
        assert refused.exit_code == 1
        assert message in refused.stderr
    assert (recorded(filled), sorted(path for path in root.parent.rglob("*"))) == before


def test_another_s_mark_goes_if_it_is_named(filled: Butler, root: Path, command: Command) -> None:
    theirs(root)
    mark = said(root)["mark"]
    assert f"--over {mark}" in command("datastore", "mark").stderr
    assert command("datastore", "mark", "--over", str(uuid4())).exit_code == 1
    assert command("datastore", "mark", "--over", mark).exit_code == 0
    assert command("verify").stderr == "registry and datastore agree\n"


def test_a_datastore_that_nobody_knows_is_named(filled: Butler, command: Command) -> None:
    refused = command("datastore", "mark", "mian")
    assert refused.exit_code == 1
    assert "'mian'" in refused.stderr
    assert "Did you mean 'main'?" in refused.stderr


def test_adding_one_marks_its_root_and_only_the_first_time(
    filled: Butler, repo: Path, command: Command
) -> None:
    config = RepositoryConfig.read(repo)
    two = {**config.datastores, "archive": DatastoreConfig.from_plain({"root": "archive"})}
    replace(config, datastores=two).write()
    assert command("datastore", "add", "archive").exit_code == 0
    assert said(repo / "archive")["datastore"] == "archive"
    (repo / "archive" / NAME).unlink()
    again = command("datastore", "add", "archive")
    assert again.exit_code == 1, "an empty mount point is not marked"
    assert "'butler datastore mark archive" in again.stderr
    assert list((repo / "archive").iterdir()) == []
    assert command("datastore", "mark", "archive").exit_code == 0
    assert command("datastore", "add", "archive").stderr == "datastore archive was registered already\n"


def test_config_check_says_of_a_root_that_it_bears_no_mark(root: Path, command: Command) -> None:
    assert command("config", "check").exit_code == 0
    (root / NAME).unlink()
    checked = command("config", "check")
    assert checked.exit_code != 0
    assert "bears no mark" in checked.output


KILLED = """
import os, signal, sys
from pathlib import Path
from butler.datastore.storage import root_mark
from typer.testing import CliRunner
from butler.cli.application import application

def killing(self, *args, write=root_mark.FolderMark.write, **options):
    if sys.argv[2] == "after":
        write(self, *args, **options)
    os.kill(os.getpid(), signal.SIGKILL)

root_mark.FolderMark.write = killing
CliRunner().invoke(application, ["-r", sys.argv[1], "datastore", "mark", "main"])
"""


@pytest.mark.parametrize("when", ["before", "after"])
def test_whoever_is_killed_between_database_and_root_does_the_same_again(
    filled: Butler, root: Path, command: Command, when: str
) -> None:
    before, in_database = said(root)["mark"], recorded(filled)
    ran = subprocess.run([sys.executable, "-c", KILLED, root.parent, when], check=False, env={**os.environ})
    assert ran.returncode == -signal.SIGKILL
    assert recorded(filled) == in_database
    assert (said(root)["mark"] == before) == (when == "before")
    verified = command("verify")
    assert (verified.exit_code == 0) == (when == "before")
    assert command("datastore", "mark", "main").exit_code == 0
    assert command("verify").stderr == "registry and datastore agree\n"

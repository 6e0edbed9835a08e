"""What is said to be tested of versions is what is tested."""

from __future__ import annotations

import os
import platform
import re
import sys
import tomllib
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import psycopg2
import pytest

from butler.testing.postgres import TemporaryServer

PROJECT = Path(__file__).parents[2]


class Row(NamedTuple):
    """A row of the table in docs/operations.md."""

    release: str
    postgresql: str
    postgis: str
    python: str
    tests: str
    by: str


_PAGE = (PROJECT / "docs" / "operations.md").read_text(encoding="utf-8")
_TABLE = re.search(r"^\| Debian \| PostgreSQL .*\n\| --- .*\n((?:\|.*\n)+)", _PAGE, re.MULTILINE)
assert _TABLE is not None
ROWS = [Row(*line.strip("| ").split(" | ")) for line in _TABLE[1].splitlines()]


def number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def test_the_versions_of_python_are_those_of_the_package() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    named = re.findall(r"Python :: (3\.\d+)", "\n".join(project["classifiers"]))
    assert named == [row.python for row in ROWS]
    assert project["requires-python"] == f">={min(named, key=number)}"


def test_the_oldest_postgresql_is_the_oldest_that_is_installed() -> None:
    install = (PROJECT / "setup" / "install.sh").read_text()
    assert f"\noldest_postgresql={min(int(row.postgresql) for row in ROWS)}\n" in install


def test_what_is_tried_on_other_releases_is_what_the_script_tries() -> None:
    script = (PROJECT / ".ci" / "versions").read_text()
    rows = [row for row in ROWS if row.by == "`make test-versions`"]
    tried = re.findall(r'^    "(\w+) (\d+) ([\d.]+)"$', script, re.MULTILINE)
    assert tried == [(row.release, row.postgresql, row.python) for row in rows]
    folders = set(re.findall(r"tests/(\w+)(?= |$)", script, re.MULTILINE))
    assert [set(re.findall(r"`(\w+)`", row.tests)) for row in rows] == [folders] * len(rows)


def test_where_all_is_tested_the_versions_are_those_of_the_table(butler_server: TemporaryServer) -> None:
    release = platform.freedesktop_os_release().get("VERSION_CODENAME")
    row = next((row for row in ROWS if row.release == release), None)
    if row is None or "CI" not in os.environ:
        pytest.skip("a developer's computer may have other versions; CI has those of its release")
    assert ".".join(map(str, sys.version_info[:2])) == row.python
    with closing(psycopg2.connect(butler_server.dsn("postgres"))) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT default_version FROM pg_available_extensions WHERE name = 'postgis'")
        ((postgis,),) = cursor.fetchall()
        assert str(connection.server_version // 10000) == row.postgresql
    assert postgis.startswith(f"{row.postgis}.")

"""The plug-in for pytest, used as the authors of plug-ins use it: from modules of their own."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from embedded.conftest import is_alive

EXTERNAL = """
    import numpy as np
    import pytest
    from butler import DatasetType

    @pytest.fixture
    def labelled(butler):
        butler.registry.definitions.register_dataset_type(DatasetType("note", "Text", ("label",)))
        butler.registry.definitions.register_units("label", [{"label": "a"}])
        return butler

    @pytest.mark.parametrize("word", ["one", "two", "three", "four"])
    def test_what_is_put_comes_back(labelled, word):
        labelled.put(word, "note", label="a")
        assert labelled.get("note", label="a") == word

    def test_files_and_configuration_are_the_test_s_own(butler_repository, tmp_path):
        assert butler_repository == tmp_path / "repo"
        assert (butler_repository / "butler.yaml").exists()

    def test_a_reader_may_not_write(butler_database):
        cursor = butler_database.connect("reader").cursor()
        cursor.execute("SELECT count(*) FROM dataset")
        assert cursor.fetchone() == (0,)
        with pytest.raises(Exception, match="permission denied|read-only"):
            cursor.execute("SELECT register_collection('u/me/mine', 'run')")
"""

NOTING = """
    import os
    from pathlib import Path
    import pytest

    @pytest.fixture(scope="session", autouse=True)
    def noted(butler_server):
        note = Path(__file__).with_name(f"server-{os.getpid()}")
        note.write_text((butler_server.data / "postmaster.pid").read_text().split()[0])
"""

WITHOUT = """
    import sys

    def test_nothing_of_butler_is_loaded_but_the_plug_in():
        ours = {name for name in sys.modules if name.partition(".")[0] == "butler"}
        assert ours == {"butler", "butler.testing", "butler.testing.plugin", "butler.testing.fixtures"}
        assert {"sqlalchemy", "alembic", "psycopg2", "astropy"} & sys.modules.keys() == set()
"""


def server_pids(folder: Path) -> list[int]:
    return [int(note.read_text()) for note in folder.glob("server-*")]


def assert_gone(pids: list[int]) -> None:
    """See each end; one of a process that was killed takes a moment for it."""
    while any(map(is_alive, pids)):
        time.sleep(0.02)


@pytest.mark.parametrize(
    ("options", "servers"),
    # These tests themselves use it with pytest-xdist.
    [pytest.param((), 1, id="alone"), pytest.param(("-n", "2"), 2, id="xdist", marks=pytest.mark.slow)],
)
def test_a_module_of_somebody_else_s_has_a_repository_a_test_and_a_server_a_process(
    pytester: pytest.Pytester, options: tuple[str, ...], servers: int
) -> None:
    pytester.makeconftest(NOTING)
    pytester.makepyfile(EXTERNAL)
    pytester.runpytest_subprocess(*options).assert_outcomes(passed=6)
    pids = server_pids(pytester.path)
    assert len(pids) == servers
    assert_gone(pids)


def test_a_run_that_does_not_use_it_pays_nothing_for_it(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(WITHOUT)
    pytester.runpytest_subprocess().assert_outcomes(passed=1)


def test_without_pytest_postgresql_it_says_what_to_install(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_anything(butler): pass\ndef test_nothing(): pass")
    result = pytester.runpytest_subprocess("-p", "no:pytest_postgresql")
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*install Butler with its extra 'testing'*"])


def test_fixtures_are_listed_with_what_they_give(pytester: pytest.Pytester) -> None:
    result = pytester.runpytest_subprocess("--fixtures")
    result.stdout.fnmatch_lines_random(
        [
            "butler_server ?session scope?*",
            "*A throw-away PostgreSQL + PostGIS server*",
            "butler --*",
            "*A Butler in `butler_repository`*",
        ]
    )


def test_a_run_that_is_killed_leaves_no_server(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(NOTING)
    pytester.makepyfile("import os, signal\ndef test_the_end(butler): os.kill(os.getpid(), signal.SIGKILL)")
    assert pytester.runpytest_subprocess().ret < 0
    (pid,) = server_pids(pytester.path)
    assert pid != os.getpid()
    assert_gone([pid])

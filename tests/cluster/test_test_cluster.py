"""The server for a test run ends with it."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from butler.testing.cluster import TestCluster

from .conftest import ask, is_alive


@pytest.fixture(scope="module")
def server() -> Iterator[TestCluster]:
    with TestCluster() as running:
        yield running


def test_its_roles_need_no_passwords(server: TestCluster) -> None:
    ask(server.dsn("postgres"), "CREATE ROLE anna LOGIN")
    assert ask(server.dsn("postgres", "anna"), "SELECT session_user") == "anna"


def test_only_its_own_user_enters_its_folder(server: TestCluster) -> None:
    assert Path(server.host).stat().st_mode & 0o777 == 0o700


def test_a_clone_has_the_templates_rows_and_is_dropped_in_the_end(server: TestCluster) -> None:
    ask(server.dsn("postgres"), "CREATE DATABASE template_of_tests")
    ask(server.dsn("template_of_tests"), "CREATE TABLE star AS SELECT 'Vega' AS name")
    with server.clone("template_of_tests") as name:
        assert ask(server.dsn(name), "SELECT name FROM star") == "Vega"
    assert ask(server.dsn("postgres"), f"SELECT count(*) FROM pg_database WHERE datname = '{name}'") == 0


def test_after_kill_9_of_its_test_run_neither_server_nor_files_stay() -> None:
    program = (
        "import time; from butler.testing.cluster import TestCluster\n"
        "with TestCluster() as server: print(server.host, flush=True); time.sleep(60)"
    )
    run = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert run.stdout is not None
    folder = Path(run.stdout.readline().strip())
    server_pid = int((folder / "data" / "postmaster.pid").read_text().split()[0])
    run.send_signal(signal.SIGKILL)
    run.communicate()
    deadline = time.monotonic() + 5
    while is_alive(server_pid):
        assert time.monotonic() < deadline, "the server has outlived its test run"
        time.sleep(0.02)
    with TestCluster():
        assert not folder.exists()

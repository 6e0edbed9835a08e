"""The server for a test run ends with it, and leaves nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest
from embedded.conftest import ask, is_alive

from butler.errors import DatabaseUnavailableError
from butler.testing.postgres import TemporaryServer


@pytest.fixture(scope="module")
def server() -> Iterator[TemporaryServer]:
    with TemporaryServer() as running:
        yield running


def folder_of(server: TemporaryServer) -> Path:
    return server.data.parent


def postmaster_of(server: TemporaryServer) -> int:
    return int((server.data / "postmaster.pid").read_text().split()[0])


def test_its_roles_need_no_passwords(server: TemporaryServer) -> None:
    ask(server.dsn("postgres"), "CREATE ROLE anna LOGIN")
    assert ask(server.dsn("postgres", "anna"), "SELECT session_user") == "anna"


def test_only_its_own_user_reaches_its_socket_and_its_files(server: TemporaryServer) -> None:
    assert folder_of(server).stat().st_mode & 0o007 == 0
    assert {path.stat().st_mode & 0o777 for path in (Path(server.host), server.data)} == {0o700}


def test_it_listens_on_its_socket_alone(server: TemporaryServer) -> None:
    assert ask(server.dsn("postgres"), "SHOW listen_addresses") == ""


def test_settings_replace_those_for_speed() -> None:
    with TemporaryServer(max_connections=7, fsync=True) as small:
        found = [ask(small.dsn("postgres"), f"SHOW {name}") for name in ("max_connections", "fsync", "jit")]
    assert found == ["7", "on", "off"]


def test_a_setting_that_there_is_not_is_told_with_the_servers_own_words_and_leaves_nothing() -> None:
    server = TemporaryServer(max_conections=7)
    with pytest.raises(
        DatabaseUnavailableError, match='unrecognized configuration parameter "max_conections"'
    ):
        server.__enter__()
    assert not folder_of(server).exists()


def test_after_kill_9_of_its_test_run_neither_server_nor_files_stay() -> None:
    program = (
        "import signal; from butler.testing.postgres import TemporaryServer\n"
        "with TemporaryServer() as server: print(server.data, flush=True); signal.pause()"
    )
    run = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert run.stdout is not None
    data = Path(run.stdout.readline().strip())
    server_pid = int((data / "postmaster.pid").read_text().split()[0])
    run.send_signal(signal.SIGKILL)
    run.communicate()
    while is_alive(server_pid):
        time.sleep(0.02)
    while data.exists():  # processes of the dead server may have it for a moment yet
        with TemporaryServer():
            pass


def test_its_files_stay_until_its_last_process_has_ended() -> None:
    server = TemporaryServer()
    with server:
        connection = psycopg2.connect(server.dsn("postgres"))
        backend = connection.info.backend_pid
        # Stopped, it doesn't notice that its server has died, like one that is busy.
        os.kill(backend, signal.SIGSTOP)
        os.kill(postmaster_of(server), signal.SIGKILL)
        lock = (folder_of(server) / "lock").stat().st_ino
        ending = threading.Thread(target=server.__exit__, args=(None, None, None))
        ending.start()
        while not is_waited_for(lock):
            assert ending.is_alive(), "it didn't wait"
            time.sleep(0.01)
        assert (server.data / "PG_VERSION").exists()
        os.kill(backend, signal.SIGCONT)
        ending.join()
        assert not is_alive(backend)
        assert not folder_of(server).exists()
        connection.close()


def is_waited_for(inode: int) -> bool:
    """Tell whether a process waits for the lock of a file."""
    lines = Path("/proc/locks").read_text().splitlines()
    return any("->" in line and line.split()[6].endswith(f":{inode}") for line in lines)


def test_one_whose_files_another_run_took_for_abandoned_ends_without_an_error() -> None:
    with TemporaryServer() as server:
        subprocess.run(["rm", "-rf", folder_of(server)], check=True)

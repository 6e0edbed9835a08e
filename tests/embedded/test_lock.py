"""An embedded server belongs to one computer, and to one container of it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest

from butler.embedded import EmbeddedServer
from butler.errors import DatabaseUnavailableError

from .conftest import crash, is_alive, is_root


@pytest.fixture
def stopped(own: EmbeddedServer, repo: Path) -> Iterator[EmbeddedServer]:
    own.stop()
    yield own
    if not own.running:
        (repo / "embedded" / "server.lock").unlink(missing_ok=True)


def write_lock(repo: Path, *, name: str, machine: str, boot: str) -> None:
    lock = {
        "host": {"name": name, "machine": machine, "boot": boot, "pid_namespace": 4026531836},
        "ready": True,
    }
    (repo / "embedded" / "server.lock").write_text(json.dumps(lock))


def test_an_embedded_server_not_stopped_on_another_computer_is_refused_naming_it(
    stopped: EmbeddedServer, repo: Path
) -> None:
    write_lock(repo, name="mountaintop", machine="0" * 32, boot="another")
    for act in (stopped.ensure_running, stopped.start, stopped.stop, stopped.destroy):
        with pytest.raises(DatabaseUnavailableError, match="'mountaintop'") as raised:
            act()
        assert "remove" in str(raised.value.hint)
    assert (repo / "embedded" / "data" / "PG_VERSION").exists()


def test_an_embedded_server_of_this_computer_starts_after_a_reboot(
    stopped: EmbeddedServer, repo: Path
) -> None:
    machine = Path("/etc/machine-id").read_text().strip() if Path("/etc/machine-id").exists() else ""
    write_lock(repo, name="old name", machine=machine or os.uname().nodename, boot="the boot before")
    stopped.ensure_running()
    assert stopped.running


def test_an_embedded_server_of_a_container_that_has_died_starts(stopped: EmbeddedServer, repo: Path) -> None:
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    write_lock(repo, name="container", machine="container", boot=boot)
    stopped.ensure_running()
    assert stopped.running


@pytest.mark.skipif(
    not is_root or subprocess.run(["unshare", "--pid", "--fork", "--mount-proc", "true"]).returncode != 0,
    reason="this computer can't make a container",
)
def test_an_embedded_server_in_use_on_the_host_is_refused_in_a_container(
    own: EmbeddedServer, repo: Path
) -> None:
    program = "import sys, pathlib, butler.embedded as c; c.EmbeddedServer(pathlib.Path(sys.argv[1])).ensure_running()"
    container = ["unshare", "--pid", "--mount", "--fork", "--mount-proc"]
    enter = 'mount -t tmpfs none /run && exec "$@"'
    contained = subprocess.run(
        [*container, "sh", "-c", enter, "sh", sys.executable, "-c", program, repo],
        capture_output=True,
        text=True,
    )
    assert contained.returncode != 0
    assert f"another container of this computer, '{os.uname().nodename}'" in contained.stderr
    assert own.running


def test_processes_of_a_crashed_server_are_waited_for(own: EmbeddedServer) -> None:
    connection = psycopg2.connect(own.dsn("superuser"))
    backend = connection.info.backend_pid
    # Stopped, it doesn't notice that its server has died, like one that is busy.
    os.kill(backend, signal.SIGSTOP)
    crash(own)
    waker = subprocess.Popen(["sh", "-c", f"sleep 0.3; kill -CONT {backend}"])
    own.ensure_running()
    assert waker.wait() == 0
    assert not is_alive(backend)
    connection.close()


def test_a_socket_that_a_process_of_a_crashed_server_holds_open_is_no_server(own: EmbeddedServer) -> None:
    """One that was just being made when the server was killed hasn't closed it yet."""
    status = own.status()
    folder, name = status.socket_dir, f".s.PGSQL.{status.port}"
    crash(own)
    (folder / name).unlink()
    held, told = socket.socketpair()
    with socket.socket(socket.AF_UNIX) as listening, held, told:
        heir = os.fork()
        if heir == 0:
            listening.bind(str(folder / name))
            listening.listen()
            socket.send_fds(told, [b"x"], [listening.fileno()])
            os._exit(0)
        _, (descriptor,), _, _ = socket.recv_fds(held, 1, 1)
        os.waitpid(heir, 0)
        try:
            assert not own.running
        finally:
            os.close(descriptor)
    own.ensure_running()
    assert own.running


def test_data_of_another_major_version_are_refused_naming_dump_and_restore(
    stopped: EmbeddedServer, repo: Path
) -> None:
    version = repo / "embedded" / "data" / "PG_VERSION"
    ours = version.read_text()
    version.write_text("11\n")
    with pytest.raises(
        DatabaseUnavailableError, match=f"of PostgreSQL 11; this computer has .*{ours.strip()}"
    ) as raised:
        stopped.ensure_running()
    assert "postgresql-11-postgis-3" in str(raised.value.hint)
    assert "butler db backup, butler db restore" in str(raised.value.hint)
    version.write_text(ours)

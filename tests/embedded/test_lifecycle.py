"""An embedded server starts, survives, stops and goes."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from butler.embedded import EmbeddedServer
from butler.errors import DatabaseUnavailableError

from .conftest import ask, crash, is_alive, new_repo, repository


def test_a_new_server_runs_with_checksums_in_utf8_and_utc_and_expects_pages_in_memory(
    server: EmbeddedServer,
) -> None:
    settings = ask(
        server.dsn("superuser"),
        "SELECT array_agg(current_setting(name)) FROM unnest(ARRAY['data_checksums', 'server_encoding', "
        "'timezone', 'jit', 'random_page_cost', 'listen_addresses', 'max_locks_per_transaction']) AS name",
    )
    assert settings == ["on", "UTF8", "UTC", "off", "1.1", "", "1024"]
    collation = "SELECT datcollate FROM pg_database WHERE datname = current_database()"
    assert ask(server.dsn("superuser"), collation) == "C.UTF-8"


def test_postgis_can_be_installed_in_it(server: EmbeddedServer) -> None:
    ask(server.dsn("superuser"), "CREATE DATABASE sky")
    sky = server.dsn("superuser", "sky")
    ask(sky, "CREATE EXTENSION postgis")
    assert ask(sky, "SELECT postgis_version()").startswith("3.")


def test_an_embedded_server_is_durable_unless_told_otherwise(server: EmbeddedServer, repo: Path) -> None:
    durable = EmbeddedServer.create(repo)
    assert [ask(each.dsn("superuser"), "SHOW fsync") for each in (durable, server)] == ["on", "off"]


def test_status_tells_where_it_is_and_how_large(server: EmbeddedServer) -> None:
    status = server.status()
    assert status.running
    assert status.version == int(ask(server.dsn("superuser"), "SHOW server_version_num")) // 10000
    assert str(status.data_dir) == ask(server.dsn("superuser"), "SHOW data_directory")
    assert status.pid is not None
    assert os.path.samefile(f"/proc/{status.pid}/cwd", status.data_dir)
    assert status.size is not None
    assert status.size > 10_000_000
    assert (status.listen, status.share, status.durable) == (None, False, False)


def test_ensure_running_runs_no_program_where_it_runs(
    server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo = repository(server)
    monkeypatch.setattr(subprocess, "Popen", None)
    EmbeddedServer(repo).ensure_running()
    assert server.running


def test_a_stopped_server_keeps_its_data_and_starts_again(own: EmbeddedServer) -> None:
    ask(own.dsn("superuser"), "CREATE TABLE kept AS SELECT 7 AS n")
    own.stop()
    assert not own.running
    own.stop()
    own.ensure_running()
    assert ask(own.dsn("superuser"), "SELECT n FROM kept") == 7


def test_starting_a_running_server_leaves_its_sessions_alone(server: EmbeddedServer) -> None:
    pid = server.status().pid
    server.start()
    assert server.status().pid == pid


def test_the_server_outlives_the_command_that_started_it(own: EmbeddedServer, repo: Path) -> None:
    own.stop()
    program = f"from pathlib import Path; from butler.embedded import EmbeddedServer; EmbeddedServer(Path({str(repo)!r})).start()"
    subprocess.run([sys.executable, "-c", program], check=True)
    assert ask(own.dsn("superuser"), "SELECT 1") == 1


def test_the_server_gets_none_of_its_starters_environment(
    repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOME_SECRET", "hunter2")
    monkeypatch.setenv("PGPORT", "1234")
    server = EmbeddedServer.create(repo, durable=False)
    environment = Path(f"/proc/{server.status().pid}/environ").read_bytes()
    assert b"hunter2" not in environment
    assert ask(server.dsn("superuser"), "SHOW port") == "5432"


def test_after_a_crash_of_the_server_committed_data_are_there(repo: Path) -> None:
    server = EmbeddedServer.create(repo)
    ask(server.dsn("superuser"), "CREATE TABLE kept AS SELECT 7 AS n")
    pid = crash(server)
    server.ensure_running()
    assert server.status().pid != pid
    assert ask(server.dsn("superuser"), "SELECT n FROM kept") == 7


def test_a_crashed_server_comes_back_open_to_whom_it_was(own: EmbeddedServer, repo: Path) -> None:
    own.start(listen="127.0.0.1", share=True)
    crash(own)
    EmbeddedServer(repo).ensure_running()
    own.ensure_running()
    assert (own.status().listen, own.status().share) == ("127.0.0.1", True)
    assert ask(own.dsn("superuser"), "SHOW listen_addresses") == "127.0.0.1"


def test_a_crashed_server_whose_port_was_taken_meanwhile_comes_back_on_another(
    own: EmbeddedServer, repo: Path
) -> None:
    own.start(listen="127.0.0.1")
    port = own.status().port
    crash(own)
    with socket.create_server(("127.0.0.1", port)):
        EmbeddedServer(repo).ensure_running()
    own.ensure_running()
    assert own.status().port != port
    assert ask(own.dsn("superuser"), "SHOW port") == str(own.status().port)


def test_after_a_stop_it_is_open_to_its_owner_alone(own: EmbeddedServer) -> None:
    own.start(listen="127.0.0.1", share=True)
    own.stop()
    own.ensure_running()
    assert (own.status().listen, own.status().share) == (None, False)


def test_a_left_over_pid_of_another_process_is_no_obstacle(own: EmbeddedServer) -> None:
    status = own.status()
    own.stop()
    # Of the server's own user, as after a reboot: PostgreSQL itself refuses then.
    other = subprocess.Popen(["sleep", "60"], user=status.user)
    try:
        (status.data_dir / "postmaster.pid").write_text(f"{other.pid}\n{status.data_dir}\n0\n5432\n\n\n")
        shutil.chown(status.data_dir / "postmaster.pid", status.user)
        own.ensure_running()
    finally:
        other.kill()
        other.wait()
    assert own.running


def test_of_several_starters_one_starts_and_all_find_it_running(own: EmbeddedServer, repo: Path) -> None:
    own.stop()
    program = (
        "import sys; from pathlib import Path; from butler.embedded import EmbeddedServer; sys.stdin.read(); "
        f"server = EmbeddedServer(Path({str(repo)!r})); server.ensure_running(); print(server.status().pid)"
    )
    starters = [
        subprocess.Popen(
            [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(4)
    ]
    outputs: list[str] = []

    def go(starter: subprocess.Popen[str]) -> None:
        outputs.append(starter.communicate()[0])

    threads = [threading.Thread(target=go, args=(starter,)) for starter in starters]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [starter.returncode for starter in starters] == [0, 0, 0, 0]
    assert set(outputs) == {f"{own.status().pid}\n"}


def test_a_server_whose_starter_was_killed_is_found_ready(own: EmbeddedServer, repo: Path) -> None:
    pid = own.status().pid
    lock = repo / "embedded" / "server.lock"
    lock.write_text(lock.read_text().replace('"ready": true', '"ready": false'))
    assert not own.running
    own.ensure_running()
    assert (own.running, own.status().pid) == (True, pid)


def test_a_server_that_was_started_by_hand_is_stopped_too(own: EmbeddedServer, repo: Path) -> None:
    (repo / "embedded" / "server.lock").unlink()
    own.ensure_running()
    pid = own.status().pid
    assert pid is not None
    (repo / "embedded" / "server.lock").unlink()
    own.stop()
    assert not is_alive(pid)


def test_a_moved_repository_finds_its_running_server(land: Path) -> None:
    server = EmbeddedServer.create(new_repo(land), durable=False)
    pid = server.status().pid
    moved = land / "moved"
    repository(server).rename(moved)
    there = EmbeddedServer(moved)
    assert there.status().pid == pid
    there.start(share=True)
    assert ask(there.dsn("superuser"), "SHOW data_directory") == str(moved / "embedded" / "data")
    there.destroy()


def test_a_copied_repository_has_a_server_of_its_own(own: EmbeddedServer, repo: Path, land: Path) -> None:
    ask(own.dsn("superuser"), "CREATE TABLE which AS SELECT 'original' AS name")
    own.stop()
    subprocess.run(["cp", "-a", repo, land / "copy"], check=True)
    own.ensure_running()
    copy = EmbeddedServer(land / "copy")
    copy.ensure_running()
    ask(copy.dsn("superuser"), "UPDATE which SET name = 'copy'")
    assert ask(own.dsn("superuser"), "SELECT name FROM which") == "original"
    copy.destroy()


def test_a_destroyed_server_leaves_nothing(land: Path) -> None:
    repo = new_repo(land)
    server = EmbeddedServer.create(repo, durable=False)
    status = server.status()
    server.destroy()
    assert list(repo.iterdir()) == []
    assert not status.socket_dir.exists()
    assert status.pid is not None
    assert not is_alive(status.pid)
    with pytest.raises(DatabaseUnavailableError, match="no database server"):
        EmbeddedServer(repo)


def test_a_start_that_fails_shows_the_end_of_the_servers_log(own: EmbeddedServer) -> None:
    data = own.status().data_dir
    own.stop()
    (data / "global" / "pg_control").rename(data / "pg_control.away")
    with pytest.raises(DatabaseUnavailableError, match="could not find the database system") as raised:
        own.start()
    assert "could not find the database system" in raised.value.details["log"]
    (data / "pg_control.away").rename(data / "global" / "pg_control")
    own.start()
    assert own.running

"""A cluster starts, survives, stops and goes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from butler.cluster import Cluster
from butler.errors import DatabaseUnavailableError

from .conftest import ask, crash, is_alive, new_repo, repository


def test_a_new_cluster_runs_with_checksums_in_utf8_and_utc(cluster: Cluster) -> None:
    settings = ask(
        cluster.dsn("superuser"),
        "SELECT array_agg(current_setting(name)) FROM unnest(ARRAY['data_checksums', 'server_encoding', "
        "'timezone', 'jit', 'listen_addresses', 'max_locks_per_transaction']) AS name",
    )
    assert settings == ["on", "UTF8", "UTC", "off", "", "1024"]
    collation = "SELECT datcollate FROM pg_database WHERE datname = current_database()"
    assert ask(cluster.dsn("superuser"), collation) == "C.UTF-8"


def test_postgis_can_be_installed_in_it(cluster: Cluster) -> None:
    ask(cluster.dsn("superuser"), "CREATE DATABASE sky")
    sky = cluster.dsn("superuser", "sky")
    ask(sky, "CREATE EXTENSION postgis")
    assert ask(sky, "SELECT postgis_version()").startswith("3.")


def test_a_cluster_is_durable_unless_told_otherwise(cluster: Cluster, repo: Path) -> None:
    durable = Cluster.create(repo)
    assert [ask(each.dsn("superuser"), "SHOW fsync") for each in (durable, cluster)] == ["on", "off"]


def test_status_tells_where_it_is_and_how_large(cluster: Cluster) -> None:
    status = cluster.status()
    assert status.running
    assert status.version == int(ask(cluster.dsn("superuser"), "SHOW server_version_num")) // 10000
    assert str(status.data_dir) == ask(cluster.dsn("superuser"), "SHOW data_directory")
    assert status.pid is not None
    assert os.path.samefile(f"/proc/{status.pid}/cwd", status.data_dir)
    assert status.size is not None
    assert status.size > 10_000_000
    assert (status.listen, status.share, status.durable) == (None, False, False)


def test_ensure_running_takes_under_5_ms_when_it_runs(cluster: Cluster) -> None:
    repo = repository(cluster)
    times = []
    for _ in range(5):
        begin = time.perf_counter()
        Cluster(repo).ensure_running()
        times.append(time.perf_counter() - begin)
    assert min(times) < 0.005


def test_a_stopped_cluster_keeps_its_data_and_starts_again(own: Cluster) -> None:
    ask(own.dsn("superuser"), "CREATE TABLE kept AS SELECT 7 AS n")
    own.stop()
    assert not own.running
    own.stop()
    own.ensure_running()
    assert ask(own.dsn("superuser"), "SELECT n FROM kept") == 7


def test_starting_a_running_cluster_leaves_its_sessions_alone(cluster: Cluster) -> None:
    pid = cluster.status().pid
    cluster.start()
    assert cluster.status().pid == pid


def test_the_server_outlives_the_command_that_started_it(own: Cluster, repo: Path) -> None:
    own.stop()
    program = (
        f"from pathlib import Path; from butler.cluster import Cluster; Cluster(Path({str(repo)!r})).start()"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
    assert ask(own.dsn("superuser"), "SELECT 1") == 1


def test_the_server_gets_none_of_its_starters_environment(
    repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOME_SECRET", "hunter2")
    monkeypatch.setenv("PGPORT", "1234")
    cluster = Cluster.create(repo, durable=False)
    environment = Path(f"/proc/{cluster.status().pid}/environ").read_bytes()
    assert b"hunter2" not in environment
    assert ask(cluster.dsn("superuser"), "SHOW port") == "5432"


def test_after_a_crash_of_the_server_committed_data_are_there(repo: Path) -> None:
    cluster = Cluster.create(repo)
    ask(cluster.dsn("superuser"), "CREATE TABLE kept AS SELECT 7 AS n")
    pid = crash(cluster)
    cluster.ensure_running()
    assert cluster.status().pid != pid
    assert ask(cluster.dsn("superuser"), "SELECT n FROM kept") == 7


def test_a_crashed_server_comes_back_with_the_doors_that_it_had(own: Cluster, repo: Path) -> None:
    own.start(listen="127.0.0.1", share=True)
    crash(own)
    Cluster(repo).ensure_running()
    after = Cluster(repo).status()
    assert (after.listen, after.share) == ("127.0.0.1", True)
    assert ask(own.dsn("superuser"), "SHOW listen_addresses") == "127.0.0.1"


def test_a_stop_closes_the_doors(own: Cluster) -> None:
    own.start(listen="127.0.0.1", share=True)
    own.stop()
    own.ensure_running()
    assert (own.status().listen, own.status().share) == (None, False)


def test_a_left_over_pid_of_another_process_is_no_obstacle(own: Cluster) -> None:
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


def test_of_several_starters_one_starts_and_all_find_it_running(own: Cluster, repo: Path) -> None:
    own.stop()
    program = (
        "import sys; from pathlib import Path; from butler.cluster import Cluster; sys.stdin.read(); "
        f"cluster = Cluster(Path({str(repo)!r})); cluster.ensure_running(); print(cluster.status().pid)"
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


def test_a_server_whose_starter_was_killed_is_found_ready(own: Cluster, repo: Path) -> None:
    pid = own.status().pid
    holder = repo / "cluster" / "holder.json"
    holder.write_text(holder.read_text().replace('"ready": true', '"ready": false'))
    assert not own.running
    own.ensure_running()
    assert own.running
    assert own.status().pid == pid


def test_a_server_that_was_started_by_hand_is_stopped_too(own: Cluster, repo: Path) -> None:
    (repo / "cluster" / "holder.json").unlink()
    own.ensure_running()
    pid = own.status().pid
    assert pid is not None
    (repo / "cluster" / "holder.json").unlink()
    own.stop()
    assert not is_alive(pid)


def test_a_moved_repository_finds_its_running_server(land: Path) -> None:
    cluster = Cluster.create(new_repo(land), durable=False)
    pid = cluster.status().pid
    moved = land / "moved"
    repository(cluster).rename(moved)
    there = Cluster(moved)
    assert there.status().pid == pid
    there.start(share=True)
    assert ask(there.dsn("superuser"), "SHOW data_directory") == str(moved / "cluster" / "data")
    there.destroy()


def test_a_copied_repository_has_a_server_of_its_own(own: Cluster, repo: Path, land: Path) -> None:
    ask(own.dsn("superuser"), "CREATE TABLE which AS SELECT 'original' AS name")
    own.stop()
    subprocess.run(["cp", "-a", repo, land / "copy"], check=True)
    own.ensure_running()
    copy = Cluster(land / "copy")
    copy.ensure_running()
    ask(copy.dsn("superuser"), "UPDATE which SET name = 'copy'")
    assert ask(own.dsn("superuser"), "SELECT name FROM which") == "original"
    copy.destroy()


def test_a_destroyed_cluster_leaves_nothing(land: Path) -> None:
    repo = new_repo(land)
    cluster = Cluster.create(repo, durable=False)
    status = cluster.status()
    cluster.destroy()
    assert list(repo.iterdir()) == []
    assert not status.socket_dir.exists()
    assert status.pid is not None
    assert not is_alive(status.pid)
    with pytest.raises(DatabaseUnavailableError, match="no database cluster"):
        Cluster(repo)


def test_a_start_that_fails_shows_the_end_of_the_servers_log(own: Cluster) -> None:
    data = own.status().data_dir
    own.stop()
    (data / "global" / "pg_control").rename(data / "pg_control.away")
    with pytest.raises(DatabaseUnavailableError, match="could not find the database system") as raised:
        own.start()
    assert "could not find the database system" in raised.value.details["log"]
    (data / "pg_control.away").rename(data / "global" / "pg_control")
    own.start()
    assert own.running

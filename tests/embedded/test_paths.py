"""Where an embedded server's files go, and where they can't."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from butler.embedded import EmbeddedServer
from butler.embedded.host import file_system_type
from butler.errors import ConfigError, DatabaseUnavailableError

from .conftest import as_user, ask, needs_root, new_repo


@pytest.fixture
def state(monkeypatch: pytest.MonkeyPatch, lands: Path) -> Path:
    """The folder for data that can't lie in their repository."""
    if os.geteuid() == 0:
        return Path("/var/lib/butler")
    monkeypatch.setenv("XDG_STATE_HOME", str(lands / "state"))
    return lands / "state" / "butler"


def test_data_lie_in_a_repository_of_any_ordinary_name(land: Path) -> None:
    repo = land / "-it's the  Sternwarte Zürich; & all | its * nights"
    repo.mkdir()
    server = EmbeddedServer.create(repo, durable=False)
    assert ask(server.dsn("superuser"), "SELECT 1") == 1
    assert server.status().data_dir == repo / "embedded" / "data"
    server.destroy()


@pytest.mark.parametrize("name", ["$(touch pwned)", 'a`id`"b\\c', "new\nline"])
def test_data_lie_elsewhere_if_a_shell_would_read_more_in_the_name(
    land: Path, state: Path, name: str
) -> None:
    repo = land / name
    repo.mkdir()
    server = EmbeddedServer.create(repo, durable=False)
    status = server.status()
    assert ask(server.dsn("superuser"), "SELECT 1") == 1
    assert status.data_dir.parents[1] == state
    server.destroy()
    assert not status.data_dir.parent.exists()


def test_data_lie_elsewhere_if_the_path_is_too_long_for_postgresql(land: Path, state: Path) -> None:
    repo = land.joinpath(*["deep" * 50] * 5)
    repo.mkdir(parents=True)
    server = EmbeddedServer.create(repo, durable=False)
    assert ask(server.dsn("superuser"), "SELECT 1") == 1
    assert server.status().data_dir.parents[1] == state
    assert len(f"{server.status().socket_dir}/.s.PGSQL.65535") < 107
    server.destroy()


@needs_root
def test_data_lie_elsewhere_if_the_servers_user_cant_reach_the_repository(land: Path, state: Path) -> None:
    private = new_repo(land)
    private.chmod(0o700)
    repo = private / "repo"
    repo.mkdir()
    server = EmbeddedServer.create(repo, durable=False)
    assert server.status().data_dir.parents[1] == state
    assert not (repo / "embedded" / "data").exists()
    server.stop()
    EmbeddedServer(repo).ensure_running()
    assert ask(server.dsn("superuser"), "SELECT 1") == 1
    server.destroy()
    assert list(repo.iterdir()) == []


@needs_root
def test_an_ordinary_user_runs_a_server_of_his_own(land: Path) -> None:
    repo = new_repo(land)
    os.chown(repo, 65534, 65534)

    def create() -> tuple[str, str]:
        server = EmbeddedServer.create(repo, durable=False)
        return server.status().user, ask(server.dsn("superuser"), "SELECT current_user")

    assert as_user("nobody", create) == ("nobody", "postgres")
    assert EmbeddedServer(repo).running
    as_user("nobody", lambda: EmbeddedServer(repo).destroy())
    assert list(repo.iterdir()) == []


def test_a_second_server_in_a_repository_is_refused(server: EmbeddedServer) -> None:
    with pytest.raises(ConfigError, match="already"):
        EmbeddedServer.create(server.status().data_dir.parents[1])
    assert server.running


def test_of_two_creators_at_once_one_is_refused_and_the_other_has_his_server(repo: Path) -> None:
    program = "import sys, pathlib, butler.embedded as c; c.EmbeddedServer.create(pathlib.Path(sys.argv[1]), durable=False)"
    creators = [
        subprocess.Popen([sys.executable, "-c", program, repo], stderr=subprocess.PIPE, text=True)
        for _ in "12"
    ]
    complaints = [creator.communicate()[1] for creator in creators]
    assert sorted(creator.returncode for creator in creators) == [0, 1]
    assert "has a database server already" in "".join(complaints)
    assert ask(EmbeddedServer(repo).dsn("superuser"), "SELECT 1") == 1


def test_a_missing_folder_is_refused(land: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        EmbeddedServer.create(land / "missing")
    assert not (land / "missing").exists()


def test_a_disk_that_fills_up_during_creation_leaves_nothing(repo: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        with pytest.raises(DatabaseUnavailableError, match="initdb"):
            EmbeddedServer.create(repo)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list(repo.iterdir()) == []


def test_a_damaged_state_is_refused(repo: Path) -> None:
    (repo / "embedded").mkdir()
    state = repo / "embedded" / "state.json"
    state.write_text("{")
    with pytest.raises(ConfigError, match="damaged"):
        EmbeddedServer(repo)
    state.write_text(
        '{"token": "01234567", "creator": 0, "external": "/etc", "durable": true,'
        ' "port": 5432, "listen": null, "share": false}'
    )
    with pytest.raises(ConfigError, match="/etc"):
        EmbeddedServer(repo)
    state.unlink()


MOUNTS = """\
22 1 8:1 / / rw - ext4 /dev/sda1 rw
30 22 0:40 / /home rw shared:5 - nfs4 nas:/home rw
31 30 8:2 / /home/local rw - xfs /dev/sda2 rw
32 22 0:50 / /mnt/two\\040words rw - cifs //nas/share rw
33 22 0:51 / /mnt/remote rw - fuse.sshfs host: rw
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/data/demo", "ext4"),
        ("/home/anna/demo", "nfs4"),
        ("/home/local/demo", "xfs"),
        ("/homeless/demo", "ext4"),
        ("/mnt/two words/demo", "cifs"),
        ("/mnt/remote", "fuse.sshfs"),
    ],
)
def test_the_file_system_of_a_path_is_that_of_the_mount_nearest_to_it(path: str, kind: str) -> None:
    assert file_system_type(Path(path), MOUNTS) == kind

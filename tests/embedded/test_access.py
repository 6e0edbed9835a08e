"""Who gets in, as whom, over the socket and over TCP."""

from __future__ import annotations

import os
import pwd
import re
import socket
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import psycopg2
import pytest

from butler.embedded import EmbeddedServer
from butler.errors import ConfigError, DatabaseUnavailableError, PermissionDeniedError

from .conftest import as_user, ask, make_roles, needs_root, new_repo, repository

ROLES = {
    "owner": "butler_owner",
    "writer": "butler_writer",
    "reader": "butler_reader",
    "superuser": "postgres",
}


def ask_in_role(server: EmbeddedServer, role: str, statement: str) -> object:
    return ask(server.dsn(role), statement)


@pytest.fixture(scope="module")
def server(land: Path) -> Iterator[EmbeddedServer]:
    made = EmbeddedServer.create(new_repo(land), durable=False)
    make_roles(made)
    yield made
    made.destroy()


@pytest.fixture
def closed(server: EmbeddedServer) -> Iterator[EmbeddedServer]:
    """The server, open to its owner alone again after the test."""
    yield server
    server.start()


@pytest.mark.parametrize("role", ROLES)
def test_the_creating_user_is_whatever_role_he_asks_for(server: EmbeddedServer, role: str) -> None:
    me = pwd.getpwuid(os.geteuid()).pw_name
    assert ask(server.dsn(role), "SELECT session_user") == (f"os_{me}" if role == "writer" else ROLES[role])


def test_nobody_writes_as_all_who_write(server: EmbeddedServer) -> None:
    everybody = re.sub("//[^@]*@", "//butler_writer@", server.dsn("writer"))
    with pytest.raises(psycopg2.OperationalError, match="Peer authentication failed"):
        ask(everybody, "SELECT 1")
    assert ask(server.dsn("writer"), "SELECT pg_has_role('butler_owner', 'MEMBER')") is False


def test_an_unknown_role_is_refused(server: EmbeddedServer) -> None:
    with pytest.raises(ConfigError, match="'admin'"):
        server.dsn("admin")


def test_a_connection_string_serves_sqlalchemy_too(server: EmbeddedServer) -> None:
    from sqlalchemy import create_engine, text

    engine = create_engine(server.dsn("reader").replace("postgresql:", "postgresql+psycopg2:", 1))
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT current_user")) == "butler_reader"
    engine.dispose()


def test_a_server_of_another_os_user_than_the_servers_is_not_believed(server: EmbeddedServer) -> None:
    dsn = server.dsn("reader").replace(f"requirepeer={server.status().user}", "requirepeer=daemon")
    with pytest.raises(psycopg2.OperationalError, match="peer user name"):
        ask(dsn, "SELECT 1")


@needs_root
@pytest.mark.parametrize("role", ROLES)
def test_another_user_gets_in_nowhere(server: EmbeddedServer, role: str) -> None:
    with pytest.raises(psycopg2.OperationalError, match="Permission denied"):
        as_user("nobody", lambda: ask(server.dsn(role), "SELECT 1"))


@needs_root
def test_another_user_is_told_how_the_owner_would_share_it(server: EmbeddedServer) -> None:
    with pytest.raises(PermissionDeniedError, match="isn't shared") as raised:
        as_user("nobody", lambda: EmbeddedServer(repository(server)).ensure_running())
    assert raised.value.hint == f"As root: butler -r {repository(server)} db start --share."


@needs_root
def test_in_a_shared_server_any_user_reads_and_no_more(closed: EmbeddedServer) -> None:
    closed.start(share=True)
    repo = repository(closed)

    def read() -> str:
        server = EmbeddedServer(repo)
        server.ensure_running()
        return str(ask(server.dsn("reader"), "SELECT day FROM night"))

    assert as_user("nobody", read) == "2026-11-21"
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        as_user("nobody", lambda: ask(closed.dsn("reader"), "DELETE FROM night"))
    for role in ("owner", "writer", "superuser"):
        with pytest.raises(psycopg2.OperationalError, match="Peer authentication failed"):
            as_user("nobody", partial(ask_in_role, closed, role, "SELECT 1"))
    with pytest.raises(psycopg2.OperationalError, match=r"no pg_hba\.conf entry"):
        as_user("nobody", lambda: ask(closed.dsn("reader", "postgres"), "SELECT 1"))


@needs_root
def test_sharing_starts_and_ends_without_a_restart(closed: EmbeddedServer) -> None:
    pid = closed.status().pid
    closed.start(share=True)
    closed.start()
    assert closed.status().pid == pid
    with pytest.raises(psycopg2.OperationalError, match="Permission denied"):
        as_user("nobody", lambda: ask(closed.dsn("reader"), "SELECT 1"))


@needs_root
def test_another_user_sees_neither_the_data_nor_what_other_servers_there_are(closed: EmbeddedServer) -> None:
    closed.start(share=True)
    status = closed.status()
    repo = repository(closed)
    for folder in (status.data_dir, status.log_dir, status.socket_dir, status.socket_dir.parent):
        with pytest.raises(PermissionError):
            as_user("nobody", partial(os.listdir, folder))
    seen = as_user("nobody", lambda: EmbeddedServer(repo).status())
    assert (seen.running, seen.version, seen.pid, seen.size) == (True, None, None, None)


@needs_root
def test_another_user_can_neither_start_nor_stop_nor_destroy(closed: EmbeddedServer) -> None:
    closed.start(share=True)
    for act in (closed.start, closed.stop, closed.destroy):
        with pytest.raises(PermissionDeniedError, match="another OS user"):
            as_user("nobody", act)
    assert closed.running


@needs_root
def test_another_user_is_told_who_can_start_a_stopped_server(closed: EmbeddedServer) -> None:
    closed.stop()
    with pytest.raises(DatabaseUnavailableError, match="doesn't run") as raised:
        as_user("nobody", lambda: EmbeddedServer(repository(closed)).ensure_running())
    assert raised.value.hint == f"As root: butler -r {repository(closed)} db start."


@needs_root
def test_who_created_it_by_sudo_is_owner_but_not_superuser(
    repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUDO_UID", "65534")
    server = EmbeddedServer.create(repo, durable=False)
    make_roles(server)
    own = {**ROLES, "writer": "os_nobody"}
    for role in ("owner", "writer", "reader"):
        assert as_user("nobody", partial(ask_in_role, server, role, "SELECT session_user")) == own[role]
    root_s = server.dsn("writer")
    assert ask(root_s, "SELECT session_user") == "os_root"
    with pytest.raises(psycopg2.OperationalError, match="Peer authentication failed"):
        as_user("nobody", lambda: ask(root_s, "SELECT 1"))
    with pytest.raises(psycopg2.OperationalError, match="Peer authentication failed"):
        as_user("nobody", lambda: ask(server.dsn("superuser"), "SELECT 1"))
    with pytest.raises(psycopg2.OperationalError, match="Permission denied"):
        as_user("daemon", lambda: ask(server.dsn("reader"), "SELECT 1"))


@needs_root
def test_the_servers_own_user_is_superuser_and_nothing_else(server: EmbeddedServer) -> None:
    assert as_user("postgres", lambda: ask(server.dsn("superuser"), "SELECT session_user")) == "postgres"
    with pytest.raises(psycopg2.OperationalError, match="Peer authentication failed"):
        as_user("postgres", lambda: ask(server.dsn("owner"), "SELECT 1"))


@needs_root
def test_a_socket_folder_that_another_user_made_first_is_refused(land: Path) -> None:
    repo, trap = new_repo(land), Path("/tmp/butler-2")
    os.chown(repo, 2, 2)
    trap.mkdir()
    os.chown(trap, 65534, 65534)
    try:
        with pytest.raises(PermissionDeniedError, match="/tmp/butler-2"):
            as_user("bin", lambda: EmbeddedServer.create(repo, durable=False))
    finally:
        trap.rmdir()
    assert list(repo.iterdir()) == []


# TCP -----------------------------------------------------------------------


def over_tcp(server: EmbeddedServer, user: str, password: str, database: str = "butler") -> str:
    return f"postgresql://{user}:{password}@127.0.0.1:{server.status().port}/{database}"


@pytest.fixture(scope="module")
def listening(server: EmbeddedServer) -> Iterator[EmbeddedServer]:
    server.start(listen="127.0.0.1")
    for role in ("postgres", "butler_owner", "butler_writer", "butler_reader"):
        ask(server.dsn("superuser"), f"ALTER ROLE {role} PASSWORD 'right'")
    ask(server.dsn("superuser"), "CREATE ROLE topcat LOGIN PASSWORD 'right' IN ROLE butler_reader")
    ask(server.dsn("superuser"), "CREATE ROLE stranger LOGIN PASSWORD 'right'")
    yield server
    server.start()


def test_by_default_nothing_listens(server: EmbeddedServer) -> None:
    inodes = {
        os.readlink(entry.path)
        for entry in os.scandir(f"/proc/{server.status().pid}/fd")
        if os.path.islink(entry.path)
    }
    listeners = [
        line.split()
        for table in ("tcp", "tcp6")
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]
        if line.split()[3] == "0A"
    ]
    assert [fields for fields in listeners if f"socket:[{fields[9]}]" in inodes] == []


def test_a_login_that_reads_comes_in_by_password(listening: EmbeddedServer) -> None:
    assert ask(over_tcp(listening, "topcat", "right"), "SELECT day FROM night").isoformat() == "2026-11-21"
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        ask(over_tcp(listening, "topcat", "wrong"), "SELECT 1")
    stored = ask(listening.dsn("superuser"), "SELECT rolpassword FROM pg_authid WHERE rolname = 'topcat'")
    assert stored.startswith("SCRAM-SHA-256$")


@pytest.mark.parametrize("user", ["postgres", "butler_owner", "butler_writer", "butler_reader", "stranger"])
def test_over_tcp_nobody_else_comes_in_with_the_right_password_either(
    listening: EmbeddedServer, user: str
) -> None:
    with pytest.raises(psycopg2.OperationalError, match=r"rejects connection|no pg_hba\.conf entry"):
        ask(over_tcp(listening, user, "right"), "SELECT 1")


def test_over_tcp_a_reader_reaches_no_other_database(listening: EmbeddedServer) -> None:
    with pytest.raises(psycopg2.OperationalError, match=r"no pg_hba\.conf entry"):
        ask(over_tcp(listening, "topcat", "right", "postgres"), "SELECT 1")


def test_a_port_that_is_taken_is_not_chosen_and_the_choice_lasts(own: EmbeddedServer, repo: Path) -> None:
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            taken.bind(("127.0.0.1", 5432))
            taken.listen()
        except OSError:
            pass  # somebody else has it, which does as well
        own.start(listen="localhost")
        port = own.status().port
        assert port != 5432
    own.stop()
    own.start(listen="127.0.0.1")
    assert own.status().port == port
    assert ask(EmbeddedServer(repo).dsn("superuser"), "SHOW port") == str(port)


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "*", "", "observatory.example", "127.0.0.1,10.0.0.1"])
def test_an_address_that_is_not_of_one_interface_is_refused(server: EmbeddedServer, address: str) -> None:
    pid = server.status().pid
    with pytest.raises(ConfigError):
        server.start(listen=address)
    assert server.status().pid == pid


def test_an_address_of_another_computer_is_refused_and_the_server_goes_on(closed: EmbeddedServer) -> None:
    pid = closed.status().pid
    with pytest.raises(ConfigError, match=r"192\.0\.2\.1"):
        closed.start(listen="192.0.2.1")
    assert closed.status().pid == pid

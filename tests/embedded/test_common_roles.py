"""What one does to the roles that all have in common is seen, ends at the next start, and opens no door."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg2
import pytest

from butler.config import RepositoryConfig
from butler.embedded import EmbeddedServer
from butler.repository import create_repository

from .conftest import as_user, ask, needs_root, new_repo

SETTINGS = (
    "SELECT array_agg(rolname || ' ' || array_to_string(setconfig, ' ') ORDER BY rolname, setdatabase)"
    " FROM pg_db_role_setting AS s JOIN pg_roles AS r ON r.oid = s.setrole"
)
KEPT = [
    "butler_reader default_transaction_read_only=on statement_timeout=10min idle_in_transaction_session_timeout=1h",
    "butler_writer idle_in_transaction_session_timeout=1h",
]
PASSWORDS = "SELECT count(*) FROM pg_authid WHERE rolpassword IS NOT NULL AND rolname LIKE 'butler_%'"


@pytest.fixture(scope="module")
def made(land: Path) -> Iterator[Path]:
    folder = new_repo(land)
    create_repository(folder, durable=False)
    server = EmbeddedServer(folder)
    ask(
        server.dsn("superuser"),
        "CREATE ROLE alice LOGIN PASSWORD 'right' IN ROLE butler_reader; ALTER ROLE alice SET work_mem = '8MB'",
    )
    yield folder
    EmbeddedServer(folder).destroy()


def command(repo: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "butler", "-r", str(repo), *arguments],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def spoilt(made: Path) -> EmbeddedServer:
    """A reader has been at the role of all readers."""
    server = EmbeddedServer(made)
    server.ensure_running()
    for change in (
        "SET statement_timeout = '1h'",
        "SET search_path = trap",
        "RESET idle_in_transaction_session_timeout",
        "IN DATABASE butler SET work_mem = '64kB'",
        "PASSWORD 'right'",
    ):
        ask(server.dsn("reader"), f"BEGIN READ WRITE; ALTER ROLE butler_reader {change}; COMMIT")
    return server


def by_hand(server: EmbeddedServer, repo: Path) -> None:
    assert command(repo, "db", "start").returncode == 0


def by_a_command_that_needs_it(server: EmbeddedServer, repo: Path) -> None:
    server.stop()
    RepositoryConfig.read(repo).dsn("reader")


def by_granting(server: EmbeddedServer, repo: Path) -> None:
    assert command(repo, "db", "grant").returncode == 0


@pytest.mark.parametrize("begin_anew", [by_hand, by_a_command_that_needs_it, by_granting])
def test_the_roles_are_what_they_were_made_as_again(
    spoilt: EmbeddedServer, made: Path, begin_anew: Callable[[EmbeddedServer, Path], None]
) -> None:
    begin_anew(spoilt, made)
    superuser = EmbeddedServer(made).dsn("superuser", "butler")
    own = [f"{login} idle_in_transaction_session_timeout=1h" for login in sorted(spoilt.logins)]
    assert ask(superuser, SETTINGS) == ["alice work_mem=8MB", *KEPT, *own]
    assert ask(superuser, PASSWORDS) == 0
    assert command(made, "db", "check").returncode == 0


@needs_root
def test_what_two_users_of_a_computer_did_is_told_apart(land: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUDO_UID", "65534")
    folder = new_repo(land)
    create_repository(folder, durable=False)
    server = EmbeddedServer(folder)
    try:
        ask(server.dsn("writer"), "SELECT butler.register_collection('u/root', 'tagged')")
        as_user("nobody", lambda: ask(server.dsn("writer"), "SELECT butler.freeze_collection('u/root')"))
        assert ask(
            server.dsn("reader"),
            "SELECT array_agg(format('%s %s', actor, operation) ORDER BY activity_id) FROM butler.activity"
            " WHERE collections @> ARRAY['u/root']",
        ) == ["os_root register_collection", "os_nobody freeze_collection"]
    finally:
        server.destroy()


def test_a_check_names_each_that_differs_and_the_remedy(spoilt: EmbeddedServer, made: Path) -> None:
    checked = command(made, "db", "check")
    assert checked.returncode == 1
    for finding in (
        "its statement_timeout is '1h', it should be '10min'",
        "its search_path is 'trap', it should have none",
        "its idle_in_transaction_session_timeout isn't set, it should be '1h'",
        "its work_mem in the database is '64kB', it should have none",
        "it has a password, and several people log in by it",
    ):
        assert f"role butler_reader: {finding}: run 'butler db start', which sets it anew\n" in checked.stdout
    assert checked.stdout.count("\n") == 5


def test_over_the_port_come_people_and_not_what_they_have_in_common(made: Path) -> None:
    server = EmbeddedServer(made)
    server.start(listen="127.0.0.1")
    port = server.status().port
    try:
        mine = f"postgresql://alice:right@127.0.0.1:{port}/butler"
        ask(mine, "SET ROLE butler_reader; ALTER ROLE butler_reader PASSWORD 'right'; RESET ROLE")
        assert ask(mine, "SELECT session_user") == "alice"
        with pytest.raises(psycopg2.OperationalError, match="rejects connection"):
            ask(f"postgresql://butler_reader:right@127.0.0.1:{port}/butler", "SELECT 1")
    finally:
        server.start()

"""A server that exists: somebody else's, whose administrator does what a script says and no more."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg2
import pytest
from cli.conftest import Command

from butler.embedded.account import Account
from butler.embedded.programs import find_programs
from butler.testing.postgres import TemporaryServer


class Administrator:
    """Whoever runs the server: its superuser, with psql."""

    def __init__(self, server: TemporaryServer) -> None:
        self.server = server

    def sql(self, *statements: str, database: str = "postgres") -> list[tuple[object, ...]]:
        connection = psycopg2.connect(self.server.dsn(database))
        connection.autocommit = True
        try:
            cursor = connection.cursor()
            for statement in statements:
                cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()

    def psql(self, script: str, database: str) -> None:
        done = subprocess.run(
            [find_programs().folder / "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", self.server.dsn(database)],
            input=script,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def administrator(butler_server: TemporaryServer) -> Administrator:
    return Administrator(butler_server)


@pytest.fixture
def make_database(administrator: Administrator) -> Iterator[Callable[..., str]]:
    """Make a database for a login, as its owner; both go with the test, and so do roles of a prefix."""
    made: list[tuple[str, str]] = []

    def make(prefix: str, *options: str, database_options: str = "") -> str:
        database, login = f"{prefix}_{secrets.token_hex(3)}", f"{prefix}_admin"
        administrator.sql(
            f"CREATE ROLE {login} LOGIN {' '.join(options)}",
            f"CREATE DATABASE {database} OWNER {login} {database_options}",
        )
        made.append((prefix, database))
        return database

    yield make
    for _, database in made:
        administrator.sql(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)")
    for prefix, _ in made:
        roles = administrator.sql(f"SELECT rolname FROM pg_roles WHERE rolname LIKE '{prefix}\\_%'")
        if roles:  # together, as each may have made another a member of a third
            administrator.sql(f"DROP ROLE {', '.join(str(role) for (role,) in roles)}")


@pytest.fixture
def command(tmp_path: Path) -> Command:
    return Command(tmp_path / "repo")


class Pooler:
    """pgbouncer in transaction mode: two server connections, however many clients."""

    port = 6432

    def __init__(self, server: TemporaryServer) -> None:
        self._account = Account.of_server(os.geteuid())
        self._folder = Path(tempfile.mkdtemp(prefix="butler-pooler-", dir="/tmp"))
        (self._folder / "users").write_text(
            "".join(f'"butler_{role}" ""\n' for role in ("owner", "writer", "reader"))
        )
        (self._folder / "pgbouncer.ini").write_text(
            f"[databases]\n* = host={server.host} port={server.port}\n[pgbouncer]\nlisten_addr =\n"
            f"unix_socket_dir = {self._folder}\nlisten_port = {self.port}\nauth_type = trust\n"
            f"auth_file = {self._folder}/users\npool_mode = transaction\ndefault_pool_size = 2\n"
            f"max_client_conn = 200\nlogfile = {self._folder}/log\nquery_wait_timeout = 60\n"
        )
        for path in (self._folder, *self._folder.iterdir()):
            os.chown(path, self._account.uid, self._account.gid)
        self._program: subprocess.Popen[bytes] | None = None

    def dsn(self, database: str, role: str) -> str:
        return f"postgresql://butler_{role}@/{database}?host={self._folder}&port={self.port}"

    def start(self) -> None:
        command: list[str | Path] = ["/usr/sbin/pgbouncer", "-q", self._folder / "pgbouncer.ini"]
        self._program = subprocess.Popen(self._account.until_starter_ends(command, end="KILL"), cwd="/")
        while not self._listens():
            assert self._program.poll() is None, (self._folder / "log").read_text()
            time.sleep(0.01)

    def _listens(self) -> bool:
        """Whether it takes connections: its socket is there a moment before."""
        with socket.socket(socket.AF_UNIX) as client:
            return client.connect_ex(str(self._folder / f".s.PGSQL.{self.port}")) == 0

    def stop(self) -> None:
        if self._program is not None:
            # Newer ones would wait for their clients to leave.
            self._program.kill()
            self._program.wait()
            (self._folder / f".s.PGSQL.{self.port}").unlink(missing_ok=True)

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self._folder)


@pytest.fixture(scope="module")
def pooler(butler_server: TemporaryServer) -> Iterator[Pooler]:
    if not Path("/usr/sbin/pgbouncer").exists():
        pytest.skip("pgbouncer isn't installed: setup/install.sh does that")
    pooler = Pooler(butler_server)
    try:
        pooler.start()
        yield pooler
    finally:
        pooler.remove()

"""Real servers in short-lived folders, and a look around at the end that none is left."""

from __future__ import annotations

import os
import pickle
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import psycopg2
import pytest

# Children that become another OS user can't import from root's folders any more.
import butler.embedded.listening
import butler.embedded.postmaster
import butler.embedded.settings
import butler.testing.postgres  # noqa: F401
from butler.embedded import EmbeddedServer
from butler.embedded.programs import find_programs
from butler.errors import DatabaseUnavailableError

Result = TypeVar("Result")

is_root = os.geteuid() == 0
needs_root = pytest.mark.skipif(not is_root, reason="only root can become another OS user")


@pytest.fixture(scope="session", autouse=True)
def _needs_postgresql() -> None:
    try:
        find_programs()
    except DatabaseUnavailableError as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="session")
def lands() -> Iterator[Path]:
    """A folder that every OS user can enter, which pytest's own is not."""
    folder = Path(tempfile.mkdtemp(prefix="butler-embedded-"))
    folder.chmod(0o755)
    yield folder
    assert processes_within(folder) == [], "tests left servers running"
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def land(lands: Path) -> Path:
    """A folder for the repositories of one module."""
    folder = Path(tempfile.mkdtemp(dir=lands))
    folder.chmod(0o755)
    return folder


@pytest.fixture
def repo(land: Path) -> Iterator[Path]:
    """An empty repository; an embedded server that the test makes in it is destroyed in the end."""
    folder = new_repo(land)
    yield folder
    if (folder / "embedded" / "state.json").exists():
        EmbeddedServer(folder).destroy()


@pytest.fixture(scope="session")
def pattern(lands: Path) -> Path:
    """A repository with a stopped server to copy, which takes a fifth of the time of making one."""
    folder = new_repo(lands)
    EmbeddedServer.create(folder, durable=False).stop()
    return folder


@pytest.fixture
def own(repo: Path, pattern: Path) -> EmbeddedServer:
    """A running server of the test's own, in `repo`."""
    subprocess.run(["cp", "-a", pattern / "embedded", repo], check=True)
    server = EmbeddedServer(repo)
    server.start()
    return server


@pytest.fixture(scope="module")
def server(land: Path) -> Iterator[EmbeddedServer]:
    """One running server for tests that leave it as it was."""
    made = EmbeddedServer.create(new_repo(land), durable=False)
    yield made
    made.destroy()


def new_repo(land: Path) -> Path:
    folder = Path(tempfile.mkdtemp(dir=land))
    folder.chmod(0o755)
    return folder


def ask(dsn: str, statement: str) -> Any:
    """Give the first value that a statement returns."""
    connection = psycopg2.connect(dsn, connect_timeout=60)
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall()[0][0] if cursor.description else None
    finally:
        connection.close()


def make_roles(server: EmbeddedServer) -> None:
    """Make the roles, the database and one table that all of them may read."""
    for statement in (
        "CREATE ROLE butler_owner LOGIN",
        "CREATE ROLE butler_reader LOGIN",
        "CREATE ROLE butler_writer LOGIN IN ROLE butler_reader",
        *(f"CREATE ROLE {login} LOGIN IN ROLE butler_writer" for login in server.logins),
        "CREATE DATABASE butler OWNER butler_owner",
    ):
        ask(server.dsn("superuser"), statement)
    ask(
        server.dsn("owner"),
        "CREATE TABLE night (day date); INSERT INTO night VALUES ('2026-11-21');"
        "GRANT SELECT ON night TO butler_reader; GRANT INSERT ON night TO butler_writer",
    )


def as_user(name: str, act: Callable[[], Result]) -> Result:
    """Do something as another OS user, in a child; its result or error is the caller's."""
    entry = pwd.getpwnam(name)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setresgid(*[entry.pw_gid] * 3)
            os.setresuid(*[entry.pw_uid] * 3)
            outcome: tuple[bool, Any] = (True, act())
        except BaseException as error:
            outcome = (False, error)
        with os.fdopen(writing, "wb") as pipe:
            pickle.dump(outcome, pipe)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        succeeded, value = pickle.load(pipe)
    os.waitpid(child, 0)
    if not succeeded:
        raise value
    result: Result = value
    return result


def is_alive(pid: int) -> bool:
    """Whether a process runs; a zombie, which only waits for its parent, doesn't."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def processes_within(folder: Path) -> list[str]:
    """The processes that work in a folder, even where it is deleted by now."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if (process / "cwd").readlink().is_relative_to(folder):
                found.append((process / "cmdline").read_text().replace("\0", " "))
    return found


def crash(server: EmbeddedServer) -> int:
    """Kill the server as its computer would by losing power; the pid that it had."""
    pid = server.status().pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    while is_alive(pid):
        time.sleep(0.001)
    return pid


def repository(server: EmbeddedServer) -> Path:
    return server.status().data_dir.parents[1]

"""A PostgreSQL + PostGIS server for one test run, gone with it however it ends."""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

from butler.cluster.account import Account
from butler.cluster.programs import find_programs
from butler.errors import DatabaseUnavailableError

__all__ = ["TestCluster"]

_PREFIX = "butler-test-"
_DISK = "/tmp"
_ROOM = 2**30
_START_SECONDS = 30.0
_SETTINGS = {
    "listen_addresses": "",
    "max_locks_per_transaction": "1024",
    # In the server's folder, so that it goes with it.
    "dynamic_shared_memory_type": "mmap",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
_WITHOUT_DURABILITY = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum": "off",
}


class TestCluster:
    """A server for tests: without durability, in memory where there is room.

    Use it as a context manager. The kernel ends the server when the thread
    that started it ends, also by ``kill -9``; the files that such an end
    leaves are removed by the next one. Anybody who can enter its folder is
    trusted to be any role: only root and the OS user that runs the tests can.

    Parameters
    ----------
    durable : `bool`
        Whether to keep PostgreSQL's own settings, under which what is
        committed survives a crash, and to lie on disk: for measuring.
    **settings : `str`
        Of the server, in place of those for speed.

    Raises
    ------
    DatabaseUnavailableError
        If PostgreSQL or PostGIS isn't installed, or fails to start.

    Examples
    --------
    >>> with TestCluster() as server:  # doctest: +SKIP
    ...     psycopg2.connect(server.dsn("postgres"))
    """

    __test__ = False  # not a class of tests, though pytest would think so from its name

    user = "postgres"
    """Name of the superuser."""

    port = 5432
    """In the socket's name; the server doesn't listen on TCP, unless ``listen_addresses`` says so."""

    def __init__(self, *, durable: bool = False, **settings: str) -> None:
        self._durable = durable
        self._settings = settings
        self._folder = Path()
        self._lock = -1
        self._server: subprocess.Popen[bytes] | None = None

    @property
    def host(self) -> str:
        """Folder of the socket."""
        return str(self._folder)

    @property
    def data(self) -> Path:
        """Folder of the server's files."""
        return self._folder / "data"

    def restart(self) -> None:
        """End the server at once, as a crash of it would, and start it again."""
        self._kill()
        self._run(find_programs().folder, Account.of_server(os.geteuid()))

    def dsn(self, database: str, user: str = user) -> str:
        """Give a connection string, for libpq and SQLAlchemy alike."""
        return f"postgresql://{user}@/{database}?host={self.host}&port={self.port}"

    @contextmanager
    def clone(self, template: str) -> Iterator[str]:
        """Make a copy of a database, about 30 ms, and drop it in the end.

        Parameters
        ----------
        template : `str`
            A database to which nobody is connected.

        Yields
        ------
        name : `str`
            Of the copy.
        """
        name = f"clone_{secrets.token_hex(6)}"
        self._execute(f'CREATE DATABASE {name} TEMPLATE "{template}" STRATEGY FILE_COPY')
        try:
            yield name
        finally:
            self._execute(f"DROP DATABASE {name} WITH (FORCE)")

    def __enter__(self) -> TestCluster:
        account = Account.of_server(os.geteuid())
        programs = find_programs().folder
        _remove_abandoned(account)
        self._folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=_DISK if self._durable else _parent()))
        self._lock = _lock(self._folder)
        os.chown(self._folder, account.uid, account.gid)
        try:
            self._start(programs, account)
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def _start(self, programs: Path, account: Account) -> None:
        options = ["-E", "UTF8", "--locale=C.UTF-8", "--auth=trust", "--no-sync", "--no-instructions"]
        made = account.run([programs / "initdb", "-D", self.data, "-U", self.user, *options])
        if made.returncode != 0:
            raise DatabaseUnavailableError(f"initdb failed: {made.stderr.strip()}")
        self._run(programs, account)

    def _run(self, programs: Path, account: Account) -> None:
        settings = _SETTINGS | ({} if self._durable else _WITHOUT_DURABILITY)
        settings |= {"unix_socket_directories": self.host, "port": str(self.port)} | self._settings
        switch = ["setpriv", "--pdeathsig=QUIT"]
        if os.geteuid() == 0:
            switch += [f"--reuid={account.uid}", f"--regid={account.gid}", "--clear-groups"]
        log = self._folder / "log"
        with log.open("wb") as output:
            self._server = subprocess.Popen(
                [*switch, str(programs / "postgres"), "-D", str(self.data)]
                + [f"--{name}={value}" for name, value in settings.items()],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd="/",
                pass_fds=[self._lock],
                start_new_session=True,
            )
        deadline = time.monotonic() + _START_SECONDS
        while not _is_ready(self.data):
            if self._server.poll() is not None or time.monotonic() > deadline:
                raise DatabaseUnavailableError(f"The test server didn't start:\n{log.read_text()}")
            time.sleep(0.01)

    def _kill(self) -> None:
        if self._server is not None:
            self._server.send_signal(signal.SIGQUIT)
            self._server.wait()

    def _end(self) -> None:
        self._kill()
        os.close(self._lock)
        shutil.rmtree(self._folder)

    def _execute(self, statement: str) -> None:
        import psycopg2

        connection = psycopg2.connect(self.dsn("postgres"))
        try:
            connection.autocommit = True
            connection.cursor().execute(statement)
        finally:
            connection.close()


def _parent() -> str:
    """Choose memory if there is room, else the disk; both short, for a socket's path."""
    shared = Path("/dev/shm")
    if os.access(shared, os.W_OK) and shutil.disk_usage(shared).free > _ROOM:
        return str(shared)
    return _DISK


def _lock(folder: Path) -> int:
    # Renamed once it is locked, so that nobody takes the folder for an abandoned one.
    new = folder / "lock.new"
    descriptor = os.open(new, os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    new.rename(folder / "lock")
    return descriptor


def _remove_abandoned(account: Account) -> None:
    """Remove the folders of servers that were killed: nobody holds their locks."""
    for folder in (folder for parent in {_parent(), _DISK} for folder in Path(parent).glob(f"{_PREFIX}*")):
        try:
            if folder.lstat().st_uid != account.uid:
                continue
            descriptor = os.open(folder / "lock", os.O_RDWR | os.O_NOFOLLOW)
        except OSError:
            continue
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            continue
        else:
            shutil.rmtree(folder, ignore_errors=True)
        finally:
            os.close(descriptor)


def _is_ready(data: Path) -> bool:
    try:
        return (data / "postmaster.pid").read_text().splitlines()[7].strip() == "ready"
    except (OSError, IndexError):
        return False

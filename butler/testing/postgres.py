"""A PostgreSQL + PostGIS server for one test run, gone with it however it ends."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import TracebackType

from butler.embedded.account import Account
from butler.embedded.configuration import write_configuration
from butler.embedded.lock import claim
from butler.embedded.paths import make_private_folders
from butler.embedded.postmaster import Postmaster
from butler.errors import DatabaseUnavailableError

__all__ = ["TemporaryServer", "fast_folder"]

_PREFIX = "butler-test-"
_MEMORY = "/dev/shm"
_DISK = "/tmp"
_TRUSTED = ("local all all trust", "local replication all trust")
_WITHOUT_DURABILITY: Mapping[str, str | int | bool] = {
    "fsync": False,
    "synchronous_commit": False,
    "full_page_writes": False,
    "wal_level": "minimal",
    "max_wal_senders": 0,
    "autovacuum": False,
}


class TemporaryServer:
    """A server for tests: without durability, in memory where there is room.

    Use it as a context manager. The kernel ends the server when the thread
    that started it ends, also by ``kill -9``; the files that such an end
    leaves are removed by the next one. Anybody who can enter its folder is
    trusted to be any role: only root and the OS user that runs the tests can.

    Its attributes are those of an executor of pytest-postgresql, so that a
    fixture that gives one serves as ``depends_on`` of
    `pytest_postgresql.factories.postgresql_noproc`.

    Parameters
    ----------
    durable : `bool`
        Whether to keep PostgreSQL's own settings, under which what is
        committed survives a crash, and to lie on disk: for measuring.
    **settings : `str`, `int` or `bool`
        Of the server, in place of those for speed.

    Raises
    ------
    DatabaseUnavailableError
        If PostgreSQL or PostGIS isn't installed, or fails to start.

    Examples
    --------
    >>> with TemporaryServer() as server:  # doctest: +SKIP
    ...     psycopg2.connect(server.dsn("postgres"))
    """

    user = "postgres"
    """Name of the superuser."""

    password = None
    """None is asked for."""

    port = 5432
    """In the socket's name; the server doesn't listen on TCP."""

    options = ""
    """Of connections; none."""

    maintenance_dbname = "postgres"
    """The database that is always there."""

    template_dbname = None
    """The database that a new one is a copy of; none, as for PostgreSQL's own."""

    def __init__(self, *, durable: bool = False, **settings: str | int | bool) -> None:
        self._durable = durable
        self._settings = settings
        self._folder = Path()
        self._lock = -1
        self._process: subprocess.Popen[bytes] | None = None
        self._ending = ExitStack()

    @property
    def host(self) -> str:
        """Folder of the socket."""
        return str(self._folder / "socket")

    @property
    def data(self) -> Path:
        """Folder of the server's files."""
        return self._postmaster.data

    def restart(self) -> None:
        """End the server at once, as a crash of it would, and start it again."""
        with self.down():
            pass

    @contextmanager
    def down(self) -> Iterator[None]:
        """End the server at once, as a crash of it would, and start it again at the end of the block."""
        self._kill()
        yield
        self._process = self._postmaster.start_as_child(self._lock)

    def dsn(self, database: str, user: str = user) -> str:
        """Give a connection string, for libpq and SQLAlchemy alike."""
        return f"postgresql://{user}@/{database}?host={self.host}&port={self.port}"

    def __enter__(self) -> TemporaryServer:
        _remove_abandoned()
        parent = _DISK if self._durable else fast_folder()
        with ExitStack() as ending:
            self._folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent))
            ending.callback(_remove, self._folder)
            # Renamed once it is locked, so that nobody takes the folder for an abandoned one.
            self._lock = ending.enter_context(_claimed(self._folder / "lock.new"))
            (self._folder / "lock.new").rename(self._folder / "lock")
            ending.callback(self._kill)
            self._postmaster = Postmaster(self._folder, Account.of_server(os.geteuid()))
            self._start()
            self._ending = ending.pop_all()
        return self

    def __exit__(
        self, error_type: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ending.close()

    def _start(self) -> None:
        postmaster, account = self._postmaster, self._postmaster.account
        os.chown(self._folder, -1, account.gid)
        self._folder.chmod(0o710)
        if not make_private_folders(self._folder, account):
            raise DatabaseUnavailableError(
                f"user {account.name!r} can't keep a database below {self._folder}",
                hint=f"Let this user enter {self._folder.parent}.",
            )
        Path(self.host).mkdir(mode=0o700)
        os.chown(self.host, account.uid, account.gid)
        postmaster.initialise(durable=False, checksums=False)
        socket: Mapping[str, str | int | bool] = {
            "unix_socket_directories": self.host,
            "listen_addresses": "",
            "port": self.port,
        }
        speed = {} if self._durable else _WITHOUT_DURABILITY
        write_configuration(self._folder, {**socket, **speed, **self._settings}, access=_TRUSTED)
        self._process = postmaster.start_as_child(self._lock)

    def _kill(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait()


def fast_folder(room: int = 2**30) -> str:
    """Choose memory if there is room, else the disk; both are short, for a socket's path.

    Parameters
    ----------
    room : `int`
        Bytes that must be free.
    """
    in_memory = os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free > room
    return _MEMORY if in_memory else _DISK


@contextmanager
def _claimed(path: Path) -> Iterator[int]:
    """Give an open, locked file that nobody else knows, for the server to inherit."""
    with claim(path) as descriptor:
        assert descriptor is not None
        yield descriptor


def _remove(folder: Path) -> None:
    """Remove the folder of a server that is ending, once none of its processes can write to it."""
    # Another test run may have taken the folder for an abandoned one, and have removed it.
    with suppress(FileNotFoundError), claim(folder / "lock", wait=True):
        shutil.rmtree(folder)


def _remove_abandoned() -> None:
    """Remove the folders of servers that were killed: nobody has their locks."""
    for folder in (folder for parent in (_MEMORY, _DISK) for folder in Path(parent).glob(f"{_PREFIX}*")):
        try:
            if folder.lstat().st_uid != os.geteuid():
                continue
            with claim(folder / "lock", create=False) as claimed:
                if claimed is not None:
                    shutil.rmtree(folder, ignore_errors=True)
        except OSError:
            continue

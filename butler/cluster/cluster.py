"""Create, start, stop and reach the server of a repository."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from butler.cluster.account import Account
from butler.cluster.holder import Holder, claim, exclusively
from butler.cluster.host import Host, refuse_network_file_system
from butler.cluster.place import choose_place, make_socket_dir, run_root
from butler.cluster.record import Record
from butler.cluster.status import ClusterStatus
from butler.errors import ButlerError, ConfigError, DatabaseUnavailableError, PermissionDeniedError

if TYPE_CHECKING:
    from butler.cluster.server import Server

__all__ = ["Cluster"]

_ROLES = {
    "owner": "butler_owner",
    "writer": "butler_writer",
    "reader": "butler_reader",
    "superuser": "postgres",
}
_LINGER_SECONDS = 30.0


class Cluster:
    """The private PostgreSQL + PostGIS server of a repository.

    It belongs to one OS user on one computer. Its server goes on when the
    command that started it has ended, until `stop` or a shut-down.

    Parameters
    ----------
    repo : `~pathlib.Path`
        The repository.

    Raises
    ------
    DatabaseUnavailableError
        If the repository has no cluster.
    ConfigError
        If what is recorded about it is damaged.
    """

    def __init__(self, repo: Path) -> None:
        self._home = Path(os.path.realpath(repo), "cluster")
        self._record = Record.load(self._home)
        found = self._home.stat()
        self._owner = found.st_uid
        # A copy of the repository has another inode, hence never this server's socket.
        self._socket_dir = run_root(self._owner) / f"{self._record.token}-{found.st_ino:x}"
        self._holder_file = self._home / "holder.json"

    @classmethod
    def create(cls, repo: Path, *, durable: bool = True) -> Cluster:
        """Make a cluster and start it.

        Its only role is the superuser ``postgres``; see `dsn`.

        Parameters
        ----------
        repo : `~pathlib.Path`
            An existing folder.
        durable : `bool`
            Whether data survive a crash of the computer; without, everything
            is faster, for tests.

        Raises
        ------
        ConfigError
            If the folder can't hold one, or has one already. Nothing is left.
        DatabaseUnavailableError
            If PostgreSQL or PostGIS isn't installed or fails. Nothing is left.
        """
        import secrets

        from butler.cluster.programs import find_programs
        from butler.cluster.server import Server

        home = Path(os.path.realpath(repo), "cluster")
        account = Account.of_server(os.geteuid())
        find_programs()
        refuse_network_file_system(home)
        try:
            home.mkdir()
        except FileExistsError as error:
            raise ConfigError(
                f"{home.parent} has a database cluster already, or what is left of one",
                hint=f"Remove {home} if nothing in it is needed.",
            ) from error
        except OSError as error:
            raise ConfigError(f"Can't make {home}: {error.strerror}") from error
        external: Path | None = None
        try:
            home.chmod(0o755)
            token = secrets.token_hex(4)
            external = choose_place(home, token, account)
            Server(external or home, account).initialise(durable=durable)
            creator = int(os.environ.get("SUDO_UID", 0)) if os.geteuid() == 0 else os.geteuid()
            Record(token, creator, str(external) if external else None, durable).save(home)
            cluster = cls(repo)
            cluster.start()
        except BaseException as error:
            with suppress(ButlerError, OSError):
                cls(repo)._shut_down()
            _remove(home, external)
            if isinstance(error, OSError) and not isinstance(error, ButlerError):
                raise DatabaseUnavailableError(
                    f"Can't make a database cluster in {home.parent}: {error}"
                ) from error
            raise
        return cluster

    # Reaching it ----------------------------------------------------------

    def dsn(self, role: str, database: str | None = None) -> str:
        """Give a connection string, for libpq and SQLAlchemy alike.

        Parameters
        ----------
        role : `str`
            ``owner``, ``writer``, ``reader`` or ``superuser``.
        database : `str`, optional
            By default ``butler``; for the superuser ``postgres``, which is
            there before the other.

        Raises
        ------
        ConfigError
            If there is no such role.
        """
        if role not in _ROLES:
            raise ConfigError(f"{role!r} is not a role of the database", hint=f"Known: {', '.join(_ROLES)}.")
        database = database or ("postgres" if role == "superuser" else "butler")
        # Nobody else can pose as the server, even where he got to the socket's folder first.
        return (
            f"postgresql://{_ROLES[role]}@/{quote(database, safe='')}?host={self._socket_dir}"
            f"&port={self._record.port}&requirepeer={quote(self._account.name, safe='')}"
        )

    @property
    def running(self) -> bool:
        """Whether the server answers.

        Raises
        ------
        PermissionDeniedError
            If it isn't shared with this OS user.
        """
        if not self._connects():
            # Another process may have restarted it with another port.
            self._record = Record.load(self._home)
            if not self._connects():
                return False
        holder = Holder.read(self._holder_file)
        return holder is not None and holder.ready

    def ensure_running(self) -> None:
        """Start the server if it doesn't run, with the doors that it had.

        Raises
        ------
        PermissionDeniedError
            If it isn't shared with this OS user.
        DatabaseUnavailableError
            If it doesn't run, and can't be started here or by this OS user.
        """
        if self.running:
            return
        if os.geteuid() != self._owner:
            raise DatabaseUnavailableError(
                f"The database of {self._home.parent} doesn't run", hint=self._as_owner("start")
            )
        with self._managing():
            self._bring_up(self._record)

    def status(self) -> ClusterStatus:
        """Tell how the cluster does.

        Raises
        ------
        PermissionDeniedError
            If it isn't shared with this OS user.
        """
        running, server, record = self.running, self._server, self._record
        version = size = None
        if os.access(server.data, os.R_OK):
            version, size = server.version, server.size
        return ClusterStatus(
            running=running,
            data_dir=server.data,
            log_dir=server.log,
            socket_dir=self._socket_dir,
            port=record.port,
            listen=record.listen,
            share=record.share,
            durable=record.durable,
            user=server.account.name,
            version=version,
            pid=server.pid,
            size=size,
        )

    # Managing it ----------------------------------------------------------

    def start(self, *, listen: str | None = None, share: bool = False) -> None:
        """Start the server, or open and close the doors of a running one.

        The doors stay as given here until another `start`, or `stop`. A
        change of ``listen`` restarts the server.

        Parameters
        ----------
        listen : `str`, optional
            IP address to listen on besides the socket: logins that may read,
            and no more, come in there by password. By default none.
        share : `bool`
            Whether any OS user of this computer may read.

        Warns
        -----
        UserWarning
            If other computers can reach the address.

        Raises
        ------
        ConfigError
            If ``listen`` isn't one address.
        PermissionDeniedError
            If the cluster is another OS user's.
        DatabaseUnavailableError
            If it is in use on another computer or in a container, or fails
            to start.
        """
        from butler.cluster.doors import checked_address

        address = None if listen is None else checked_address(listen)
        with self._managing():
            self._bring_up(replace(self._record, listen=address, share=share))

    def stop(self) -> None:
        """Stop the server, ending its sessions, and close its doors.

        Raises
        ------
        PermissionDeniedError
            If the cluster is another OS user's.
        DatabaseUnavailableError
            If its server runs elsewhere.
        """
        with self._managing():
            self._shut_down()
            self._keep(replace(self._record, listen=None, share=False))

    def destroy(self) -> None:
        """Stop the server and remove all its files.

        Raises
        ------
        PermissionDeniedError
            If the cluster is another OS user's.
        DatabaseUnavailableError
            If its server runs elsewhere.
        """
        with self._managing():
            self._shut_down()
            _remove(self._home, self._record.external)

    @contextmanager
    def _managing(self) -> Iterator[None]:
        """Keep other processes from changing the server's state meanwhile."""
        if os.geteuid() != self._owner:
            raise PermissionDeniedError(
                f"The database of {self._home.parent} is of another OS user (id {self._owner})",
                hint=self._as_owner("start"),
            )
        try:
            with exclusively(self._home / "lock"):
                self._record = Record.load(self._home)
                yield
        except ButlerError:
            raise
        except OSError as error:
            raise DatabaseUnavailableError(
                f"Can't manage the database of {self._home.parent}: {error}"
            ) from error

    def _bring_up(self, wanted: Record) -> None:
        if self._runs_here():
            self._await_readiness()
            if wanted.listen == self._record.listen and self._connects() and not self._server.moved:
                if wanted != self._record:
                    self._apply_doors(wanted)
                    self._server.reload()
                    self._keep(wanted)
                return
            self._shut_down()
        self._launch(wanted)

    def _launch(self, wanted: Record) -> None:
        from butler.cluster.doors import free_port

        refuse_network_file_system(self._home)
        if wanted.listen is not None:
            wanted = replace(wanted, port=free_port(wanted.listen, preferred=wanted.port))
        with claim(self._holder_file) as lock:
            if lock is None:
                raise self._in_use("another process has taken it", hint="Try again.")
            Holder(Host.current(), ready=False).write(self._holder_file)
            self._remove_socket()
            self._apply_doors(wanted)
            self._server.start(lock)
        self._keep(wanted)
        Holder(Host.current(), ready=True).write(self._holder_file)

    def _shut_down(self) -> None:
        if self._runs_here():
            self._server.stop()
            self._await_end()
        self._holder_file.unlink(missing_ok=True)
        self._remove_socket()

    def _remove_socket(self) -> None:
        """Remove what a server leaves, too, when it crashes."""
        import shutil

        shutil.rmtree(self._socket_dir, ignore_errors=True)

    def _keep(self, record: Record) -> None:
        record.save(self._home)
        self._record = record

    def _apply_doors(self, record: Record) -> None:
        from butler.cluster.settings import write_settings

        server, creator = self._server, Account.find(record.creator)
        make_socket_dir(
            self._socket_dir,
            account=server.account,
            group=creator.gid if creator else server.account.gid,
            share=record.share,
        )
        write_settings(server.place, record, self._socket_dir, account=server.account, creator=creator)

    # Who runs it ----------------------------------------------------------

    def _runs_here(self) -> bool:
        """Tell whether the server runs in reach of this process.

        Raises
        ------
        DatabaseUnavailableError
            If it runs, or may run, out of reach.
        """
        here = Host.current()
        with claim(self._holder_file) as lock:
            holder = Holder.read(self._holder_file)
            if lock is not None:
                if holder is not None and holder.host.is_another_computer_than(here):
                    raise self._in_use(
                        f"it was last started on computer {holder.host.name!r} and not stopped there",
                        hint=f"Stop it on {holder.host.name!r}: butler -r {self._home.parent} db stop. "
                        f"If that computer is gone for good, remove {self._holder_file}.",
                    )
                # One that was started by hand has no lock.
                return self._server.pid is not None
        if holder is not None and holder.host.pid_namespace != here.pid_namespace:
            raise self._in_use(
                f"its server runs in another container of this computer, {holder.host.name!r}",
                hint=f"Stop it there: butler -r {self._home.parent} db stop.",
            )
        if self._server.pid is None:
            self._await_end()
            return False
        return True

    def _await_readiness(self) -> None:
        """Wait for a server whose starter ended before it was ready."""
        if not self.running:
            self._server.await_readiness()
            Holder(Host.current(), ready=True).write(self._holder_file)

    def _await_end(self) -> None:
        """Wait for the last processes of a server whose main process has ended."""
        deadline = time.monotonic() + _LINGER_SECONDS
        while True:
            with claim(self._holder_file) as lock:
                if lock is not None:
                    return
            if time.monotonic() > deadline:
                raise self._in_use("processes of its last server haven't ended", hint="Try again later.")
            time.sleep(0.01)

    def _connects(self) -> bool:
        with socket.socket(socket.AF_UNIX) as client:
            try:
                client.connect(f"{self._socket_dir}/.s.PGSQL.{self._record.port}")
            except PermissionError as error:
                raise PermissionDeniedError(
                    f"The database of {self._home.parent} isn't shared with OS user id {os.geteuid()}",
                    hint=self._as_owner("start --share"),
                ) from error
            except OSError:
                return False
        return True

    @cached_property
    def _account(self) -> Account:
        return Account.of_server(self._owner)

    @property
    def _server(self) -> Server:
        from butler.cluster.server import Server

        return Server(Path(self._record.external or self._home), self._account)

    def _in_use(self, why: str, hint: str) -> DatabaseUnavailableError:
        return DatabaseUnavailableError(
            f"The database of {self._home.parent} can't be used here: {why}", hint=hint
        )

    def _as_owner(self, command: str) -> str:
        owner = Account.find(self._owner)
        return f"As {owner.name if owner else self._owner}: butler -r {self._home.parent} db {command}."


def _remove(home: Path, external: Path | str | None) -> None:
    """Remove what `Cluster.create` makes, the repository's part last: it leads to the other."""
    import shutil

    if external is not None and os.path.exists(external):
        shutil.rmtree(external)
    shutil.rmtree(home)

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

from butler.embedded.account import Account
from butler.embedded.host import Host, refuse_network_file_system
from butler.embedded.listener import listener_lives
from butler.embedded.lock import ServerLock, claim, exclusively
from butler.embedded.paths import choose_folder, make_socket_dir, run_root
from butler.embedded.state import ServerState
from butler.embedded.status import ServerStatus
from butler.errors import ButlerError, ConfigError, DatabaseUnavailableError, PermissionDeniedError

if TYPE_CHECKING:
    from butler.embedded.postmaster import Postmaster

__all__ = ["EmbeddedServer"]

_ROLES = {
    "owner": "butler_owner",
    "writer": "butler_writer",
    "reader": "butler_reader",
    "superuser": "postgres",
}
_LINGER_SECONDS = 30.0


class EmbeddedServer:
    """The private PostgreSQL + PostGIS server of a repository.

    It belongs to one OS user on one computer. It goes on when the command
    that started it has ended, until `stop` or a shut-down.

    Parameters
    ----------
    repo : `~pathlib.Path`
        The repository.

    Raises
    ------
    DatabaseUnavailableError
        If the repository has none.
    ConfigError
        If what is kept about it is damaged.
    """

    def __init__(self, repo: Path) -> None:
        self._home = Path(os.path.realpath(repo), "embedded")
        self._state = ServerState.load(self._home)
        found = self._home.stat()
        self._owner = found.st_uid
        # A copy of the repository has another inode, hence never this server's socket.
        self._socket_dir = run_root(self._owner) / f"{self._state.token}-{found.st_ino:x}"
        self._lock_file = self._home / "server.lock"

    @classmethod
    def create(cls, repo: Path, *, durable: bool = True) -> EmbeddedServer:
        """Make the server of a repository and start it.

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

        from butler.embedded.postmaster import Postmaster
        from butler.embedded.programs import find_programs

        home = Path(os.path.realpath(repo), "embedded")
        account = Account.of_server(os.geteuid())
        find_programs()
        refuse_network_file_system(home)
        try:
            home.mkdir()
        except FileExistsError as error:
            raise ConfigError(
                f"{home.parent} has a database server already, or what is left of one",
                hint=f"Remove {home} if nothing in it is needed.",
            ) from error
        except OSError as error:
            raise ConfigError(f"can't make {home}: {error.strerror}") from error
        external: Path | None = None
        try:
            home.chmod(0o755)
            token = secrets.token_hex(4)
            external = choose_folder(home, token, account)
            Postmaster(external or home, account).initialise(durable=durable, checksums=True)
            creator = int(os.environ.get("SUDO_UID", 0)) if os.geteuid() == 0 else os.geteuid()
            ServerState(token, creator, str(external) if external else None, durable).save(home)
            server = cls(repo)
            server.start()
        except BaseException as error:
            with suppress(ButlerError, OSError):
                cls(repo)._shut_down()
            _remove(home, external)
            if isinstance(error, OSError) and not isinstance(error, ButlerError):
                raise DatabaseUnavailableError(
                    f"can't make a database server in {home.parent}: {error}"
                ) from error
            raise
        return server

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
        user = _ROLES[role]
        if role == "writer":  # who isn't a member is turned away as that
            user = next((each.login for each in self._members() if each.uid == os.geteuid()), user)
        # Nobody else can pose as the server, even where he got to the socket's folder first.
        return (
            f"postgresql://{quote(user, safe='')}@/{quote(database, safe='')}?host={self._socket_dir}"
            f"&port={self._state.port}&requirepeer={quote(self._account.name, safe='')}"
        )

    @property
    def logins(self) -> list[str]:
        """The logins by which OS users write, each by his own."""
        return [member.login for member in self._members()]

    def _members(self) -> list[Account]:
        """Give root and the OS user who made the server."""
        found = {uid: Account.find(uid) for uid in (0, self._state.creator)}
        return [account for account in found.values() if account is not None]

    @property
    def administered(self) -> bool:
        """Whether this OS user comes in as the superuser."""
        return os.geteuid() in (0, self._account.uid)

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
            self._state = ServerState.load(self._home)
            if not self._connects():
                return False
        lock = ServerLock.read(self._lock_file)
        return lock is not None and lock.ready

    def ensure_running(self) -> bool:
        """Start the server if it doesn't run, open to whom it was; returns whether it had to be.

        Raises
        ------
        PermissionDeniedError
            If it isn't shared with this OS user.
        DatabaseUnavailableError
            If it doesn't run, and can't be started here or by this OS user.
        """
        if self.running:
            return False
        if os.geteuid() != self._owner:
            raise DatabaseUnavailableError(
                f"the database of {self._home.parent} doesn't run", hint=self._as_owner("start")
            )
        with self._managing():
            self._bring_up(self._state)
        return True

    def status(self) -> ServerStatus:
        """Tell how the server does.

        Raises
        ------
        PermissionDeniedError
            If it isn't shared with this OS user.
        """
        running, postmaster, state = self.running, self._postmaster, self._state
        version = size = None
        if os.access(postmaster.data, os.R_OK):
            version, size = postmaster.version, postmaster.size
        return ServerStatus(
            running=running,
            data_dir=postmaster.data,
            log_dir=postmaster.log,
            socket_dir=self._socket_dir,
            port=state.port,
            listen=state.listen,
            share=state.share,
            durable=state.durable,
            user=postmaster.account.name,
            version=version,
            pid=postmaster.pid,
            size=size,
        )

    # Managing it ----------------------------------------------------------

    def start(self, *, listen: str | None = None, share: bool = False) -> None:
        """Start the server, or change to whom a running one is open.

        That stays as given here until another `start`, or `stop`. A change
        of ``listen`` restarts the server.

        Parameters
        ----------
        listen : `str`, optional
            IP address to listen on besides the socket: logins that may read,
            and no more, come in there by password. By default none.
        share : `bool`
            Whether any OS user of this computer may read.

        Raises
        ------
        ConfigError
            If ``listen`` isn't one address.
        PermissionDeniedError
            If the server is another OS user's.
        DatabaseUnavailableError
            If it is in use on another computer or in a container, or fails
            to start.

        Warns
        -----
        UserWarning
            If other computers can reach the address.
        """
        from butler.embedded.listening import checked_address

        address = None if listen is None else checked_address(listen)
        with self._managing():
            self._bring_up(replace(self._state, listen=address, share=share))

    def stop(self) -> None:
        """Stop the server, ending its sessions; at its next start it is open to its owner alone.

        Raises
        ------
        PermissionDeniedError
            If the server is another OS user's.
        DatabaseUnavailableError
            If its server runs elsewhere.
        """
        with self._managing():
            self._shut_down()
            self._keep(replace(self._state, listen=None, share=False))

    def destroy(self) -> None:
        """Stop the server and remove all its files.

        Raises
        ------
        PermissionDeniedError
            If the server is another OS user's.
        DatabaseUnavailableError
            If its server runs elsewhere.
        """
        with self._managing():
            self._shut_down()
            _remove(self._home, self._state.external)

    @contextmanager
    def _managing(self) -> Iterator[None]:
        """Keep other processes from changing the server's state meanwhile."""
        if os.geteuid() != self._owner:
            raise PermissionDeniedError(
                f"the database of {self._home.parent} is of another OS user (id {self._owner})",
                hint=self._as_owner("start"),
            )
        try:
            with exclusively(self._home / "managing.lock"):
                self._state = ServerState.load(self._home)
                yield
        except ButlerError:
            raise
        except OSError as error:
            raise DatabaseUnavailableError(
                f"can't manage the database of {self._home.parent}: {error}"
            ) from error

    def _bring_up(self, wanted: ServerState) -> None:
        if self._runs_here():
            self._await_readiness()
            if wanted.listen == self._state.listen and self._connects() and not self._postmaster.moved:
                if wanted != self._state:
                    self._open_to(wanted)
                    self._postmaster.reload()
                    self._keep(wanted)
                return
            self._shut_down()
        self._launch(wanted)

    def _launch(self, wanted: ServerState) -> None:
        from butler.embedded.listening import free_port

        refuse_network_file_system(self._home)
        if wanted.listen is not None:
            wanted = replace(wanted, port=free_port(wanted.listen, preferred=wanted.port))
        with claim(self._lock_file) as claimed:
            if claimed is None:
                raise self._in_use("another process has taken it", hint="Try again.")
            ServerLock(Host.current(), ready=False).write(self._lock_file)
            self._remove_socket()
            self._open_to(wanted)
            self._postmaster.start(claimed)
        self._keep(wanted)
        ServerLock(Host.current(), ready=True).write(self._lock_file)

    def _shut_down(self) -> None:
        if self._runs_here():
            self._postmaster.stop()
            self._await_end()
        self._lock_file.unlink(missing_ok=True)
        self._remove_socket()

    def _remove_socket(self) -> None:
        """Remove what a server leaves, too, when it crashes."""
        import shutil

        shutil.rmtree(self._socket_dir, ignore_errors=True)

    def _keep(self, state: ServerState) -> None:
        state.save(self._home)
        self._state = state

    def _open_to(self, state: ServerState) -> None:
        from butler.embedded.settings import write_settings

        postmaster, creator = self._postmaster, Account.find(state.creator)
        make_socket_dir(
            self._socket_dir,
            account=postmaster.account,
            group=creator.gid if creator else postmaster.account.gid,
            share=state.share,
        )
        write_settings(
            postmaster.folder, state, self._socket_dir, account=postmaster.account, members=self._members()
        )

    # Where it runs ----------------------------------------------------------

    def _runs_here(self) -> bool:
        """Tell whether the server runs in reach of this process.

        Raises
        ------
        DatabaseUnavailableError
            If it runs, or may run, out of reach.
        """
        here = Host.current()
        with claim(self._lock_file) as claimed:
            lock = ServerLock.read(self._lock_file)
            if claimed is not None:
                if lock is not None and lock.host.is_another_computer_than(here):
                    raise self._in_use(
                        f"it was last started on computer {lock.host.name!r} and not stopped there",
                        hint=f"Stop it on {lock.host.name!r}: butler -r {self._home.parent} db stop. "
                        f"If that computer is gone for good, remove {self._lock_file}.",
                    )
                # One that was started by hand has no lock.
                return self._postmaster.pid is not None
        if lock is not None and lock.host.pid_namespace != here.pid_namespace:
            raise self._in_use(
                f"its server runs in another container of this computer, {lock.host.name!r}",
                hint=f"Stop it there: butler -r {self._home.parent} db stop.",
            )
        if self._postmaster.pid is None:
            self._await_end()
            return False
        return True

    def _await_readiness(self) -> None:
        """Wait for a server whose starter ended before it was ready."""
        if not self.running:
            self._postmaster.await_readiness(lambda: self._postmaster.pid is not None)
            ServerLock(Host.current(), ready=True).write(self._lock_file)

    def _await_end(self) -> None:
        """Wait for the last processes of a server whose main process has ended."""
        deadline = time.monotonic() + _LINGER_SECONDS
        while True:
            with claim(self._lock_file) as claimed:
                if claimed is not None:
                    return
            if time.monotonic() > deadline:
                raise self._in_use("processes of its last server haven't ended", hint="Try again later.")
            time.sleep(0.01)

    def _connects(self) -> bool:
        with socket.socket(socket.AF_UNIX) as client:
            try:
                client.connect(f"{self._socket_dir}/.s.PGSQL.{self._state.port}")
            except PermissionError as error:
                raise PermissionDeniedError(
                    f"the database of {self._home.parent} isn't shared with OS user id {os.geteuid()}",
                    hint=self._as_owner("start --share"),
                ) from error
            except OSError:
                return False
            # Of a server that crashed, a process that was just being made may hold the socket open yet.
            return listener_lives(client)

    @cached_property
    def _account(self) -> Account:
        return Account.of_server(self._owner)

    @property
    def _postmaster(self) -> Postmaster:
        from butler.embedded.postmaster import Postmaster

        return Postmaster(Path(self._state.external or self._home), self._account)

    def _in_use(self, why: str, hint: str) -> DatabaseUnavailableError:
        return DatabaseUnavailableError(
            f"the database of {self._home.parent} can't be used here: {why}", hint=hint
        )

    def _as_owner(self, command: str) -> str:
        owner = Account.find(self._owner)
        return f"As {owner.name if owner else self._owner}: butler -r {self._home.parent} db {command}."


def _remove(home: Path, external: Path | str | None) -> None:
    """Remove what `EmbeddedServer.create` makes, the repository's part last: it leads to the other."""
    import shutil

    if external is not None and os.path.exists(external):
        shutil.rmtree(external)
    shutil.rmtree(home)

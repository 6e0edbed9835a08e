"""Drive PostgreSQL's programs on one data directory."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from butler.embedded.account import Account
from butler.embedded.programs import find_programs
from butler.errors import DatabaseUnavailableError

if TYPE_CHECKING:
    import subprocess

__all__ = ["Postmaster"]

_START_SECONDS = 300
_LOG_LINES = 12


class Postmaster:
    """The main process of a PostgreSQL server, and the folder of its data, configuration and logs.

    Parameters
    ----------
    folder : `~pathlib.Path`
        The folder.
    account : `~butler.embedded.account.Account`
        As whom the server runs.
    """

    def __init__(self, folder: Path, account: Account) -> None:
        self.folder = folder
        self.account = account
        self.data = folder / "data"
        self.log = folder / "log"
        self._pid_file = self.data / "postmaster.pid"

    @property
    def version(self) -> int:
        """Major version of PostgreSQL that the data are of."""
        return int((self.data / "PG_VERSION").read_text())

    @property
    def pid(self) -> int | None:
        """Of the running server, if it runs in reach."""
        pid = self._pid_file_line(1)
        if not pid.isdecimal():
            return None
        try:
            at_home = os.path.samefile(f"/proc/{pid}/cwd", self.data)
        except OSError:
            return None
        return int(pid) if at_home else None

    @property
    def moved(self) -> bool:
        """Whether its folder was moved while it ran, so that it can't find its configuration."""
        return self._pid_file_line(2) != str(self.data)

    @property
    def size(self) -> int:
        """Of the data, bytes."""
        return sum(
            entry.stat(follow_symlinks=False).st_size
            for folder, _, _ in os.walk(self.data)
            for entry in os.scandir(folder)
        )

    def initialise(self, *, durable: bool, checksums: bool) -> None:
        """Make an empty database server in the data folder.

        Parameters
        ----------
        durable : `bool`
            Whether to wait until it is on disk.
        checksums : `bool`
            Whether its pages have checksums.

        Raises
        ------
        DatabaseUnavailableError
            If PostgreSQL with PostGIS isn't installed, or fails.
        """
        # fmt: off
        command: list[str | Path] = [
            find_programs().folder / "initdb", "-D", self.data, "-U", "postgres", "-E", "UTF8",
            "--locale=C.UTF-8", "--auth-local=peer", "--auth-host=reject", "--no-instructions",
        ]
        # fmt: on
        command += ["--data-checksums"] if checksums else []
        command += [] if durable else ["--no-sync"]
        done = self.account.run(command)
        if done.returncode != 0:
            raise self._failure("initdb", done.stderr)
        # Ours are beside the data; without these, pg_ctl reads nothing but the data folder.
        for name in ("postgresql.conf", "pg_hba.conf", "pg_ident.conf"):
            (self.data / name).unlink()

    def start(self, lock: int) -> None:
        """Start it, and wait until it is ready; it outlives the caller.

        Parameters
        ----------
        lock : `int`
            A file descriptor for the server to keep open.

        Raises
        ------
        DatabaseUnavailableError
            If it doesn't get ready.
        """
        self._disown_reused_pid()
        self._control("start", self.folder, "-l", str(self._startup_log), "-w", keep=[lock])

    def start_as_child(self, *locks: int) -> subprocess.Popen[bytes]:
        """Start it as a child of the caller, and wait until it is ready.

        The kernel ends the server, at once, when the thread that called this
        ends, however it ends.

        Parameters
        ----------
        *locks : `int`
            File descriptors for the server to keep open.

        Raises
        ------
        DatabaseUnavailableError
            If it doesn't get ready; it has ended then.
        """
        import subprocess

        program = find_programs(self.version).folder / "postgres"
        log = os.open(self._startup_log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
        try:
            child = subprocess.Popen(
                self.account.until_starter_ends([program, "-D", self.folder], end="QUIT"),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                pass_fds=locks,
                start_new_session=True,
            )
        finally:
            os.close(log)
        try:
            self.await_readiness(lambda: child.poll() is None)
        except BaseException:
            child.send_signal(signal.SIGQUIT)
            child.wait()
            raise
        return child

    def stop(self) -> None:
        """Stop it, ending its sessions, and wait for its end."""
        self._control("stop", self.data, "-m", "fast", "-w")

    def reload(self) -> None:
        """Make it read its configuration again."""
        self._control("reload", self.data)

    def await_readiness(self, runs: Callable[[], bool]) -> None:
        """Wait for a server that has been started.

        Parameters
        ----------
        runs : callable
            Tells whether it hasn't ended yet.

        Raises
        ------
        DatabaseUnavailableError
            If it doesn't get ready.
        """
        deadline = time.monotonic() + _START_SECONDS
        # A file that a dead server left says that it is ready, too.
        while self._pid_file_line(8) != "ready" or self.pid is None:
            if time.monotonic() > deadline or not runs():
                raise self._failure("start", "it didn't get ready")
            time.sleep(0.01)

    def _control(self, action: str, folder: Path, *options: str, keep: Sequence[int] = ()) -> None:
        program = find_programs(self.version).folder / "pg_ctl"
        limits = ["-s", "-t", str(_START_SECONDS)]
        done = self.account.run([program, action, "-D", folder, *limits, *options], keep=keep)
        if done.returncode != 0:
            raise self._failure(f"pg_ctl {action}", done.stderr)

    def _disown_reused_pid(self) -> None:
        """Take a pid that is another process's by now, or a zombie's, out of a left-over pid file.

        PostgreSQL would take that process for its server. It overlooks its
        grandparent, this process, and clears up what the dead server left.
        """
        pid = self._pid_file_line(1)
        if pid.isdecimal() and self.pid is None and os.path.exists(f"/proc/{pid}"):
            rest = self._pid_file.read_text().partition("\n")[2]
            with open(os.open(self._pid_file, os.O_WRONLY | os.O_TRUNC | os.O_NOFOLLOW), "w") as file:
                file.write(f"{os.getpid()}\n{rest}")

    @property
    def _startup_log(self) -> Path:
        return self.log / "startup.log"

    def _pid_file_line(self, number: int) -> str:
        try:
            lines = self._pid_file.read_text().splitlines()
        except OSError:
            return ""
        return lines[number - 1].strip() if len(lines) >= number else ""

    def _failure(self, what: str, why: str) -> DatabaseUnavailableError:
        tail = self._log_tail()
        return DatabaseUnavailableError(
            "\n".join(
                filter(None, [f"the database server in {self.folder} failed: {what}", why.strip(), tail])
            ),
            hint=f"Its whole log: {self.log}.",
            details={"log": tail},
        )

    def _log_tail(self) -> str:
        """Give the last lines of the log that was written last."""
        try:
            logs = [entry for entry in os.scandir(self.log) if entry.stat().st_size > 0]
        except OSError:
            return ""
        if not logs:
            return ""
        newest = max(logs, key=lambda entry: entry.stat().st_mtime_ns)
        text = Path(newest).read_text(encoding="utf-8", errors="replace")
        return "\n".join(text.splitlines()[-_LOG_LINES:])

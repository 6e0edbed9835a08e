"""The OS account that a server runs under."""

from __future__ import annotations

import os
import pwd
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from butler.errors import DatabaseUnavailableError

if TYPE_CHECKING:
    import subprocess

__all__ = ["Account"]


@dataclass(frozen=True, slots=True)
class Account:
    """An OS user under whom programs run.

    Parameters
    ----------
    name : `str`
        Login name.
    uid, gid : `int`
        Of the user and the primary group.
    """

    name: str
    uid: int
    gid: int

    @property
    def login(self) -> str:
        """Name of the database login that is this user's own, in the server of a repository."""
        return f"os_{self.name}"

    @classmethod
    def of_server(cls, owner: int) -> Account:
        """Find the account of a server that an OS user owns.

        Parameters
        ----------
        owner : `int`
            User id of the owner. PostgreSQL refuses to run as root, whose
            servers run as ``postgres``.

        Raises
        ------
        DatabaseUnavailableError
            If there is no such account.
        """
        if owner == 0:
            try:
                entry = pwd.getpwnam("postgres")
            except KeyError as error:
                raise DatabaseUnavailableError(
                    "there is no OS user 'postgres', as whom root runs the server",
                    hint="Install it: apt-get install postgresql-15 postgresql-15-postgis-3.",
                ) from error
            return cls(entry.pw_name, entry.pw_uid, entry.pw_gid)
        account = cls.find(owner)
        if account is None:
            raise DatabaseUnavailableError(
                f"user id {owner} has no name on this computer, and PostgreSQL needs one",
                hint="Add the user to /etc/passwd.",
            )
        return account

    @classmethod
    def find(cls, uid: int) -> Account | None:
        """Find the account of a user id, if it has one."""
        try:
            entry = pwd.getpwuid(uid)
        except KeyError:
            return None
        return cls(entry.pw_name, entry.pw_uid, entry.pw_gid)

    def run(
        self, command: Sequence[str | Path], *, keep: Sequence[int] = ()
    ) -> subprocess.CompletedProcess[str]:
        """Run a program to its end as this account.

        Parameters
        ----------
        command : sequence of `str` or `~pathlib.Path`
            Program and arguments.
        keep : sequence of `int`
            File descriptors that it inherits.
        """
        import subprocess

        switch: dict[str, Any] = {}
        if os.geteuid() == 0:
            switch = {"user": self.uid, "group": self.gid, "extra_groups": []}
        return subprocess.run(
            [str(word) for word in command],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            cwd="/",
            # A server outlives the command that starts it: it gets none of the caller's secrets.
            env={"PATH": os.defpath, "LC_ALL": "C.UTF-8", "TZ": "UTC"},
            pass_fds=keep,
            **switch,
        )

    def until_starter_ends(self, command: Sequence[str | Path], *, end: str) -> list[str]:
        """Give a command that runs a program as this account, and no longer than the thread that starts it.

        Parameters
        ----------
        command : sequence of `str` or `~pathlib.Path`
            Program and arguments.
        end : `str`
            Name of the signal that the kernel sends the program when that
            thread ends, also by ``kill -9``; such as ``QUIT``.
        """
        switch = ["setpriv", f"--pdeathsig={end}"]
        if os.geteuid() == 0:
            switch += [f"--reuid={self.uid}", f"--regid={self.gid}", "--clear-groups"]
        return [*switch, *map(str, command)]

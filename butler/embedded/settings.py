"""How the server of a repository runs, and who may come in."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from butler.embedded.account import Account
from butler.embedded.configuration import write_configuration
from butler.embedded.state import ServerState

__all__ = ["write_settings"]


def write_settings(
    folder: Path, state: ServerState, socket_dir: Path, *, account: Account, members: Iterable[Account]
) -> None:
    """Write the configuration of a repository's server.

    Parameters
    ----------
    folder : `~pathlib.Path`
        Folder of data, configuration and logs.
    state : `~butler.embedded.state.ServerState`
        To whom to open it.
    socket_dir : `~pathlib.Path`
        Folder of the socket.
    account : `~butler.embedded.account.Account`
        As whom the server runs; superuser, like root.
    members : iterable of `~butler.embedded.account.Account`
        The OS users who are owner, reader, and writer by a login of their own.
    """
    write_configuration(
        folder,
        _settings(folder, state, socket_dir),
        access=_access(state.listen),
        identities=_identities({"root", account.name}, members, share=state.share),
    )


def _settings(folder: Path, state: ServerState, socket_dir: Path) -> dict[str, str | int | bool]:
    return {
        "unix_socket_directories": str(socket_dir),
        "port": state.port,
        "listen_addresses": state.listen or "",
        "password_encryption": "scram-sha-256",
        "max_connections": 100,
        "shared_buffers": "128MB",
        # What is asked for often is in memory, and the rest on no spinning disk: at the default of 4 the
        # planner reads whole tables where an index would do.
        "random_page_cost": "1.1",
        "fsync": state.durable,
        "synchronous_commit": state.durable,
        "full_page_writes": state.durable,
        "lc_messages": "C.UTF-8",
        "logging_collector": True,
        "log_directory": str(folder / "log"),
        "log_filename": "postgresql-%a.log",
        "log_rotation_age": "1d",
        "log_rotation_size": 0,
        "log_truncate_on_rotation": True,
        "log_line_prefix": "%m [%p] %q%u@%d ",
    }


def _access(listen: str | None) -> list[str]:
    """Over the socket the kernel says who comes; over TCP a password, for those who may only read."""
    lines = [
        "local all postgres peer map=superuser",
        # For a replica on this computer.
        "local replication postgres peer map=superuser",
        # Each writes by a login of his own, so that it is known who did what.
        "local butler butler_owner,butler_reader,+butler_writer peer map=butler",
    ]
    if listen is not None:
        clients = f"{listen}/{128 if ':' in listen else 32}" if _is_loopback(listen) else "all"
        lines += [
            # A login is somebody's own; the roles that several have in common come in by the socket.
            "host all postgres,butler_reader,+butler_owner,+butler_writer all reject",
            f"host butler +butler_reader {clients} scram-sha-256",
        ]
    return lines


def _is_loopback(address: str) -> bool:
    return address == "::1" or address.startswith("127.")


def _identities(superusers: set[str], members: Iterable[Account], *, share: bool) -> list[str]:
    lines = [f'superuser "{user}" postgres' for user in sorted(superusers)]
    lines += [
        f'butler "{user.name}" "{role}"'
        for user in members
        for role in ("butler_owner", user.login, "butler_reader")
    ]
    if share:
        lines.append("butler /^ butler_reader")
    return lines

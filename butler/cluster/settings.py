"""The server's configuration files: how it runs, and who may come in."""

from __future__ import annotations

from pathlib import Path

from butler.cluster.account import Account
from butler.cluster.record import Record, replace_file

__all__ = ["write_settings"]


def write_settings(
    place: Path, record: Record, socket_dir: Path, *, account: Account, creator: Account | None
) -> None:
    """Write the configuration files of a server.

    Parameters
    ----------
    place : `~pathlib.Path`
        Folder of data, configuration and logs. The files are not among the
        data: whoever starts the server must not write where it can put links.
    record : `~butler.cluster.record.Record`
        Which doors to open.
    socket_dir : `~pathlib.Path`
        Folder of the socket.
    account : `~butler.cluster.account.Account`
        As whom the server runs; superuser, like root.
    creator : `~butler.cluster.account.Account` or `None`
        The OS user who made the cluster; owner, writer and reader, like root.
    """
    members = {"root", creator.name} if creator else {"root"}
    replace_file(place / "postgresql.conf", _server(place, record, socket_dir))
    replace_file(place / "pg_hba.conf", _access(record.listen))
    replace_file(place / "pg_ident.conf", _identities({"root", account.name}, members, share=record.share))


def _server(place: Path, record: Record, socket_dir: Path) -> str:
    values: dict[str, str | int | bool] = {
        "data_directory": str(place / "data"),
        "hba_file": str(place / "pg_hba.conf"),
        "ident_file": str(place / "pg_ident.conf"),
        "unix_socket_directories": str(socket_dir),
        "port": record.port,
        "listen_addresses": record.listen or "",
        "password_encryption": "scram-sha-256",
        "max_connections": 100,
        # Every personal layer adds relations, and a migration locks those of all.
        "max_locks_per_transaction": 1024,
        "shared_buffers": "128MB",
        # In the data folder: POSIX shared memory is removed when an ordinary user logs out,
        # is 64 MB in many containers, and missing in a chroot.
        "dynamic_shared_memory_type": "mmap",
        "jit": False,
        "fsync": record.durable,
        "synchronous_commit": record.durable,
        "full_page_writes": record.durable,
        "timezone": "UTC",
        "log_timezone": "UTC",
        "lc_messages": "C.UTF-8",
        "logging_collector": True,
        "log_directory": str(place / "log"),
        "log_filename": "postgresql-%a.log",
        "log_rotation_age": "1d",
        "log_rotation_size": 0,
        "log_truncate_on_rotation": True,
        "log_line_prefix": "%m [%p] %q%u@%d ",
    }
    lines = [f"{name} = {_literal(value)}\n" for name, value in values.items()]
    return "# Written by Butler at every start. Tune the server with ALTER SYSTEM.\n" + "".join(lines)


def _literal(value: str | int | bool) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, int):
        return str(value)
    return "'" + value.replace("'", "''") + "'"


def _access(listen: str | None) -> str:
    """Over the socket the kernel says who comes; over TCP a password, for those who may only read."""
    lines = [
        "# Written by Butler at every start.",
        "local all postgres peer map=superuser",
        # For a replica on this computer.
        "local replication postgres peer map=superuser",
        "local butler butler_owner,butler_writer,butler_reader peer map=butler",
    ]
    if listen is not None:
        clients = f"{listen}/{128 if ':' in listen else 32}" if _is_loopback(listen) else "all"
        lines += [
            "host all postgres,+butler_owner,+butler_writer all reject",
            f"host butler +butler_reader {clients} scram-sha-256",
        ]
    return "\n".join(lines) + "\n"


def _is_loopback(address: str) -> bool:
    return address == "::1" or address.startswith("127.")


def _identities(superusers: set[str], members: set[str], *, share: bool) -> str:
    lines = ["# Written by Butler at every start."]
    lines += [f'superuser "{user}" postgres' for user in sorted(superusers)]
    lines += [
        f'butler "{user}" butler_{role}' for user in sorted(members) for role in ("owner", "writer", "reader")
    ]
    if share:
        lines.append("butler /^ butler_reader")
    return "\n".join(lines) + "\n"

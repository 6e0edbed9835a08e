"""The configuration files of a server, beside its data."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

__all__ = ["replace_file", "write_configuration"]

_ALWAYS: Mapping[str, str | int | bool] = {
    # Every personal layer adds relations, and a migration locks those of all.
    "max_locks_per_transaction": 1024,
    # In the data folder: POSIX shared memory is removed when an ordinary user logs out,
    # is 64 MB in many containers, and missing in a chroot.
    "dynamic_shared_memory_type": "mmap",
    "jit": False,
    "timezone": "UTC",
    "log_timezone": "UTC",
}


def write_configuration(
    folder: Path,
    settings: Mapping[str, str | int | bool],
    *,
    access: Iterable[str],
    identities: Iterable[str] = (),
) -> None:
    """Write what a server reads when it starts.

    Parameters
    ----------
    folder : `~pathlib.Path`
        Folder of data, configuration and logs. The files are not among the
        data: whoever starts the server must not write where it can put links.
    settings : `~collections.abc.Mapping`
        Of ``postgresql.conf``, beside those that every server of ours has.
    access : iterable of `str`
        Lines of ``pg_hba.conf``: who may come in, and how that is known.
    identities : iterable of `str`
        Lines of ``pg_ident.conf``: which roles an OS user may take.
    """
    paths = {
        "data_directory": str(folder / "data"),
        "hba_file": str(folder / "pg_hba.conf"),
        "ident_file": str(folder / "pg_ident.conf"),
    }
    values = {**_ALWAYS, **paths, **settings}
    lines = [f"{name} = {_literal(value)}" for name, value in values.items()]
    head = "# Written by Butler at every start."
    replace_file(folder / "postgresql.conf", _text([f"{head} Tune the server with ALTER SYSTEM.", *lines]))
    replace_file(folder / "pg_hba.conf", _text([head, *access]))
    replace_file(folder / "pg_ident.conf", _text([head, *identities]))


def _text(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def _literal(value: str | int | bool) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, int):
        return str(value)
    return "'" + value.replace("'", "''") + "'"


def replace_file(path: Path, text: str) -> None:
    """Put a new file in the place of another, whole or not at all."""
    new = path.with_name(f".{path.name}.new")
    with open(new, "w", encoding="utf-8", errors="surrogateescape") as file:
        file.write(text)
        os.fchmod(file.fileno(), 0o644)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)

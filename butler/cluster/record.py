"""What is recorded in a repository about its cluster."""

from __future__ import annotations

import json
import os
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from butler.errors import ConfigError, DatabaseUnavailableError

__all__ = ["Record", "replace_file"]

_FILE = "cluster.json"


@dataclass(frozen=True, slots=True)
class Record:
    """What a cluster is, and which doors it was last started with.

    Parameters
    ----------
    token : `str`
        Tells this cluster from any other that was ever in the same place.
    creator : `int`
        Id of the OS user who made it.
    external : `str` or `None`
        The folder outside the repository that holds the data; `None` if the
        repository does.
    durable : `bool`
        Whether data survive a crash of the computer.
    port : `int`
        In the socket's name, and of TCP.
    listen : `str` or `None`
        The address that the server listens on.
    share : `bool`
        Whether any OS user may read.
    """

    token: str
    creator: int
    external: str | None
    durable: bool
    port: int = 5432
    listen: str | None = None
    share: bool = False

    @classmethod
    def load(cls, home: Path) -> Record:
        """Read it from the cluster's folder.

        Raises
        ------
        DatabaseUnavailableError
            If there is no cluster.
        ConfigError
            If the file isn't as Butler wrote it.
        """
        path = home / _FILE
        try:
            fields = json.loads(path.read_bytes())
        except FileNotFoundError as error:
            raise DatabaseUnavailableError(
                f"{home.parent} has no database cluster of its own",
                hint="Create the repository with: butler create.",
            ) from error
        except ValueError as error:
            raise ConfigError(f"{path} is damaged: {error}", hint="Restore it from a backup.") from error
        if not _is_sound(fields):
            raise ConfigError(
                f"{path} isn't as Butler wrote it: {fields!r}", hint="Restore it from a backup."
            )
        return cls(**fields)

    def save(self, home: Path) -> None:
        """Write it to the cluster's folder."""
        replace_file(home / _FILE, json.dumps(asdict(self), indent=2) + "\n")


def _is_sound(fields: Any) -> bool:
    """Tell whether values that become paths and settings are what they should be."""
    if not isinstance(fields, dict) or fields.keys() != Record.__dataclass_fields__.keys():
        return False
    token, external, listen = fields["token"], fields["external"], fields["listen"]
    return (
        re.fullmatch(r"[0-9a-f]{8}", str(token)) is not None
        and (external is None or re.fullmatch(rf"/.*/butler/[\w.-]+-{token}", str(external)) is not None)
        and (listen is None or re.fullmatch(r"[0-9a-f.:]+", str(listen)) is not None)
        and all(type(fields[name]) is int for name in ("creator", "port"))
        and all(type(fields[name]) is bool for name in ("durable", "share"))
    )


def replace_file(path: Path, text: str) -> None:
    """Put a new file in the place of another, whole or not at all."""
    new = path.with_name(f".{path.name}.new")
    with open(new, "w", encoding="utf-8", errors="surrogateescape") as file:
        file.write(text)
        os.fchmod(file.fileno(), 0o644)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)

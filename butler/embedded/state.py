"""What a repository keeps of its server between runs of it."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from butler.embedded.configuration import replace_file
from butler.errors import ConfigError, DatabaseUnavailableError

__all__ = ["ServerState"]

_FILE = "state.json"


@dataclass(frozen=True, slots=True)
class ServerState:
    """What a server is, and to whom it was last opened.

    Parameters
    ----------
    token : `str`
        Tells this server from any other that was ever in the same folder.
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
    def load(cls, home: Path) -> ServerState:
        """Read it from the server's folder.

        Raises
        ------
        DatabaseUnavailableError
            If the repository has none.
        ConfigError
            If the file isn't as Butler wrote it.
        """
        path = home / _FILE
        try:
            fields = json.loads(path.read_bytes())
        except FileNotFoundError as error:
            raise DatabaseUnavailableError(
                f"{home.parent} has no database server of its own",
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
        """Write it to the server's folder."""
        replace_file(home / _FILE, json.dumps(asdict(self), indent=2) + "\n")


def _is_sound(fields: Any) -> bool:
    """Tell whether values that become paths and settings are what they should be."""
    if not isinstance(fields, dict) or fields.keys() != ServerState.__dataclass_fields__.keys():
        return False
    token, external, listen = fields["token"], fields["external"], fields["listen"]
    return (
        re.fullmatch(r"[0-9a-f]{8}", str(token)) is not None
        and (external is None or re.fullmatch(rf"/.*/butler/[\w.-]+-{token}", str(external)) is not None)
        and (listen is None or re.fullmatch(r"[0-9a-f.:]+", str(listen)) is not None)
        and all(type(fields[name]) is int for name in ("creator", "port"))
        and all(type(fields[name]) is bool for name in ("durable", "share"))
    )

"""The tour's own folder: made anew each time, and nobody else's folder touched."""

from __future__ import annotations

import shutil
from pathlib import Path

from butler.embedded import EmbeddedServer
from butler.errors import ConfigError

__all__ = ["clear", "mark", "stop_server"]

_MARK = "MADE-BY-BUTLER-DEMO"
_MEANING = "The next 'python -m butler.demo' with this folder destroys all that is in it.\n"


def mark(folder: Path) -> None:
    """Write into a folder that it is the tour's."""
    (folder / _MARK).write_text(_MEANING, encoding="utf-8")


def clear(folder: Path) -> None:
    """Destroy what an earlier tour made; an empty folder, or none, is left as it is.

    Raises
    ------
    ConfigError
        If the folder holds anything that no tour made.
    """
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise ConfigError(f"{folder} is not a folder", hint="Name another by --out.")
    if not folder.exists() or not any(folder.iterdir()):
        return
    if not (folder / _MARK).is_file():
        raise ConfigError(
            f"{folder} holds something that the demo didn't make",
            hint="Name another folder by --out, or remove this one yourself.",
            details={"folder": str(folder)},
        )
    if _has_server(folder):
        EmbeddedServer(folder).destroy()
    shutil.rmtree(folder)


def stop_server(folder: Path) -> None:
    """Stop the server of the tour's repository, if there is one."""
    if _has_server(folder):
        EmbeddedServer(folder).stop()


def _has_server(folder: Path) -> bool:
    return (folder / "embedded" / "state.json").is_file()

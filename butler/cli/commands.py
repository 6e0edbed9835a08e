"""How a module of the command line offers its command, and how that is found: by the module's name."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import typer

from butler.cli.failures import GuardedGroup

__all__ = ["ModuleGroup", "examples", "new_app"]

_COMMANDS = (
    *("create", "status", "config", "db"),
    *("camera", "skymap", "dataset-type", "datastore", "collection", "layer"),
    *("ingest", "put", "get", "uri", "query", "sql"),
    *("associate", "disassociate", "unstore", "remove", "restore", "trash"),
    *("du", "verify", "reap", "identify"),
)


class ModuleGroup(GuardedGroup):
    """Commands of which each is the ``app`` of the module of its name, loaded when it is asked for."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        unloaded: dict[str, Any] = dict.fromkeys(_COMMANDS)
        self.commands = unloaded

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Give a command by its name, or `None`."""
        if cmd_name in self.commands and self.commands[cmd_name] is None:
            module = import_module(f"butler.cli.{cmd_name.replace('-', '_')}")
            self.commands[cmd_name] = typer.main.get_command(module.app)
        return self.commands.get(cmd_name)


def new_app(help: str | None = None) -> typer.Typer:
    """Begin the command of a module, or its group of commands if a help text is given."""
    return typer.Typer(
        help=help, no_args_is_help=help is not None, add_completion=False, rich_markup_mode=None
    )


def examples(*lines: str) -> str:
    """Give the end of a command's help, its lines as they are."""
    return "\n".join(("\b", "Examples:", *(f"  {line}" for line in lines)))

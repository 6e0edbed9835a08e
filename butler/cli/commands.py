"""The commands, and how each is found: in the module of its name, which is loaded when it is asked for."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import typer

from butler.cli.failures import GuardedGroup

__all__ = ["SUMMARIES", "ModuleGroup", "examples", "new_app"]

SUMMARIES = {
    "create": "Make a repository.",
    "status": "Show versions, counts, bytes, and the last ingest.",
    "config": "Show, check and describe the repository's configuration.",
    "db": "Start, stop, make, migrate and check the database.",
    "camera": "Add, draft, check, describe and list cameras.",
    "skymap": "Add and list sky maps.",
    "dataset-type": "Add, list and show dataset types.",
    "datastore": "Add and list datastores, and say where they were moved to.",
    "collection": "List, show, create, chain, freeze and remove collections.",
    "layer": "Create, drop and list personal layers.",
    "ingest": "Ingest files under their headers' data IDs, as they are.",
    "put": "Put a copy of one file under a given data ID.",
    "get": "Copy a dataset, or a part of it, to a file.",
    "uri": "Print the URI of a dataset's file.",
    "query": "List datasets, data IDs, visits, patches ….",
    "sql": "Run one SELECT, or open psql.",
    "associate": "Put datasets into a tagged collection, or a run's inputs.",
    "disassociate": "Take datasets out of a tagged collection.",
    "unstore": "Give up the bytes of datasets; data IDs and provenance stay.",
    "remove": "Remove datasets; names are free again, provenance stays.",
    "restore": "Bring back what was unstored or removed, out of the trash.",
    "trash": "List and empty the trash, and say how long it is kept.",
    "du": "Show how much is stored.",
    "log": "Show who did what, when and from where.",
    "verify": "Compare registry and datastore, and repair what differs.",
    "reap": "Clear up after writers that died.",
    "identify": "Show what files say about themselves.",
}
"""What the first help says of each command, without loading any."""


class ModuleGroup(GuardedGroup):
    """Commands of which each is the ``app`` of the module of its name."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        unloaded: dict[str, Any] = dict.fromkeys(SUMMARIES)
        self.commands = unloaded

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Give a command by its name, or `None`."""
        if cmd_name in self.commands and self.commands[cmd_name] is None:
            module = import_module(f"butler.cli.{cmd_name.replace('-', '_')}")
            self.commands[cmd_name] = typer.main.get_command(module.app)
        return self.commands.get(cmd_name)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """List the commands."""
        with formatter.section("Commands"):
            formatter.write_dl(list(SUMMARIES.items()))


def new_app(name: str | None = None) -> typer.Typer:
    """Begin the command of a module, or a group of commands if its name is given."""
    return typer.Typer(
        help=name and SUMMARIES[name],
        no_args_is_help=name is not None,
        add_completion=False,
        rich_markup_mode=None,
    )


def examples(*lines: str) -> str:
    """Give the end of a command's help, its lines as they are."""
    return "\n".join(("\b", "Examples:", *(f"  {line}" for line in lines)))

"""``butler config``: what the repository is set to, and whether that works."""

from __future__ import annotations

import typer

from butler.cli.commands import new_app
from butler.cli.configuration import add_to

__all__ = ["app"]

_holder = typer.Typer()
add_to(_holder)
app = new_app("config")
app.registered_commands = _holder.registered_groups[0].typer_instance.registered_commands

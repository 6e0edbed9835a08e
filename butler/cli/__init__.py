"""The command ``butler``.

A module a group of commands. All of them are imported at every start, so
each imports what it works with only when it works.
"""

from __future__ import annotations

__all__ = ["main"]


def main() -> None:
    """Run the command line of this process, and exit."""
    from butler.cli.application import run

    run()

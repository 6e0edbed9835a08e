"""The command ``butler``, and the options that come before its commands."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from butler.cli.commands import ModuleGroup, examples
from butler.cli.failures import EXIT_STATUS, run_guarded
from butler.cli.session import Session, installed_version

__all__ = ["application", "run"]

application = typer.Typer(
    cls=ModuleGroup,
    no_args_is_help=True,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=examples(
        "butler create demo",
        "butler -r demo status",
        "butler -r demo camera list",
    )
    + f"\n\n{EXIT_STATUS}",
)


def run() -> None:
    """Run the command line of this process, and exit."""
    run_guarded(application)


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"butler {installed_version()}")
        raise typer.Exit


@application.callback()
def options(
    ctx: typer.Context,
    repo: Annotated[
        Path | None,
        typer.Option("--repo", "-r", metavar="FOLDER", help="By default $BUTLER_REPO, else this folder."),
    ] = None,
    layer: Annotated[
        str | None, typer.Option("--layer", metavar="NAME", help="Work in this layer of the repository.")
    ] = None,
    verbose: Annotated[
        int,
        typer.Option(
            "-v",
            count=True,
            show_default=False,
            help="Tell what is done; -vv more.",
        ),
    ] = 0,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Write results and errors only.")] = False,
    log_file: Annotated[
        Path | None, typer.Option("--log-file", metavar="FILE", help="Append a line to it for what happens.")
    ] = None,
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Keep images, catalogues and calibrations under data IDs, and get them back by those."""
    if repo is not None:
        named, by = repo, "--repo"
    elif os.environ.get("BUTLER_REPO"):
        named, by = Path(os.environ["BUTLER_REPO"]), "BUTLER_REPO"
    else:
        named, by = Path(), "current folder"
    ctx.obj = Session(named, by, layer, verbose, quiet)
    ctx.obj.log_to(log_file)

"""``butler camera``: cameras as YAML files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from butler.cli.arguments import ListFormat, ListFormatOption, OutputFile
from butler.cli.commands import examples, new_app
from butler.cli.console import counted, note, write_json, write_line, write_list, writing_to
from butler.cli.failures import ExitStatus
from butler.cli.session import Session, session_of

if TYPE_CHECKING:
    from butler.cameras import CameraDefinition

__all__ = ["app"]

Files = Annotated[list[Path], typer.Argument(metavar="FILE...", help="FITS files.")]

app = new_app("camera")


@app.command(epilog=examples("butler camera add peepshow.yaml", "butler camera add peepshow.yaml --replace"))
def add(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE.yaml", help="The camera's definition.")],
    replace: Annotated[bool, typer.Option("--replace", help="Overwrite what is registered.")] = False,
) -> None:
    """Register a camera."""
    from butler.cameras import CameraDefinition

    session = session_of(ctx)
    definition = CameraDefinition.read(file)
    with session.writing() as butler:
        butler.registry.definitions.register_camera(definition.to_json(), replace=replace)
    note(
        session,
        f"camera {definition.name}: {counted(len(definition.sensors), 'sensor')},"
        f" {counted(len(definition.filters), 'filter')}",
    )


@app.command(epilog=examples("butler camera draft night1/shot1.fits night1/shot2.fits -o draft.yaml"))
def draft(ctx: typer.Context, files: Files, output: OutputFile = None) -> None:
    """Write a first YAML, guessed from headers."""
    from butler.cameras import draft as drafted

    text = drafted(files)
    with writing_to(output) as path:
        path.write_text(text, encoding="utf-8")
    if output:
        note(
            session_of(ctx),
            f"Look through the guesses in {output}, then 'butler camera check {output} FILE…'.",
        )


@app.command(
    epilog=examples(
        "butler camera check peepshow.yaml night1/shot1.fits",
        "butler camera check Peepshow night1/shot1.fits --format json",
    )
)
def check(
    ctx: typer.Context,
    camera: Annotated[str, typer.Argument(metavar="CAMERA", help="A YAML file, or a registered camera.")],
    files: Files,
    form: ListFormatOption = ListFormat.TABLE,
) -> None:
    """Show what a camera makes of files.

    Field by field: found, guessed, missing or wrong. Exit status 1 if a file
    can't be ingested.
    """
    from butler.cameras import check as checked

    reports = checked(_definition(session_of(ctx), camera), files)
    write_list(
        ("file", "field", "status", "value", "source", "reason"),
        [
            (str(report.path), one.field, one.status, _plain(one.value), one.source, one.reason)
            for report in reports
            for one in report.findings
        ],
        form,
    )
    for report in reports:
        if report.problem:
            write_line(f"can't be ingested: {report.problem}")
    if not all(report.ok for report in reports):
        raise typer.Exit(ExitStatus.FAILED)


@app.command(epilog=examples("butler camera schema -o camera.schema.json"))
def schema(output: OutputFile = None) -> None:
    """Write the JSON Schema of a camera's YAML file, for editors."""
    from butler.cameras.definition import camera_schema

    write_json(camera_schema(), output)


@app.command("list", epilog=examples("butler camera list"))
def list_cameras(ctx: typer.Context, form: ListFormatOption = ListFormat.TABLE) -> None:
    """List the registered cameras."""
    with session_of(ctx).reading() as butler:
        write_list(*butler.registry.definitions.describe_cameras().fetched, form)


def _definition(session: Session, camera: str) -> CameraDefinition:
    from butler.cameras import CameraDefinition
    from butler.errors import UnitNotFoundError

    if camera.endswith((".yaml", ".yml")):
        return CameraDefinition.read(Path(camera))
    with session.reading() as butler:
        known = {plain["camera"]: plain for plain in butler.registry.definitions.cameras()}
    if camera not in known:
        raise UnitNotFoundError(
            f"no camera {camera!r}", hint=f"There are {', '.join(known) or 'none'}; or name a .yaml file."
        )
    return CameraDefinition.from_json(known[camera])


def _plain(value: object) -> object:
    return value if isinstance(value, (str, int, float, bool, type(None))) else str(value)

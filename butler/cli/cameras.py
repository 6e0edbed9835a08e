"""``butler camera``: cameras as YAML files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from butler.cli.arguments import ListFormat, ListFormatOption, OutputFile, examples
from butler.cli.configuration import write_schema
from butler.cli.console import note, write_list, writing_to
from butler.cli.failures import ExitStatus
from butler.cli.session import Session, session_of

if TYPE_CHECKING:
    from butler.cameras import CameraDefinition

__all__ = ["add_to"]

Files = Annotated[list[Path], typer.Argument(metavar="FILE...", help="FITS files.")]


def add_to(application: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(no_args_is_help=True)
    group.command(
        epilog=examples("butler camera add peepshow.yaml", "butler camera add peepshow.yaml --replace")
    )(add)
    group.command(epilog=examples("butler camera draft night1/shot1.fits night1/shot2.fits -o draft.yaml"))(
        draft
    )
    group.command(
        epilog=examples(
            "butler camera check peepshow.yaml night1/shot1.fits",
            "butler camera check Peepshow night1/shot1.fits --format json",
        )
    )(check)
    group.command(epilog=examples("butler camera schema -o camera.schema.json"))(schema)
    group.command("list", epilog=examples("butler camera list"))(list_cameras)
    application.add_typer(group, name="camera", help="Add, draft, check, describe and list cameras.")


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
        butler.registry.register_camera(definition.to_json(), replace=replace)
    note(
        session,
        f"camera {definition.name}: {len(definition.sensors)} sensors, {len(definition.filters)} filters",
    )


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


def check(
    ctx: typer.Context,
    camera: Annotated[str, typer.Argument(metavar="CAMERA", help="A YAML file, or a registered camera.")],
    files: Files,
    form: ListFormatOption = ListFormat.TABLE,
) -> None:
    """Show what a camera makes of files.

    Field by field: found, guessed, missing or wrong. Exit status 1 if a file
    can't be filed.
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
            print(f"can't be filed: {report.problem}")
    if not all(report.ok for report in reports):
        raise typer.Exit(ExitStatus.FAILED)


def schema(output: OutputFile = None) -> None:
    """Write the JSON Schema of a camera's YAML file, for editors."""
    from butler.cameras.definition import camera_schema

    write_schema(camera_schema(), output)


def list_cameras(ctx: typer.Context, form: ListFormatOption = ListFormat.TABLE) -> None:
    """List the registered cameras."""
    with session_of(ctx).reading() as butler:
        rows = butler.registry.query(
            "SELECT c.camera,"
            " (SELECT count(*) FROM physical_sensor AS s WHERE s.camera = c.camera) AS sensors,"
            " (SELECT count(*) FROM physical_filter AS f WHERE f.camera = c.camera) AS filters,"
            " (SELECT count(*) FROM visit AS v WHERE v.camera = c.camera) AS visits,"
            " c.doc FROM camera AS c ORDER BY c.camera"
        )
        write_list(rows.columns, rows, form)


def _definition(session: Session, camera: str) -> CameraDefinition:
    from butler.cameras import CameraDefinition
    from butler.errors import UnitNotFoundError

    if camera.endswith((".yaml", ".yml")):
        return CameraDefinition.read(Path(camera))
    with session.reading() as butler:
        known = {plain["camera"]: plain for plain in butler.registry.cameras()}
    if camera not in known:
        raise UnitNotFoundError(
            f"no camera {camera!r}", hint=f"There are {', '.join(known) or 'none'}; or name a .yaml file."
        )
    return CameraDefinition.from_json(known[camera])


def _plain(value: object) -> object:
    return value if isinstance(value, (str, int, float, bool, type(None))) else str(value)

"""``butler skymap``: ways to divide the sky, as YAML or JSON files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from butler.cli.arguments import ListFormat, ListFormatOption
from butler.cli.commands import examples, new_app
from butler.cli.console import counted, note, write_list
from butler.cli.session import session_of

__all__ = ["app"]

app = new_app("skymap")


@app.command(epilog=examples("butler skymap add rings.yaml", "butler skymap add rings.json --replace"))
def add(
    ctx: typer.Context,
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="YAML or JSON: {skymap, doc, tracts: [{tract, region, patches: [{patch, region}]}]};"
            " a region is a list of [ra, dec], ICRS, degrees.",
        ),
    ],
    replace: Annotated[bool, typer.Option("--replace", help="Overwrite what is registered.")] = False,
) -> None:
    """Register a sky map."""
    session = session_of(ctx)
    definition = _read(file)
    with session.writing() as butler:
        butler.registry.definitions.register_skymap(definition, replace=replace)
    tracts = definition.get("tracts") or []
    patches = sum(len(tract.get("patches") or []) for tract in tracts)
    held = f"{counted(len(tracts), 'tract')}, {counted(patches, 'patch', 'patches')}"
    note(session, f"sky map {definition.get('skymap')}: {held}")


@app.command("list", epilog=examples("butler skymap list"))
def list_skymaps(ctx: typer.Context, form: ListFormatOption = ListFormat.TABLE) -> None:
    """List the registered sky maps."""
    with session_of(ctx).reading() as butler:
        write_list(*butler.registry.definitions.describe_skymaps().fetched, form)


def _read(file: Path) -> Mapping[str, Any]:
    """Read a definition; JSON of any size, YAML as strictly as a camera's."""
    import json

    from butler.errors import ConfigError
    from butler.strict import read_yaml

    if file.suffix.lower() == ".json":
        try:
            definition = json.loads(file.read_bytes())
        except (ValueError, RecursionError) as error:
            raise ConfigError(f"{file} is not JSON: {error}", hint="Mend it, or restore it.") from error
    else:
        definition = read_yaml(file).value
    tracts = definition.get("tracts", []) if isinstance(definition, dict) else None
    if not isinstance(tracts, list) or not all(isinstance(tract, dict) for tract in tracts):
        raise ConfigError(
            f"{file} is not a sky map's definition", hint="Write {skymap, doc, tracts: [{tract, region, …}]}."
        )
    return dict(definition)

"""Raw files into the repository, by what their headers say."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from butler.cameras import CameraDefinition, Observation, match, observe
from butler.errors import DatasetTypeNotFoundError, UnitNotFoundError
from butler.values import DatasetRef, DatasetType

if TYPE_CHECKING:
    from butler.butler import Butler

__all__ = ["ingest_raws"]

RAW = "raw"


def ingest_raws(
    butler: Butler,
    files: Iterable[Path | str],
    dataset_type: str | None = None,
    *,
    camera: str | None = None,
    mode: str = "copy",
    run: str | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> list[DatasetRef]:
    """File raw files under the labels in their headers.

    Visits and what was observed in them are registered first. The same files
    again change nothing.

    Parameters
    ----------
    butler : `~butler.Butler`
        The repository.
    files : iterable of `pathlib.Path`
        FITS files of registered cameras.
    dataset_type : `str`, optional
        What they are; by default what the camera's rules say, else ``raw``.
        One that isn't registered is made, as an Exposure of a visit and a
        sensor.
    camera : `str`, optional
        The camera; by default the one whose rules fit the header.
    mode : `str`
        ``copy``, ``move``, ``hardlink``, ``symlink`` or ``in-place``.
    run : `str`, optional
        The run to file them in; by default the Butler's, else ``<camera>/raw``.
    on_progress : callable, optional
        Called with files done and files in all.

    Returns
    -------
    refs : `list` [`~butler.DatasetRef`]
        In the order of the files.

    Raises
    ------
    UnitNotFoundError
        If the camera isn't registered.
    ConfigError
        If a file is of no registered camera, or its header doesn't give what
        is needed.
    FormatError
        If a file isn't FITS, or is cut short.
    DefinitionConflictError
        If a visit is registered otherwise than a header says.

    Notes
    -----
    All headers are read before anything is registered, so that a bad file
    leaves nothing behind.
    """
    paths = [Path(file) for file in files]
    definitions = _definitions(butler, camera)
    observations: list[Observation] = []
    for path in paths:
        definition = definitions[0] if camera else match(definitions, path)
        observations.append(observe(definition, path))
        if on_progress:
            on_progress(len(observations), 2 * len(paths))
    _register(butler, observations)
    refs: dict[int, DatasetRef] = {}
    for (kind, into), places in _grouped(butler, observations, dataset_type, run).items():
        _make_dataset_type(butler, kind)
        filed = butler.ingest(
            [(paths[place], _labels(observations[place])) for place in places], kind, mode=mode, run=into
        )
        refs.update(zip(places, filed, strict=True))
        if on_progress:
            on_progress(len(paths) + len(refs), 2 * len(paths))
    return [refs[place] for place in range(len(paths))]


def _definitions(butler: Butler, camera: str | None) -> list[CameraDefinition]:
    known = {plain["camera"]: plain for plain in butler.registry.cameras()}
    if camera is not None and camera not in known:
        raise UnitNotFoundError(
            f"no camera {camera!r}",
            hint=f"There are {', '.join(known) or 'none'}; add it by 'butler camera add'.",
            details={"camera": camera},
        )
    if camera is not None:
        return [CameraDefinition.from_json(known[camera])]
    # One that was registered without rules for headers is the camera of no file, unless it is named.
    return [CameraDefinition.from_json(plain) for plain in known.values() if plain.get("headers")]


def _register(butler: Butler, observations: Sequence[Observation]) -> None:
    """Register visits, then what was observed in them; one statement each."""
    butler.registry.register_units("visit", [one.visit_row() for one in observations])
    butler.registry.register_units("observed_sensor", [one.observed_sensor_row() for one in observations])
    snaps = [
        {"camera": one.camera, "visit": one.visit, "snap": one.snap}
        for one in observations
        if one.snap is not None
    ]
    butler.registry.register_units("snap", snaps)


def _grouped(
    butler: Butler, observations: Sequence[Observation], dataset_type: str | None, run: str | None
) -> dict[tuple[str, str], list[int]]:
    """Group the files' places by dataset type and run."""
    groups: dict[tuple[str, str], list[int]] = {}
    for place, one in enumerate(observations):
        key = (dataset_type or one.dataset_type or RAW, run or butler.run or f"{one.camera}/raw")
        groups.setdefault(key, []).append(place)
    return groups


def _make_dataset_type(butler: Butler, name: str) -> None:
    try:
        butler.registry.dataset_type(name)
    except DatasetTypeNotFoundError:
        butler.registry.register_dataset_type(
            DatasetType(name, "Exposure", ("camera", "visit", "sensor"), "As the camera wrote it.")
        )


def _labels(one: Observation) -> dict[str, str | int]:
    return {"camera": one.camera, "visit": one.visit, "sensor": one.sensor}

"""Where the tour's input lies: in installed packages, and for its longer form in a folder of real data."""

from __future__ import annotations

import os
from pathlib import Path

from butler.errors import ArtifactMissingError, NotSupportedError

__all__ = ["camera_file", "data_folder", "hubble_image", "saao_frame"]


def hubble_image() -> Path:
    """Give a calibrated exposure of ACS/HRC: the core of 47 Tucanae."""
    return _inside("spherical_geometry", "j8bt06nyq_flt.fits")


def saao_frame() -> Path:
    """Give a raw frame of the 1.0 m telescope at Sutherland."""
    return _inside("ccdproc", "a8280271.fits")


def camera_file(name: str) -> Path:
    """Give a camera's YAML file: inside an installed package, else beside it."""
    package = Path(__file__).parents[1]
    inside = package / "share" / "cameras"
    return (inside if inside.is_dir() else package.parent / "cameras") / f"{name}.yaml"


def data_folder() -> Path:
    """Give the folder of real data.

    Raises
    ------
    ArtifactMissingError
        If it isn't there.
    """
    named = os.environ.get("BUTLER_TEST_DATA")
    folder = Path(named) if named else Path(__file__).parents[3] / "shared" / "data"
    if not folder.is_dir():
        raise ArtifactMissingError(
            f"the longer tour needs a folder of real data, and {folder} isn't there",
            hint="Name it by BUTLER_TEST_DATA, or leave --full out.",
        )
    return folder


def _inside(package: str, name: str) -> Path:
    from importlib.util import find_spec

    spec = find_spec(package)  # importing it would load much that isn't needed
    if spec is None or spec.origin is None:
        raise NotSupportedError(
            f"the tour needs a file of the package {package}, which isn't installed",
            hint="Install Butler with its extra 'demo'.",
        )
    file = Path(spec.origin).parent / "tests" / "data" / name
    if not file.is_file():
        raise ArtifactMissingError(
            f"the package {package} comes without {file.name}", hint=f"Install another version of {package}."
        )
    return file

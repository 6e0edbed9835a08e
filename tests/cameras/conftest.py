"""Files to observe: real ones, and ones made to order."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from butler.cameras import CameraDefinition

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "cameras"
DATA = Path(os.environ.get("BUTLER_TEST_DATA") or ROOT.parent / "shared" / "data")

MADE_UP: dict[str, Any] = {
    "camera": "Peepshow",
    "night_offset_hours": -12,
    "sensors": [{"sensor": 7, "sensor_name": "left"}, {"sensor": 8, "sensor_name": "right"}],
    "filters": [{"physical_filter": "pink-1", "abstract_filter": "pink", "aliases": ["P"]}],
    "extra": {"mood": {"type": "text", "doc": "How the observer felt"}},
    "headers": {
        "match": {"INSTRUME": ["Peepshow", "PEEP"]},
        "fields": {
            "visit": {"keyword": "SHOT"},
            "sensor": {"keyword": "EYE"},
            "physical_filter": {"keyword": "GLASS"},
            "obs_begin": {"keyword": "BEGIN"},
            "exposure_time": {"keyword": "LASTED", "unit": "min"},
            "tracking_ra": {"keyword": "POINTRA", "unit": "hour"},
            "tracking_dec": {"keyword": "POINTDEC"},
            "target_name": {"keyword": "TARGET"},
            "mood": {"keyword": "MOOD"},
        },
        "dataset_types": [{"dataset_type": "raw"}],
    },
}
PRIMARY: dict[str, Any] = {
    "INSTRUME": "PEEP",
    "SHOT": 12,
    "EYE": "left",
    "GLASS": "P",
    "BEGIN": "2020-01-01T23:00:00",
    "LASTED": 2.0,
    "POINTRA": "12:00:00",
    "POINTDEC": -30.5,
    "MOOD": "fine",
}
WCS: dict[str, Any] = {
    "CTYPE1": "RA---TAN",
    "CTYPE2": "DEC--TAN",
    "CRVAL1": 180.0,
    "CRVAL2": -30.5,
    "CRPIX1": 5.5,
    "CRPIX2": 10.5,
    "CD1_1": -0.1,
    "CD1_2": 0.0,
    "CD2_1": 0.0,
    "CD2_2": 0.1,
}


def in_wheel(package: str, path: str) -> Path:
    """Find a data file of an installed package."""
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        pytest.skip(f"package {package} isn't installed")
    return Path(spec.origin).parent / path


def in_data(path: str) -> Path:
    """Find a file of the real input folder."""
    if not DATA.is_dir():
        pytest.skip(f"real input isn't at {DATA}; set BUTLER_TEST_DATA")
    return DATA / path


@pytest.fixture(scope="session")
def shipped() -> dict[str, CameraDefinition]:
    """Every camera in the repository, by name."""
    definitions = [CameraDefinition.read(path) for path in sorted(SHIPPED.glob("*.yaml"))]
    return {definition.name: definition for definition in definitions}


@pytest.fixture
def made_up() -> CameraDefinition:
    """A camera that nobody has."""
    return CameraDefinition.from_json(MADE_UP)


@pytest.fixture
def write_yaml(tmp_path: Path) -> Callable[[Any], Path]:
    """Write a camera's YAML, given as text or as data."""

    def write(content: Any) -> Path:
        path = tmp_path / "camera.yaml"
        text = content if isinstance(content, str) else yaml.safe_dump(content, allow_unicode=True)
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.fixture
def write_fits(tmp_path: Path) -> Callable[..., Path]:
    """Write a FITS file: a primary header, and one image unless told otherwise."""

    def write(
        primary: Mapping[str, Any] = PRIMARY,
        image: Mapping[str, Any] | None = WCS,
        name: str = "shot.fits",
        shape: tuple[int, int] = (20, 10),
    ) -> Path:
        import numpy as np
        from astropy.io import fits

        hdus = fits.HDUList([fits.PrimaryHDU()])
        hdus[0].header.update(primary)
        if image is not None:
            hdus.append(fits.ImageHDU(np.zeros(shape, np.int16), name="EYE"))
            hdus[1].header.update(image)
        path = tmp_path / name
        hdus.writeto(path, overwrite=True)
        return path

    return write

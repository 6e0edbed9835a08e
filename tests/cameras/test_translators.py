"""Fields by a class of astro-metadata-translator, where the camera's YAML names one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from butler.cameras import CameraDefinition, observe
from butler.errors import ConfigError

from .conftest import in_data

pytest.importorskip("astro_metadata_translator", reason="needs the optional extra 'translators'")

WriteFits = Callable[..., Path]
DEFINITION: dict[str, Any] = {
    "camera": "Blanco camera",
    "sensors": [{"sensor": number} for number in range(1, 63)],
    "filters": [{"physical_filter": "z DECam SDSS c0004 9260.0 1520.0", "abstract_filter": "z"}],
    "headers": {
        "match": {"INSTRUME": "DECam"},
        "translator": "DECam",
        "fields": {"sensor": {"constant": 25}, "target_name": {"constant": "as the YAML says"}},
    },
}


class HeaderDump(yaml.SafeLoader):
    """Reads the dumps of LSST's header class."""


def property_list(loader: HeaderDump, node: yaml.SequenceNode) -> dict[str, Any]:
    return {item[0]: item[2] for item in loader.construct_sequence(node, deep=True)}


HeaderDump.add_constructor("lsst.daf.base.PropertyList", property_list)


def real_header() -> dict[str, Any]:
    """Read a real header that its observatory wrote."""
    header = yaml.load(in_data("real-headers-a/fitsheader-decam.yaml").read_text(), HeaderDump)
    left_out = ("SIMPLE", "EXTEND", "BITPIX", "NAXIS", "COMMENT", "HISTORY", "")
    return {
        key: value
        for key, value in header.items()
        if not key.startswith(left_out[:-1])
        and key
        and isinstance(value, str | int | float)
        and "\n" not in str(value)
    }


def test_a_translator_gives_what_the_yaml_leaves_out(write_fits: WriteFits) -> None:
    header = real_header()
    file = write_fits(header, None)
    seen = observe(CameraDefinition.from_json(DEFINITION), file)
    assert seen.visit == header["EXPNUM"]
    assert seen.obs_begin_tai == datetime.fromisoformat(header["DATE-OBS"][:26]) + timedelta(seconds=35)
    assert seen.physical_filter == header["FILTER"]
    assert (seen.sensor, seen.target_name) == (25, "as the YAML says")
    assert seen.exposure_time == header["EXPTIME"]
    assert seen.tracking_dec is not None
    assert "translator DECam" in {finding.source for finding in seen.findings}


@pytest.mark.parametrize("name", ["os.system", "antigravity", "DeCam"])
def test_a_translator_that_is_not_known_is_refused_and_not_imported(write_fits: WriteFits, name: str) -> None:
    definition = CameraDefinition.from_json(
        {**DEFINITION, "headers": {**DEFINITION["headers"], "translator": name}}
    )
    with pytest.raises(ConfigError, match=f"there is no translator '{name}'"):
        observe(definition, write_fits({"INSTRUME": "DECam"}))


def test_a_header_that_a_translator_makes_nothing_of_is_a_refusal(write_fits: WriteFits) -> None:
    file = write_fits({"INSTRUME": "DECam", "DATE-OBS": "never"})
    with pytest.raises(ConfigError, match="visit: translator DECam says nothing of it"):
        observe(CameraDefinition.from_json(DEFINITION), file)

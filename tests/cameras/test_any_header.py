"""Whatever a header or a YAML says, there is a value or a refusal, and nothing else."""

from __future__ import annotations

import copy
import io
import json
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import given, settings
from hypothesis import strategies as st

from butler.cameras.definition import CameraDefinition
from butler.cameras.examination import examine
from butler.cameras.headers import FileHeaders
from butler.cameras.observation import check
from butler.errors import ButlerError
from butler.testing.strategies import json_values

from .conftest import MADE_UP, PRIMARY, WCS

HEADER_TEXT = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=60)
NUMBERS = st.one_of(
    st.integers(-(10**18), 10**18),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([0, -1, 90.0001, -90, 360, 400, 1e-320, 1e308, 2**63]),
)
DIGITS = st.from_regex(r"[+-]?[0-9]{1,4}[-:. T][0-9]{1,2}[-:. T][0-9]{1,2}(T[0-9:.]{1,12})?", fullmatch=True)
VALUES = st.one_of(HEADER_TEXT, NUMBERS, st.booleans(), DIGITS, st.sampled_from(["nan", "inf", "T", None]))
ODD = {
    **MADE_UP,
    "extra": {
        "mood": {"type": "text"},
        "count": {"type": "integer"},
        "warmth": {"type": "float"},
        "open": {"type": "boolean"},
    },
}
RULES: list[dict[str, Any]] = [
    {},
    {"visit": {"keyword": "SHOT", "number": "base36"}, "visit_name": {"keyword": "SHOT"}},
    {"visit": {"number": "datetime"}, "obs_end": {"keyword": "BEGIN", "format": "mjd", "time_scale": "tdb"}},
    {
        "obs_begin": {"keyword": "BEGIN", "format": "unix"},
        "obs_end": {"join": ["SHOT", "BEGIN"], "separator": "T"},
        "airmass": {"keyword": "LASTED", "scale": 2},
        "zenith_angle": {"keyword": "LASTED", "unit": "rad"},
        "azimuth": {"keyword": "POINTRA", "unit": "arcsec"},
        "seq_num": {"keyword": "SHOT", "regex": "([0-9]+)"},
        "count": {"keyword": "SHOT"},
        "warmth": {"keyword": "LASTED"},
        "open": {"keyword": "MOOD"},
    },
]
CAMERAS = [
    CameraDefinition.from_json(
        {**ODD, "headers": {**MADE_UP["headers"], "fields": {**MADE_UP["headers"]["fields"], **rules}}}
    )
    for rules in RULES
]


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(CAMERAS),
    st.dictionaries(st.sampled_from([key for key in PRIMARY if key != "INSTRUME"]), VALUES),
    st.dictionaries(st.sampled_from([*WCS, "NAXIS1", "RADESYS", "EQUINOX", "PV1_1", "A_ORDER"]), VALUES),
)
def test_any_header_gives_values_that_hold_or_typed_errors(
    camera: CameraDefinition, primary: dict[str, Any], image: dict[str, Any]
) -> None:
    hdus = (
        fits.Header({**PRIMARY, **primary}),
        fits.Header({"NAXIS": 2, "NAXIS1": 10, "NAXIS2": 20, **WCS, **image}),
    )
    examination = examine(camera, FileHeaders(Path("shot.fits"), hdus))
    values = examination.values
    assert all(isinstance(error, ButlerError) for error in examination.errors)
    assert all("shot.fits: " in error.message for error in examination.errors)
    if not examination.errors:
        assert {"visit", "visit_name", "sensor", "obs_begin_tai", "obs_end_tai", "night"} <= values.keys()
        assert 0 <= values["visit"] < 2**63
        assert values["obs_end_tai"] >= values["obs_begin_tai"]
    if "tracking_ra" in values:
        assert 0 <= values["tracking_ra"] < 360
    if "region" in values:
        assert all(0 <= ra < 360 and -90 <= dec <= 90 for ra, dec in values["region"])
    numbers = [value for value in values.values() if isinstance(value, float)]
    assert all(math.isfinite(number) for number in numbers)
    assert r"\u0000" not in json.dumps(values, default=str)


def whole_file() -> bytes:
    """Write the made-up camera's file to memory."""
    hdus = fits.HDUList([fits.PrimaryHDU(), fits.ImageHDU(np.zeros((20, 10), np.int16), fits.Header(WCS))])
    hdus[0].header.update(PRIMARY)
    stream = io.BytesIO()
    hdus.writeto(stream)
    return stream.getvalue()


WHOLE_FILE = whole_file()
CARDS = [hit.start() for hit in re.finditer(rb"[A-Z0-9_-]+ *= ", WHOLE_FILE)]


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(CARDS), st.integers(0, 79), st.binary(min_size=1, max_size=12))),
    st.integers(0, len(WHOLE_FILE)),
)
def test_any_damage_to_a_file_gives_a_report(
    tmp_path_factory: pytest.TempPathFactory, damages: list[tuple[int, int, bytes]], cut: int
) -> None:
    content = bytearray(WHOLE_FILE)
    for card, column, damage in damages:
        content[card + column : card + column + len(damage)] = damage
    file = tmp_path_factory.getbasetemp() / "damaged.fits"
    file.write_bytes(content if damages else content[:cut])
    [report] = check(CAMERAS[0], [file])
    assert report.ok or str(file) in report.problem


def places(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """List the ways to every value in a document."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(way for key, item in inner for way in places(item, (*path, key)))]


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(places(MADE_UP)[1:]), json_values(finite=False))
def test_any_value_in_a_definition_is_taken_or_refused(way: tuple[str | int, ...], value: Any) -> None:
    definition: Any = copy.deepcopy(MADE_UP)
    place = definition
    for key in way[:-1]:
        place = place[key]
    place[way[-1]] = value
    try:
        taken = CameraDefinition.from_json(definition)
    except ButlerError as error:
        assert error.message.startswith("definition of the camera: ")  # noqa: PT017
    else:
        text = json.dumps(taken.to_json(), ensure_ascii=False, allow_nan=False).encode()
        assert b"\\u0000" not in text
        assert CameraDefinition.from_json(json.loads(text)) == taken

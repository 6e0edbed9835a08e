"""A drafted YAML reads back and observes the files that it was drafted from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from butler.cameras import CameraDefinition, draft, observe
from butler.errors import ConfigError

from .conftest import PRIMARY, WCS, in_data, in_wheel

WriteFits = Callable[..., Path]
WriteYaml = Callable[[Any], Path]


def test_a_hubble_file_drafts_its_camera(shipped: dict[str, CameraDefinition], write_yaml: WriteYaml) -> None:
    file = in_wheel("spherical_geometry", "tests/data/j8bt06nyq_flt.fits")
    drafted = observe(CameraDefinition.read(write_yaml(draft([file]))), file)
    by_hand = observe(shipped["ACS"], file)
    for name in ("visit", "visit_name", "sensor", "obs_begin_tai", "exposure_time", "tracking_ra", "region"):
        assert getattr(drafted, name) == getattr(by_hand, name)


def test_a_file_with_a_bare_date_drafts_its_camera(
    shipped: dict[str, CameraDefinition], write_yaml: WriteYaml
) -> None:
    file = in_wheel("ccdproc", "tests/data/a8280271.fits")
    drafted = observe(CameraDefinition.read(write_yaml(draft([file]))), file)
    by_hand = observe(shipped["STE3"], file)
    for name in ("visit", "obs_begin_tai", "obs_end_tai", "night", "tracking_ra", "tracking_dec", "airmass"):
        assert getattr(drafted, name) == getattr(by_hand, name)


def test_survey_files_draft_sensors_filters_and_what_tells_image_from_mask(
    shipped: dict[str, CameraDefinition], write_yaml: WriteYaml
) -> None:
    files = sorted(in_data("decam-images-a/testcase3/images/decam").rglob("*.fits"))
    definition = CameraDefinition.read(write_yaml(draft(files)))
    assert [sensor.sensor for sensor in definition.sensors] == [41, 42, 43]
    for file in files:
        drafted, by_hand = observe(definition, file), observe(shipped["DECam"], file)
        assert drafted.visit_row().keys() >= {"visit", "physical_filter", "azimuth", "science_program"}
        assert (drafted.visit, drafted.sensor, drafted.region) == (
            by_hand.visit,
            by_hand.sensor,
            by_hand.region,
        )
        assert drafted.tracking_ra == by_hand.tracking_ra
        assert (
            drafted.dataset_type
            == f"oo{ {'image': 'i', 'mask': 'd', 'weight': 'w'}[by_hand.dataset_type or ''] }"
        )


def test_each_guess_says_so(write_fits: WriteFits) -> None:
    text = draft([write_fits({"INSTRUME": "PEEP", "DATE-OBS": "2020-01-01T00:00:00", "EXPTIME": 1.0})])
    assert "obs_begin: {keyword: DATE-OBS}  # guess: 2020-01-01T00:00:00" in text
    assert "# airmass: not found" in text


def test_what_could_not_be_guessed_stands_on_top(write_fits: WriteFits, write_yaml: WriteYaml) -> None:
    file = write_fits(PRIMARY)
    text = draft([file])
    assert text.startswith(f"# Not yet: {file}: obs_begin: DATE-OBS has no value in its header")
    assert CameraDefinition.read(write_yaml(text)).name == "PEEP"


def test_a_hostile_header_drafts_yaml_all_the_same(write_fits: WriteFits, write_yaml: WriteYaml) -> None:
    hostile = {
        "INSTRUME": "../../&x *y !!python/object",
        "FILTER": "a/b: {c} # d",
        "DETECTOR": "- [",
        "OBJECT": "'\"%{}",
        "DATE-OBS": "2020-01-01T00:00:00",
        "EXPTIME": 1.0,
    }
    file = write_fits(hostile, WCS)
    definition = CameraDefinition.read(write_yaml(draft([file])))
    seen = observe(definition, file)
    assert "/" not in definition.name
    assert (seen.physical_filter, seen.target_name) == ("a-b: {c} # d", "'\"%{}")


def test_files_of_several_cameras_or_of_none_are_refused(write_fits: WriteFits) -> None:
    files = [write_fits(name="a.fits"), write_fits({**PRIMARY, "INSTRUME": "OTHER"}, name="b.fits")]
    with pytest.raises(ConfigError, match="several cameras: INSTRUME is OTHER, PEEP"):
        draft(files)
    with pytest.raises(ConfigError, match="no header has one of"):
        draft([write_fits({})])
    with pytest.raises(ConfigError, match="no file"):
        draft([])


def test_a_draft_is_plain_yaml(write_fits: WriteFits) -> None:
    assert set(yaml.safe_load(draft([write_fits()]))) == {
        *("camera", "doc", "night_offset_hours", "sensors", "headers")
    }

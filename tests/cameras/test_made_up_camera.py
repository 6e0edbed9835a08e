"""A camera that nobody has, from its YAML to its rows, and what its headers may not say."""

from __future__ import annotations

import copy
import gzip
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from butler.cameras import CameraDefinition, check, match, observe
from butler.errors import ButlerError, ConfigError, InvalidNameError, InvalidRegionError

from .conftest import MADE_UP, PRIMARY, WCS

WriteFits = Callable[..., Path]


def with_fields(**rules: Any) -> CameraDefinition:
    """Make the made-up camera with some rules replaced."""
    definition = copy.deepcopy(MADE_UP)
    definition["headers"]["fields"].update(rules)
    return CameraDefinition.from_json(definition)


def test_it_is_observed_without_a_line_of_code(made_up: CameraDefinition, write_fits: WriteFits) -> None:
    seen = observe(made_up, write_fits())
    assert (seen.camera, seen.visit, seen.visit_name, seen.sensor) == ("Peepshow", 12, "12", 7)
    assert (seen.physical_filter, seen.exposure_time) == ("pink-1", 120.0)
    assert seen.obs_begin_tai == datetime(2020, 1, 1, 23, 0, 37)
    assert seen.obs_end_tai == datetime(2020, 1, 1, 23, 2, 37)
    assert seen.night == date(2020, 1, 1)
    assert (seen.tracking_ra, seen.tracking_dec) == (180.0, -30.5)
    assert seen.extra == {"mood": "fine"}


def test_two_cameras_with_the_same_visit_number_do_not_meet(
    made_up: CameraDefinition, write_fits: WriteFits
) -> None:
    other = copy.deepcopy(MADE_UP)
    other["camera"], other["headers"]["match"] = "Sideshow", {"INSTRUME": "SIDE"}
    sideshow = CameraDefinition.from_json(other)
    files = [write_fits(name="a.fits"), write_fits({**PRIMARY, "INSTRUME": "SIDE"}, name="b.fits")]
    seen = [observe(match([made_up, sideshow], file), file) for file in files]
    assert [(one.camera, one.visit) for one in seen] == [("Peepshow", 12), ("Sideshow", 12)]
    with pytest.raises(ConfigError, match="isn't of Sideshow: INSTRUME is 'PEEP'"):
        observe(sideshow, files[0])


def test_a_file_of_none_or_of_several_cameras_is_refused_with_the_candidates(
    made_up: CameraDefinition, write_fits: WriteFits
) -> None:
    twin = CameraDefinition.from_json({**copy.deepcopy(MADE_UP), "camera": "Twin"})
    with pytest.raises(ConfigError, match="several cameras: Peepshow, Twin"):
        match([made_up, twin], write_fits())
    with pytest.raises(ConfigError, match="no camera that is known: Peepshow"):
        match([made_up], write_fits({"INSTRUME": "?"}))


def test_a_file_that_says_nothing_of_its_camera_is_told_what_was_looked_for(
    made_up: CameraDefinition, tmp_path: Path
) -> None:
    fits.PrimaryHDU().writeto(tmp_path / "bare.fits")
    with pytest.raises(ConfigError, match="It says nothing of INSTRUME"):
        match([made_up], tmp_path / "bare.fits")


def test_the_region_is_the_outer_edge_of_the_pixels(made_up: CameraDefinition, write_fits: WriteFits) -> None:
    region = observe(made_up, write_fits()).region
    assert region is not None
    ra, dec = zip(*region, strict=True)
    # 10 × 20 pixels of 0.1° around (180, -30.5), whose centre is the reference pixel.
    assert (max(dec), min(dec)) == (pytest.approx(-29.5, abs=0.01), pytest.approx(-31.5, abs=0.01))
    assert max(ra) - min(ra) == pytest.approx(1 / np.cos(np.radians(31.5)), rel=0.01)
    assert sum(ra) / 4 == pytest.approx(180, abs=1e-6)


def test_a_region_over_the_first_meridian_has_right_ascensions_from_0_to_360(
    made_up: CameraDefinition, write_fits: WriteFits
) -> None:
    region = observe(made_up, write_fits(image={**WCS, "CRVAL1": 0.0})).region
    assert region is not None
    assert sorted(ra > 180 for ra, _ in region) == [False, False, True, True]
    assert all(0 <= ra < 360 for ra, _ in region)


def test_a_region_in_another_frame_becomes_icrs(made_up: CameraDefinition, write_fits: WriteFits) -> None:
    galactic = {**WCS, "CTYPE1": "GLON-TAN", "CTYPE2": "GLAT-TAN", "CRVAL1": 0.0, "CRVAL2": 0.0}
    region = observe(made_up, write_fits(image=galactic)).region
    assert region is not None
    assert sum(ra for ra, _ in region) / 4 == pytest.approx(266.405, abs=0.05)
    assert sum(dec for _, dec in region) / 4 == pytest.approx(-28.936, abs=0.05)


def test_a_frame_in_the_primary_header_counts_for_the_image(
    made_up: CameraDefinition, write_fits: WriteFits
) -> None:
    old = observe(made_up, write_fits({**PRIMARY, "RADESYS": "FK4", "EQUINOX": 1950.0})).region
    new = observe(made_up, write_fits()).region
    assert old is not None
    assert new is not None
    assert old[0][0] - new[0][0] == pytest.approx(0.64, abs=0.05)


@pytest.mark.parametrize(
    ("image", "reason"),
    [
        ({"CRVAL2": 95.0}, "CRVAL2 = 95.0"),
        ({"CRVAL1": 400.0}, "CRVAL1 = 400.0"),
        ({"CD1_1": 0.0, "CD2_2": 0.0}, "no scale"),
        ({"CD1_1": -8.0, "CD2_2": 8.0}, "radius of 35°"),
        ({"CTYPE2": "DEC--SIN"}, "WCS"),
        ({"CTYPE1": "RA---XYZ", "CTYPE2": "DEC--XYZ"}, "WCS"),
        ({"CRVAL1": "NaN"}, "CRVAL1 = 'NaN'"),
    ],
)
def test_a_wild_wcs_gives_no_region_and_says_why(
    made_up: CameraDefinition, write_fits: WriteFits, image: dict[str, Any], reason: str
) -> None:
    file = write_fits(image={**WCS, **image})
    assert observe(made_up, file).region is None
    [finding] = [one for one in check(made_up, [file])[0].findings if one.field == "region"]
    assert finding.status == "wrong"
    assert reason in finding.reason


@pytest.mark.parametrize(
    ("primary", "error", "reason"),
    [
        (
            {"POINTDEC": 95.0},
            InvalidRegionError,
            "tracking_dec: POINTDEC of the primary header: declination 95°",
        ),
        (
            {"POINTDEC": "NaN"},
            InvalidRegionError,
            "POINTDEC of the primary header: NaN isn't a finite number",
        ),
        ({"POINTRA": 400 / 15}, InvalidRegionError, "tracking_ra: POINTRA of the primary header"),
        ({"POINTRA": "12:61:00"}, InvalidRegionError, "60 minutes or seconds"),
        ({"LASTED": -1.0}, ConfigError, "exposure_time: LASTED of the primary header: -60 s"),
        ({"LASTED": True}, ConfigError, "'T' isn't a number"),
        ({"LASTED": "inf"}, ConfigError, "inf isn't a finite number"),
        ({"LASTED": "1_0"}, ConfigError, "'1_0' isn't a number"),
        ({"LASTED": ""}, ConfigError, "exposure_time: LASTED has no value"),
        ({"SHOT": 1.5}, ConfigError, "visit: SHOT of the primary header: '1.5' isn't a whole number"),
        ({"SHOT": -1}, ConfigError, "-1 isn't from 0 to 9223372036854775807"),
        ({"SHOT": str(2**63)}, ConfigError, "isn't from 0"),
        ({"EYE": "third"}, ConfigError, "'third' is no sensor of camera Peepshow"),
        ({"GLASS": "Q"}, ConfigError, "'Q' is no filter of camera Peepshow"),
        ({"BEGIN": "2020-01-01"}, ConfigError, "isn't a date and a time of day"),
        ({"BEGIN": "2020-13-01T00:00:00"}, ConfigError, "isn't a time"),
        ({"BEGIN": "0001-01-01T00:00:00"}, ConfigError, "is in the year 1"),
    ],
)
def test_a_header_that_cannot_be_right_is_refused_by_file_keyword_and_value(
    made_up: CameraDefinition,
    write_fits: WriteFits,
    primary: dict[str, Any],
    error: type[ButlerError],
    reason: str,
) -> None:
    file = write_fits({**PRIMARY, **primary})
    with pytest.raises(error) as refusal:
        observe(made_up, file)
    assert str(file) in str(refusal.value)
    assert reason in str(refusal.value)
    [report] = check(made_up, [file])
    assert not report.ok
    assert reason in report.problem


def test_long_repeated_and_blank_cards_are_read_as_fits_says(
    made_up: CameraDefinition, write_fits: WriteFits
) -> None:
    from astropy.io import fits

    file = write_fits({**PRIMARY, "TARGET": "the long name of a galaxy " * 8})
    with fits.open(file, mode="update") as opened:
        header = opened[0].header
        header.append(("SHOT", 99), bottom=True)
        header["HIERARCH how the observer felt"] = "tired"
        header["MOOD"] = None
        header.add_blank("nothing")
    definition = with_fields(mood={"keyword": ["MOOD", "HOW THE OBSERVER FELT"]})
    seen = observe(definition, file)
    assert seen.target_name == ("the long name of a galaxy " * 8).strip()
    assert (seen.visit, seen.extra) == (12, {"mood": "tired"})
    visit = next(finding for finding in seen.findings if finding.field == "visit")
    assert visit.reason == "occurs 2 times, the first counts"


def test_a_card_that_cannot_be_parsed_is_named(made_up: CameraDefinition, write_fits: WriteFits) -> None:
    file = write_fits()
    damaged = file.read_bytes().replace(b"LASTED  =                  2.0", b"LASTED  =           nan'(2.0))")
    file.write_bytes(damaged)
    with pytest.raises(ConfigError, match="exposure_time: LASTED of the primary header can't be understood"):
        observe(made_up, file)


@pytest.mark.parametrize(
    ("rule", "primary", "begin"),
    [
        ({"keyword": "T", "format": "mjd"}, {"T": 58849.5}, datetime(2020, 1, 1, 12, 0, 37)),
        ({"keyword": "T", "format": "jd"}, {"T": 2458850.0}, datetime(2020, 1, 1, 12, 0, 37)),
        ({"keyword": "T", "format": "unix"}, {"T": 1577880000}, datetime(2020, 1, 1, 12, 0, 37)),
        ({"keyword": "T", "time_scale": "tai"}, {"T": "2020-01-01T12:00:00"}, datetime(2020, 1, 1, 12)),
        (
            {"keyword": "T", "time_scale": "tt"},
            {"T": "2020-01-01 12:00:32.184"},
            datetime(2020, 1, 1, 12),
        ),
        (
            {"join": ["D", "T"], "separator": "T"},
            {"D": "2016-12-31", "T": "23:59:60.5"},
            datetime(2017, 1, 1, 0, 0, 36, 500000),
        ),
    ],
)
def test_times_of_many_formats_and_scales_become_tai(
    write_fits: WriteFits, rule: dict[str, Any], primary: dict[str, Any], begin: datetime
) -> None:
    assert observe(with_fields(obs_begin=rule), write_fits({**PRIMARY, **primary})).obs_begin_tai == begin


@pytest.mark.parametrize(
    ("rule", "primary", "visit"),
    [
        ({"keyword": "ID", "number": "base36"}, {"ID": "Z"}, 35),
        ({"keyword": "ID", "number": "base36"}, {"ID": "zzzzzzzzzzzz"}, 36**12 - 1),
        ({"keyword": "ID", "regex": r"_(\d+)_(\d+)$"}, {"ID": "X_2020_007"}, 2020007),
        ({"file_name": r"^shot(\d{4})"}, {}, 31),
        ({"join": ["DAY", "SEQ"]}, {"DAY": 20200101, "SEQ": "0031"}, 202001010031),
        ({"number": "datetime"}, {}, 2020010123000000),
        ({"keyword": "SHOT", "table": {"12": 4711}}, {}, 4711),
        ({"keyword": ["GONE", "SHOT"], "missing": "N/A"}, {"GONE": "N/A"}, 12),
        ({"keyword": "SHOT", "hdu": "EYE"}, {}, 13),
        ({"keyword": "SHOT", "hdu": 1}, {}, 13),
        ({"keyword": "SHOT", "hdu": "primary"}, {}, 12),
    ],
)
def test_a_visit_gets_its_number_in_many_ways(
    write_fits: WriteFits, rule: dict[str, Any], primary: dict[str, Any], visit: int
) -> None:
    image = {**WCS, "SHOT": 13} if "hdu" in rule else WCS
    file = write_fits({**PRIMARY, **primary}, image, name="shot0031.fits")
    assert observe(with_fields(visit=rule), file).visit == visit


@pytest.mark.parametrize("rootname", ["0abc", "abcdefghijklm", "a_b", "ä"])
def test_a_rootname_that_could_share_its_number_is_refused(write_fits: WriteFits, rootname: str) -> None:
    definition = with_fields(visit={"constant": rootname, "number": "base36"})
    with pytest.raises(ConfigError, match="letters and digits"):
        observe(definition, write_fits())


def test_a_visit_name_out_of_a_wild_file_name_is_refused(write_fits: WriteFits) -> None:
    definition = with_fields(visit_name={"file_name": r"^([\s\S]*)\.fits"})
    for name in ("a\nb.fits", " a.fits", "..fits"):
        with pytest.raises(InvalidNameError, match="visit_name: the file's name"):
            observe(definition, write_fits(name=name))
    for name in ("🔭.fits", "x" * 250 + ".fits"):
        assert observe(definition, write_fits(name=name)).visit_name == name.removesuffix(".fits")


def test_an_end_before_the_begin_is_refused(write_fits: WriteFits) -> None:
    definition = with_fields(obs_end={"keyword": "END-TIME"})
    with pytest.raises(ConfigError, match="is before the begin"):
        observe(definition, write_fits({**PRIMARY, "END-TIME": "2019-01-01T00:00:00"}))


def test_a_file_in_one_piece_and_a_compressed_one_are_the_same(
    made_up: CameraDefinition, write_fits: WriteFits, tmp_path: Path
) -> None:
    plain = write_fits({**PRIMARY, **WCS}, None)
    zipped = tmp_path / "shot.fits.gz"
    zipped.write_bytes(gzip.compress(plain.read_bytes()))
    assert observe(made_up, plain) == observe(made_up, zipped)
    assert observe(made_up, plain).region is None


def test_a_tile_compressed_image_has_its_own_size(made_up: CameraDefinition, tmp_path: Path) -> None:
    from astropy.io import fits

    primary = fits.PrimaryHDU()
    primary.header.update(PRIMARY)
    image = fits.CompImageHDU(np.zeros((20, 10), np.int16), fits.Header(WCS))
    fits.HDUList([primary, image]).writeto(tmp_path / "shot.fits.fz")
    region = observe(made_up, tmp_path / "shot.fits.fz").region
    assert region is not None
    assert min(dec for _, dec in region) == pytest.approx(-31.5, abs=0.01)


# Files of several sensors --------------------------------------------------------------


@pytest.fixture
def both_eyes(tmp_path: Path) -> Path:
    primary = fits.PrimaryHDU()
    primary.header.update({key: value for key, value in PRIMARY.items() if key != "EYE"})
    hdus = [primary]
    for version, eye in enumerate(("left", "right"), 1):
        for name in ("SCI", "ERR"):
            hdu = fits.ImageHDU(np.zeros((20, 10), "i2"), name=name, ver=version)
            hdu.header.update({**WCS, "EYE": eye})
            hdus.append(hdu)
    fits.HDUList(hdus).writeto(tmp_path / "both.fits")
    return tmp_path / "both.fits"


def test_a_file_of_several_sensors_is_not_filed_as_the_first_one_s(
    made_up: CameraDefinition, both_eyes: Path
) -> None:
    with pytest.raises(ConfigError, match=r"images of several: 7 in HDU 1, 8 in HDU 3") as refused:
        observe(made_up, both_eyes)
    assert "(path, data ID, 'EXTNAME,EXTVER')" in (refused.value.hint or "")


@pytest.fixture
def write_eyes(tmp_path: Path) -> Callable[..., Path]:
    """Write a file of images: what each says under EYE, the primary header first; `None` for nothing."""

    def write(primary: Any, *images: Any) -> Path:
        hdus = [fits.PrimaryHDU(), *(fits.ImageHDU(np.zeros((20, 10), "i2")) for _ in images)]
        hdus[0].header.update({key: value for key, value in PRIMARY.items() if key != "EYE"})
        for hdu, eye in zip(hdus, (primary, *images), strict=True):
            if eye is not None:
                hdu.header["EYE"] = eye
        fits.HDUList(hdus).writeto(tmp_path / "eyes.fits")
        return tmp_path / "eyes.fits"

    return write


@pytest.mark.parametrize("silent", [None, fits.card.UNDEFINED, "N/A"], ids=["absent", "blank", "missing"])
def test_an_image_that_names_no_sensor_is_not_of_the_primary_header_s(
    write_eyes: Callable[..., Path], silent: Any
) -> None:
    camera = with_fields(sensor={"keyword": "EYE", "missing": ["N/A"]})
    assert observe(camera, write_eyes("left", "right", silent, silent)).sensor == 8


def test_an_image_that_names_the_primary_header_s_sensor_is_of_that(
    made_up: CameraDefinition, write_eyes: Callable[..., Path]
) -> None:
    with pytest.raises(ConfigError, match=r"images of several: 8 in HDU 1, 7 in HDU 3"):
        observe(made_up, write_eyes("left", "right", None, "left"))


def test_a_sensor_named_by_both_headers_together_is_each_image_s_own(
    write_eyes: Callable[..., Path],
) -> None:
    camera = with_fields(sensor={"join": ["INSTRUME", "EYE"], "regex": "PEEP(.*)"})
    with pytest.raises(ConfigError, match=r"images of several: 8 in HDU 1, 7 in HDU 3"):
        observe(camera, write_eyes(None, "right", None, "left"))


def test_a_sensor_that_the_rule_takes_from_one_header_is_the_file_s(write_eyes: Callable[..., Path]) -> None:
    camera = with_fields(sensor={"keyword": "EYE", "hdu": "primary"})
    assert observe(camera, write_eyes("left", "right", "left")).sensor == 7


def test_one_whose_image_is_named_is_that_sensor_s(both_eyes: Path) -> None:
    named = copy.deepcopy(MADE_UP)
    named["headers"]["image_hdu"] = 3
    assert observe(CameraDefinition.from_json(named), both_eyes).sensor == 8

"""What real raw files of real cameras are, by the YAML files that travel with Butler."""

from __future__ import annotations

import json
import math
from datetime import date, datetime, timedelta

import pytest

from butler.cameras import CameraDefinition, check, match, observe

from .conftest import in_data, in_wheel

Shipped = dict[str, CameraDefinition]

HUBBLE = ("spherical_geometry", "tests/data/j8bt06nyq_flt.fits")
SUTHERLAND = ("ccdproc", "tests/data/a8280271.fits")
BLANCO = "decam-images-a/testcase3/images/decam/CP/V4.8.2a"


def arcsec(a: tuple[float, float], b: tuple[float, float]) -> float:
    """Measure a small distance on the sky."""
    across = (a[0] - b[0]) * math.cos(math.radians((a[1] + b[1]) / 2))
    return 3600 * math.hypot(across, a[1] - b[1])


def test_a_hubble_exposure_has_a_number_out_of_its_rootname_and_a_region(shipped: Shipped) -> None:
    file = in_wheel(*HUBBLE)
    seen = observe(shipped["ACS"], file)
    assert (seen.visit, seen.visit_name) == (int("j8bt06nyq", 36), "j8bt06nyq")
    assert (seen.sensor, seen.physical_filter, seen.dataset_type) == (1, "F606W", "flt")
    assert seen.obs_begin_tai == datetime(2002, 4, 13, 20, 40, 54, 643616)
    assert seen.obs_end_tai == datetime(2002, 4, 13, 20, 41, 55, 915040)
    assert (seen.exposure_time, seen.night) == (60.0, date(2002, 4, 13))
    assert seen.extra["sun_angle"] == 82.090965
    assert seen.region is not None
    a, b, c, d = seen.region
    assert arcsec(a, b) == pytest.approx(29.1, abs=0.2)
    assert arcsec(b, c) == pytest.approx(25.4, abs=0.6)
    assert arcsec(((a[0] + c[0]) / 2, (a[1] + c[1]) / 2), (6.02715, -72.08351)) < 0.1
    # The chip is a parallelogram on the sky.
    assert arcsec(a, b) == pytest.approx(arcsec(c, d), rel=1e-3)


def test_a_bare_date_and_a_time_make_a_begin_where_there_is_no_wcs(shipped: Shipped) -> None:
    seen = observe(shipped["STE3"], in_wheel(*SUTHERLAND))
    assert seen.obs_begin_tai == datetime(2013, 7, 13, 0, 57, 33) + timedelta(seconds=35)
    assert seen.obs_end_tai - seen.obs_begin_tai == timedelta(seconds=150.04)
    assert seen.night == date(2013, 7, 12)
    assert (seen.tracking_ra, seen.tracking_dec, seen.region) == (331.0334, -0.9253, None)
    assert (seen.visit, seen.visit_name) == (2013071300573300, "a8280271")
    assert (seen.physical_filter, seen.airmass) == ("A4B8", 1.176)
    region = next(finding for finding in seen.findings if finding.field == "region")
    assert (region.status, region.reason) == ("missing", "the image's header has no celestial WCS")


def test_a_sensor_stands_in_the_extension_and_the_visit_in_the_primary_header(shipped: Shipped) -> None:
    seen = observe(shipped["DECam"], in_data(f"{BLANCO}/CP20150328/c4d_150329_083320_ooi_r_ls9.N11.fits"))
    assert (seen.visit, seen.sensor) == (425858, 42)
    assert seen.physical_filter == "r DECam SDSS c0002 6415.0 1480.0"
    assert seen.obs_begin_tai == datetime(2015, 3, 29, 8, 31, 18, 909663) + timedelta(seconds=35)
    assert seen.night == date(2015, 3, 28)
    assert seen.tracking_ra == pytest.approx(244.6614, abs=1e-3)
    assert seen.region is not None
    # 41 × 51 pixels of 0.26″.
    assert arcsec(seen.region[0], seen.region[1]) == pytest.approx(51 * 0.263, abs=3)


def test_image_mask_and_weight_of_an_exposure_are_one_visit(shipped: Shipped) -> None:
    files = [
        in_data(f"{BLANCO}/CP20150328/c4d_150329_083320_{word}_r_ls9.N11.fits")
        for word in ("ooi", "ood", "oow")
    ]
    seen = [observe(shipped["DECam"], file) for file in files]
    assert [one.dataset_type for one in seen] == ["image", "mask", "weight"]
    assert seen[0].visit_row() == seen[1].visit_row() == seen[2].visit_row()
    assert seen[0].observed_sensor_row() == seen[1].observed_sensor_row() == seen[2].observed_sensor_row()


def test_an_exposure_ends_before_the_next_one_begins_though_the_header_says_otherwise(
    shipped: Shipped,
) -> None:
    from astropy.io import fits

    folder = in_data(f"{BLANCO}/CP20150328")
    first, second = (folder / f"c4d_150329_{name}_ls9.N11.fits" for name in ("083320_ooi_r", "083505_ooi_g"))
    assert fits.getval(first, "DTUTC") > fits.getval(second, "DATE-OBS")
    seen = [observe(shipped["DECam"], file) for file in (first, second)]
    assert seen[0].visit + 1 == seen[1].visit
    assert seen[0].obs_end_tai < seen[1].obs_begin_tai


def test_every_real_file_of_the_survey_is_observed_whole(shipped: Shipped) -> None:
    files = sorted(in_data("decam-images-a").glob("*/images/decam/**/*.fits"))
    assert len(files) == 30
    seen = [observe(shipped["DECam"], file) for file in files]
    assert len({one.visit for one in seen}) == 10
    assert all(one.region is not None and len(one.region) == 4 for one in seen)


def test_a_raw_hubble_file_is_observed_from_its_two_headers(shipped: Shipped) -> None:
    seen = observe(shipped["ACS"], in_data("hst-raw-1/j8bt05njq_raw.fits"))
    assert (seen.visit_name, seen.physical_filter, seen.dataset_type) == ("j8bt05njq", "F555W", "raw")
    assert seen.tracking_ra == 6.034709017097


def test_a_rubin_auxiliary_exposure_is_of_the_evening_before(shipped: Shipped) -> None:
    seen = observe(shipped["LATISS"], in_data("latiss/raw/2018-09-20/3018092000065-det000.fits"))
    assert (seen.night, seen.seq_num) == (date(2018, 9, 20), 65)
    assert (seen.visit, seen.sensor) == (2018092000065, 0)
    assert seen.obs_begin_tai == datetime(2018, 9, 21, 6, 12, 18, 210000) + timedelta(seconds=37)
    assert seen.region is None


def test_a_file_is_matched_to_its_camera_by_its_header(shipped: Shipped) -> None:
    assert match(shipped.values(), in_wheel(*HUBBLE)).name == "ACS"
    assert match(shipped.values(), in_wheel(*SUTHERLAND)).name == "STE3"


def test_rows_are_ready_for_json_and_hold_what_is_known(shipped: Shipped) -> None:
    seen = observe(shipped["STE3"], in_wheel(*SUTHERLAND))
    row = json.loads(json.dumps(seen.visit_row()))
    assert row["obs_begin_tai"] == "2013-07-13T00:58:08"
    assert row["night"] == "2013-07-12"
    assert row["extra"] == {"cryostat_temperature": 180.2, "gain": 1.9, "read_noise": 5.0}
    assert "dark_time" not in row
    assert seen.observed_sensor_row() == {
        "camera": "STE3",
        "visit": 2013071300573300,
        "sensor": 1,
        "region": None,
    }


def test_a_check_says_where_each_value_came_from(shipped: Shipped) -> None:
    [report] = check(shipped["ACS"], [in_wheel(*HUBBLE)])
    findings = {finding.field: finding for finding in report.findings}
    assert report.ok
    assert (findings["tracking_ra"].status, findings["tracking_ra"].source) == ("found", "RA_APER of HDU SCI")
    assert findings["observation_type"].source == "IMAGETYP of the primary header = 'EXT', by the table"
    assert findings["airmass"].status == "missing"
    [report] = check(shipped["STE3"], [in_wheel(*SUTHERLAND)])
    findings = {finding.field: finding for finding in report.findings}
    assert (findings["obs_end"].status, findings["obs_end"].source) == (
        "guessed",
        "its begin and exposure time",
    )

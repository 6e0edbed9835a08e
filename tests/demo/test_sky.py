"""Positions, sky maps and stars of the tour, against astropy's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from astropy.nddata import CCDData
from astropy.table import Table
from astropy.wcs import WCS

from butler import Butler
from butler.demo.skymaps import skymap_around, skymap_of_bricks
from butler.demo.stars import brightest_stars
from butler.demo.tangent_plane import to_sky


def gnomonic(ra: float, dec: float) -> WCS:
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = "RA---TAN", "DEC--TAN"
    wcs.wcs.crval = ra, dec
    wcs.wcs.crpix = 1, 1
    wcs.wcs.cdelt = 1, 1
    return wcs


@pytest.mark.parametrize(
    ("ra", "dec"), [(6.03, -72.08), (0.0, 0.0), (359.999, 45.0), (120.0, 89.9), (10.0, -90.0)]
)
def test_offsets_in_the_tangent_plane_are_where_a_gnomonic_wcs_has_them(ra: float, dec: float) -> None:
    offsets = np.random.default_rng(1).uniform(-1.1, 1.1, (50, 2))
    ours = to_sky(offsets, ra, dec)
    theirs = gnomonic(ra, dec).wcs_pix2world(offsets, 0)
    around = (ours[:, 0] - theirs[:, 0] + 180) % 360 - 180
    assert np.abs(around * np.cos(np.radians(ours[:, 1]))).max() < 1e-9
    assert np.abs(ours[:, 1] - theirs[:, 1]).max() < 1e-9
    assert ((ours[:, 0] >= 0) & (ours[:, 0] < 360)).all()


def test_the_patches_of_a_drawn_sky_map_fill_their_tract(butler: Butler) -> None:
    butler.registry.definitions.register_skymap(
        skymap_around("field", 0.0, -72.0, patches=4, patch_size=0.01)
    )
    (area,) = butler.registry.query(
        "SELECT (SELECT sum(st_area(region, false)) FROM patch) / st_area(t.region, false) AS filled,"
        " (SELECT count(*) FROM patch) AS patches FROM tract AS t"
    )
    assert area.patches == 16
    assert area.filled == pytest.approx(1, abs=1e-6)


def test_bricks_become_tracts_once_however_many_tables_list_them(tmp_path: Path, butler: Butler) -> None:
    bricks = Table(
        {"brickid": [7, 8], "ra1": [10.0, 10.25], "ra2": [10.25, 10.5], "dec1": [5.0] * 2, "dec2": [5.25] * 2}
    )
    bricks.write(tmp_path / "one.fits")
    bricks[1:].write(tmp_path / "two.fits")
    skymap = skymap_of_bricks("bricks", [tmp_path / "one.fits", tmp_path / "two.fits"], patches=3)
    butler.registry.definitions.register_skymap(skymap)
    rows = butler.registry.query("SELECT tract, count(*) AS patches FROM patch GROUP BY tract ORDER BY tract")
    assert [tuple(row) for row in rows] == [(7, 9), (8, 9)]


def test_stars_are_found_where_they_are_brightest_first_and_none_twice() -> None:
    y, x = np.mgrid[:100, :120]
    places = [(30, 20, 500.0), (90, 70, 900.0), (60, 50, 700.0)]
    pixels = sum(flux * np.exp(-((x - a) ** 2 + (y - b) ** 2) / 8) for a, b, flux in places)
    stars = brightest_stars(CCDData(pixels, unit="adu", wcs=gnomonic(10, 20)), count=3)
    assert list(zip(stars["x"], stars["y"], strict=True)) == [(90, 70), (60, 50), (30, 20)]
    assert stars["peak"].unit == "adu"
    assert stars["ra"][0] == pytest.approx(gnomonic(10, 20).wcs_pix2world(90, 70, 0)[0])

"""The brightest stars of an image."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from astropy.nddata import CCDData
    from astropy.table import Table

__all__ = ["brightest_stars"]


def brightest_stars(image: CCDData, count: int = 40, apart: int = 20) -> Table:
    """Find the brightest pixels that aren't close to a brighter one.

    Parameters
    ----------
    image : `astropy.nddata.CCDData`
        With a WCS.
    count : `int`
        How many stars.
    apart : `int`
        How far from each other they are at least, in pixels.

    Returns
    -------
    stars : `astropy.table.Table`
        Columns ``ra`` and ``dec`` (ICRS, deg), ``x`` and ``y`` (0-based
        pixels) and ``peak`` (of the image's unit), brightest first.
    """
    import numpy as np
    from astropy.table import QTable, Table

    pixels: np.ndarray[Any, Any] = np.array(image.data, dtype=float)
    found: list[tuple[int, int, float]] = []
    while len(found) < count:
        y, x = np.unravel_index(np.argmax(pixels), pixels.shape)
        found.append((int(x), int(y), float(pixels[y, x])))
        pixels[max(y - apart, 0) : y + apart + 1, max(x - apart, 0) : x + apart + 1] = -np.inf
    x, y, peak = np.transpose(found)
    sky = image.wcs.pixel_to_world(x, y).icrs
    return Table(
        QTable({"ra": sky.ra.deg, "dec": sky.dec.deg, "x": x, "y": y, "peak": peak}),
        units={"ra": "deg", "dec": "deg", "x": "pix", "y": "pix", "peak": image.unit},
    )

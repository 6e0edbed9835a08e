"""Axes for maps of the sky: all of it, and a small field."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.figure import Figure

__all__ = ["add_outlines", "all_sky_axes", "all_sky_positions", "field_axes", "name_coordinates"]

_PIXELS = 1000


def all_sky_axes(figure: Figure, place: Any) -> Any:
    """Add a map of the whole sky in Mollweide's projection, right ascension to the left.

    Parameters
    ----------
    figure : `matplotlib.figure.Figure`
        To add it to.
    place : `matplotlib.gridspec.SubplotSpec`
        Where.

    Returns
    -------
    axes : `matplotlib.axes.Axes`
        Takes what `all_sky_positions` gives.
    """
    import numpy as np
    from astropy.coordinates import SkyCoord

    axes = figure.add_subplot(place, projection="mollweide")
    axes.grid(color="0.85", linewidth=0.6)
    axes.set_xticks(np.radians(np.arange(-120, 180, 60)), labels=["20h", "16h", "12h", "8h", "4h"])
    axes.set_yticks(np.radians([-60, -30, 0, 30, 60]))
    axes.tick_params(labelsize=8, colors="0.35")
    plane = SkyCoord(np.arange(0, 360.5, 0.5), 0, unit="deg", frame="galactic").icrs
    x, y = all_sky_positions(plane.ra.deg, plane.dec.deg)
    order = np.argsort(x)
    axes.plot(x[order], y[order], color="0.6", linewidth=1, linestyle=":", label="Galactic plane")
    return axes


def all_sky_positions(ra: Any, dec: Any) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Give coordinates for `all_sky_axes` of positions in degrees; RA 12h is in the middle."""
    import numpy as np

    return np.radians(180 - np.asarray(ra, dtype=float) % 360), np.radians(np.asarray(dec, dtype=float))


def field_axes(figure: Figure, place: Any, ra: float, dec: float, size: float) -> Any:
    """Add a map of a small field, north up and east to the left.

    Parameters
    ----------
    figure : `matplotlib.figure.Figure`
        To add it to.
    place : `matplotlib.gridspec.SubplotSpec`
        Where.
    ra, dec : `float`
        Its centre, ICRS, degrees.
    size : `float`
        Its side, degrees.

    Returns
    -------
    axes : `astropy.visualization.wcsaxes.WCSAxes`
        Its ``wcs`` is a gnomonic projection.
    """
    from astropy.wcs import WCS

    wcs = WCS(naxis=2)
    wcs.wcs.ctype = "RA---TAN", "DEC--TAN"
    wcs.wcs.crval = ra, dec
    wcs.wcs.crpix = _PIXELS / 2, _PIXELS / 2
    wcs.wcs.cdelt = -size / _PIXELS, size / _PIXELS
    axes = figure.add_subplot(place, projection=wcs)
    axes.set_xlim(0, _PIXELS)
    axes.set_ylim(0, _PIXELS)
    axes.set_aspect("equal")
    name_coordinates(axes)
    return axes


def name_coordinates(axes: Any) -> None:
    """Label the axes of a map with right ascension and declination."""
    for number, name in enumerate(("Right ascension (ICRS)", "Declination (ICRS)")):
        axes.coords[number].set_axislabel(name, fontsize=9)
        axes.coords[number].set_ticklabel(size=8, exclude_overlapping=True)


def add_outlines(axes: Any, outlines: Sequence[Any], **style: Any) -> None:
    """Draw polygons on the sky into a field.

    Parameters
    ----------
    axes : `astropy.visualization.wcsaxes.WCSAxes`
        As `field_axes` gives them.
    outlines : sequence
        Lists of vertices (ra, dec), ICRS, degrees.
    **style
        Of a `matplotlib.collections.PolyCollection`.
    """
    import numpy as np
    from matplotlib.collections import PolyCollection

    polygons = [axes.wcs.wcs_world2pix(np.asarray(outline, dtype=float), 0) for outline in outlines]
    axes.add_collection(PolyCollection(polygons, **style), autolim=False)
